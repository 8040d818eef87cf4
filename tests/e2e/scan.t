#!/bin/sh
# SPDX-License-Identifier: MIT
# Logins that nobody registered, at servers of every kind: relayctl register --scan finds them.

. "$(dirname "$0")/lib.sh"
world sshd dropbear golang asyncssh
patient
home=$E2E/home/pat
anybody='-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o GlobalKnownHostsFile=/dev/null'

# scan [OPTION...]: what a person is told, in one line; leaves the exit status in $E2E/shared/status.
scan() {
    as pat TMPDIR="${tmp-/tmp}" timeout 60 relayctl register --scan "$@" >"$E2E/got" 2>&1 && result=0 || result=$?
    printf '%d\n' "$result" >"$E2E/shared/status"
    xargs -d '\n' <"$E2E/got"
}
exited() {
    first_line "$E2E/shared/status"
}
# names: whose logins are registered, by what they list, newest first.
registered() {
    status pat path | while read -r path; do
        for name in sshd dropbear go asyncssh bare; do
            [ ! -e "$E2E/shared/$name.upstream" ] || [ "$path" != "$(upstream "$name")" ] || printf '%s\n' "$name"
        done
    done | xargs
}

relay pat
is "$(scan) $(exited)" 'relayctl: no login of yours forwards an agent (ssh -A) 1' 'without a login: told so'

# --- one login at each kind of server

sshd 22
login sshd -o SetEnv=LC_RELAYD_LABEL=laptop
mkdir -p /etc/dropbear
dropbear -F -E -p 127.0.0.1:2022 -R >"$E2E/log/dropbear" 2>&1 &
printf '%d\n' "$!" >"$E2E/pid/dropbear"
as pat install -m 600 /etc/ssh/authorized_keys .ssh/authorized_keys
wait_for 20 listening 2022
agent dropbear
as pat install -m 600 /etc/ssh/authorized_keys .ssh/authorized_keys
# shellcheck disable=SC2086
login dropbear -p 2022 $anybody -i dropbear
GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE="$E2E/go" \
    go build -o "$E2E/bin/server" "$E2E/clients/server-by-go.go"
start server pat server 2200
wait_for 20 listening 2200
# shellcheck disable=SC2086
login go -p 2200 $anybody
start asyncssh pat /usr/bin/python3 "$E2E/clients/server-by-asyncssh.py" 2300
wait_for 20 listening 2300
# shellcheck disable=SC2086
login asyncssh -p 2300 $anybody

# An agent of this host by every name it may have, which is nobody's login.
# shellcheck disable=SC2016
as pat sh -c 'eval "$(ssh-agent)" >/dev/null; echo "$SSH_AGENT_PID"' >"$E2E/pid/own"
as pat mkdir -p -m 700 .ssh/agent
start modern pat ssh-agent -D -a "$home/.ssh/agent/s.0123456789.agent.abcdef"
wait_for 20 answers .ssh/agent/s.0123456789.agent.abcdef pat
# shellcheck disable=SC2016
start wrapped pat ssh-agent sh -c 'echo "$SSH_AUTH_SOCK"; sleep 86400'
wait_for 20 test -s "$E2E/log/wrapped"
# One within a login, to whose first process it was not given.
# shellcheck disable=SC2016
start within pat SSH_CONNECTION='127.0.0.1 1 127.0.0.1 22' sh -c 'ssh-agent sh -c "echo \$SSH_AUTH_SOCK; sleep 86400"; :'
wait_for 20 test -s "$E2E/log/within"
# A shell that uses the relay already.
start pane pat SSH_AUTH_SOCK="$(agent_socket pat)" SSH_CONNECTION='127.0.0.1 1 127.0.0.1 22' sleep 86400
sleeps pane

# In a pane whose login has ended.
in_pane() {
    as pat SSH_AUTH_SOCK="$(agent_socket pat)" RELAYD_UPSTREAM=/tmp/ssh-gone/agent.1 relayctl "$@" register 2>&1 | xargs
}
like "$(in_pane)" 'No such file or directory the login of this shell has ended; for those that are there: relayctl register --scan$' \
    'a pane of a login that has ended is told of the others'
like "$(as pat relayctl status)" 'for logins that are open already: relayctl register --scan' 'so does the status tell'
like "$(in_pane --name work)" 'relayctl --name work register --scan$' 'of that relay which it asks for'
like "$(as pat relayctl --name work status)" 'relayctl --name work register --scan' 'and so does its status'
like "$(as pat SSH_AUTH_SOCK="$(agent_socket pat)" RELAYD_UPSTREAM=/tmp/ssh-gone/agent.1 relayctl --name work setup --dry-run)" \
    'no login yet; for those that are open already: relayctl --name work register --scan$' 'setup there says so'
as pat relayctl --name work stop
said=$(scan)
is "$(exited)" 0 'four servers, a login at each: found'
is "$(registered)" 'asyncssh go dropbear sshd' 'all of them, the newest first'
is "$(status pat path | wc -l)" 4 'and nothing else: no agent of this host, nor relayd itself'
like "$said" "$(upstream dropbear): registered as #" 'each is told'
is "$(printf '%s\n' "$said" | grep -o 'registered as' | wc -l)" 4 'and once'
for name in sshd dropbear go asyncssh; do
    as pat relayctl use "$(upstream "$name")"
    is "$(keys pat)" "$name" "it serves: $name"
done
as pat relayctl use --auto
is "$(status pat label | xargs)" laptop 'the label is what its laptop called itself'
is "$(status pat host | sort -u)" 127.0.0.1 'and each has its connection'
is "$(scan) $(exited)" 'relayctl: all your logins are registered 0' 'again: nothing to do'
like "$(in_pane)" 'the login of this shell has ended$' 'in the pane too'

# One of them is forgotten, an older than the rest: it is put in its place.
as pat relayctl unregister "$(upstream dropbear)"
scan >"$E2E/shared/said"
is "$(registered)" 'asyncssh go dropbear sshd' 'one that was forgotten comes back to its place'

# --- where the environment tells nothing, the places of sockets do

# Its processes have nothing in their environment.
agent bare
start bare laptop SSH_AUTH_SOCK=bare.agent ssh -A pat@localhost \
    "printf '%s\n' \"\$SSH_AUTH_SOCK\" >'$E2E/shared/bare.upstream'; exec env -i sleep 86400"
wait_for 20 test -s "$E2E/shared/bare.upstream"
bare_sleeps() {
    ! grep -lsF "$(upstream bare)" /proc/[0-9]*/environ
}
wait_for 20 bare_sleeps
as pat relayctl unregister --all
scan >"$E2E/shared/said"
is "$(registered)" 'bare asyncssh go dropbear sshd' 'a login that has exported nothing'
as pat relayctl unregister --all
mount -t proc -o hidepid=2 proc /proc
scan >"$E2E/shared/said"
is "$(registered)" 'bare asyncssh go dropbear sshd' 'where /proc hides what is not ours: they are found'
umount -l /proc
logout go
# serves SOCKET [ACCOUNT]: a server that we know nothing of has an agent there.
serves() {
    [ -d "${1%/*}" ] || as pat mkdir -p -m 700 "${1%/*}"
    start "at${1##*[!0-9]}" "${2-pat}" fake-agent -n lonely good "$1"
    wait_for 20 test -S "$1"
}
for socket in /tmp/auth-agent77/listener.sock "$home/run/auth-agent1/listener.sock" "$home/.ssh/agent/s.0123456789.sshd.22" \
    /tmp/ssh-0123456789/agent.4194001; do
    serves "$socket"
done
as pat mkdir -m 777 /tmp/auth-agent78
serves /tmp/auth-agent78/listener.sock laptop
start kept pat RELAYD_UPSTREAM=/tmp/auth-agent77/listener.sock SSH_CONNECTION='127.0.0.1 7 127.0.0.1 22' \
    RELAYD_LABEL=kept SSH_AUTH_SOCK="$(agent_socket pat)" sleep 86400
sleeps kept
as pat relayctl unregister --all
tmp=$home/run
scan >"$E2E/shared/said"
found=$(status pat path)
like "$found" '^/tmp/auth-agent77/listener.sock$' 'a socket that no process was given'
like "$found" "^$home/run/auth-agent1/listener.sock$" 'one below TMPDIR'
like "$found" "^$home/.ssh/agent/s.0123456789.sshd.22$" 'one at home'
unlike "$found" agent.4194001 'but not one of a server that has gone'
unlike "$(cat "$E2E/shared/said")" auth-agent78 "nor somebody else's"
like "$(status pat label)" '^kept$' 'of a shell that uses the relay its label is known'

# As OpenSSH 10.6 names them, with AgentSocketPath shared:/tmp; and its own agent with -T.
sshd_of() {
    pgrep -u pat -n sshd
}
as pat mkdir -m 700 /tmp/ssh-abcdefghijkl
start shared pat fake-agent -n shared good "/tmp/ssh-abcdefghijkl/agent.sshd.$(sshd_of)"
start not-shared pat fake-agent -n shared good "/tmp/ssh-abcdefghijkl/agent.local.$(sshd_of)"
wait_for 20 test -S "/tmp/ssh-abcdefghijkl/agent.local.$(sshd_of)"
wait_for 20 test -S "/tmp/ssh-abcdefghijkl/agent.sshd.$(sshd_of)"
scan >"$E2E/shared/said"
is "$(status pat path | grep -o 'agent\.[a-z]*\.[0-9]*$')" "agent.sshd.$(sshd_of)" "OpenSSH's own shared directory: the login, and not the agent"

# --- a hostile host

as laptop python3 - <<'PY'
import os, socket
for n in range(5000):
    os.mkdir("/tmp/ssh-%010d" % n)
    if n < 50:
        socket.socket(socket.AF_UNIX).bind("/tmp/ssh-%010d/agent.1" % n)
PY
strace -f -e trace=openat,getdents64 -o "$E2E/trace" -u pat timeout 60 relayctl register --scan >/dev/null 2>&1 || :
is "$(grep -cE 'openat.*/tmp/ssh-00000[0-9]{5}"' "$E2E/trace")" 0 '5000 directories of somebody else: none is looked into'
ok 'the host as it is was' grep -q getdents "$E2E/trace"

start flicker pat python3 -c '
import os, socket
while True:
    for n in range(1000):
        os.mkdir("/tmp/auth-agent9%d" % n)
        path = "/tmp/auth-agent9%d/listener.sock" % n
        socket.socket(socket.AF_UNIX).bind(path)
        os.unlink(path)
        os.rmdir(os.path.dirname(path))'
for _ in 1 2 3 4 5 6 7 8 9 10; do
    scan --no-wait >/dev/null
    [ "$(exited)" -le 1 ] || break
done
ok 'sockets come and go a thousand times a second: it ends as ever' test "$(exited)" -le 1
end flicker
# What looks like an environment need not be one.
start odd pat python3 -c '
import ctypes, time
libc = ctypes.CDLL(None)
garbage = b"SSH_CONNECTION" + b"\xff" * 4000 + b"SSH_AUTH_SOCK=" + b"/" * 5000
address = [int(x, 16) if "-" not in x else 0 for x in "0"]
stat = open("/proc/self/stat").read().rsplit(")", 1)[1].split()
start, end = int(stat[47]), int(stat[48])
ctypes.memmove(start, garbage[:end - start], min(len(garbage), end - start))
print("ready", flush=True)
time.sleep(86400)'
wait_for 20 grep -q ready "$E2E/log/odd"
scan --no-wait >/dev/null
ok 'a process that has overwritten its environment' test "$(exited)" -le 1
is "$(as pat relayctl register --scan /tmp/x >/dev/null 2>&1 || echo $?)" 64 'a socket besides: a usage error'

finish
