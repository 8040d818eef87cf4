#!/bin/sh
# SPDX-License-Identifier: MIT
# A directory that is not private is refused with the reason; sockets in the way are told apart.

. "$(dirname "$0")/lib.sh"
world python3
home=$E2E/home/pat

# refused DIR CAUSE WHAT: neither program uses the directory.
refused() {
    said=$(as pat timeout 20 relayd --dir "$1" 2>&1) && result=0 || result=$?
    is "$result" 1 "$3: relayd refuses"
    like "$said" "$1.*($2)" "$3: and says why"
    said=$(as pat timeout 20 relayctl --dir "$1" status 2>&1) && result=0 || result=$?
    like "$result" '^[12]$' "$3: relayctl refuses"
    like "$said" "$1.*($2)" "$3: and says why"
}

as pat mkdir -m 700 real
as pat ln -s real link
refused "$home/link" symlink 'a symlink'
as pat mkdir -m 755 open
refused "$home/open" 'open to others|0700' 'a directory open to others'
mkdir -m 777 "$E2E/shared/theirs"
refused "$E2E/shared/theirs" 'another user' "a directory of another user's"
as pat touch file
refused "$home/file" 'not a directory' 'a file'
long=$home/$(printf '%0100d' 0)
as pat mkdir -m 700 "$long"
refused "$long" '107 bytes' 'a path too long for sockets'
as pat mkdir -p -m 700 .ssh/agent/below
as pat ln -s .ssh/agent agents
refused "$home/.ssh/agent" 'ssh-agent removes sockets' "OpenSSH's directory"
refused "$home/.ssh/agent/below" 'ssh-agent removes sockets' 'one below it'
refused "$home/agents/below" 'ssh-agent removes sockets' 'one by another name'
as pat rmdir .ssh/agent/below .ssh/agent
refused "$home/.ssh/agent" 'ssh-agent removes sockets' 'where it is still to be made'
ok 'which is not done' not test -e "$home/.ssh/agent"
as pat mkdir -m 700 .ssh/agents
as pat relayctl --dir .ssh/agents path >"$E2E/shared/path"
is "$(cat "$E2E/shared/path")" "$home/.ssh/agents/agent.sock" 'another beside it is fine'

# Nobody is waited for who would read it.
as pat mkdir -m 700 unlogged
as pat mkfifo unlogged/log
said=$(as pat timeout 20 relayd --dir unlogged --daemon 2>&1) && result=0 || result=$?
is "$result" 0 'a FIFO where the log should be: relayd serves'
like "$said" "$home/unlogged/log: cannot be written: .*: nothing is logged" 'and says that nothing is logged'
ok 'it ends when it is told to' as pat relayctl --dir unlogged stop

relay pat
said=$(as pat timeout 20 relayd 2>&1) && result=0 || result=$?
is "$result" 1 'a second relay ends'
like "$said" "$(relay_pid pat)" 'and says who is there'
ok 'the first one serves' served pat

end relay.pat KILL
ok 'a stale socket is left' test -S "$(agent_socket pat)"
relay pat
ok 'it is replaced' served pat
end relay.pat

run=$(dirname "$(agent_socket pat)")
start live pat fake-agent -n live good "$run/agent.sock"
wait_for 20 test -S "$run/agent.sock"
said=$(as pat timeout 20 relayd 2>&1) && result=0 || result=$?
is "$result" 1 'with a live socket in the way, relayd ends'
like "$said" 'agent.sock' 'and says which'
is "$(keys pat)" live 'the live socket still serves'
end live
as pat rm -f "$run/agent.sock"

# A lock of a file, and not of a process, is nobody's (fcntl(2): open file description locks).
start hidden pat python3 -c '
import fcntl, struct, sys, time
lock = open(sys.argv[1], "w")
fcntl.fcntl(lock, 37, struct.pack("hhqqixxxx", fcntl.F_WRLCK, 0, 0, 0, 0))
print("held", flush=True)
time.sleep(86400)' "$run/lock"
wait_for 20 grep -qs held "$E2E/log/hidden"
said=$(as pat timeout 20 relayd 2>&1) && result=0 || result=$?
is "$result" 1 'with the lock held by nobody who can be named, relayd ends'
like "$said" 'runs here already, out of sight' 'and says so'
end hidden

# The fallback in /tmp is anybody's to make first.
rm -rf "/run/user/$(id -u pat)"
as laptop mkdir -m 777 "/tmp/relayd-$(id -u pat)"
said=$(as pat timeout 20 relayd 2>&1) && result=0 || result=$?
is "$result" 1 'a directory that another user made in /tmp: relayd refuses'
like "$said" "/tmp/relayd-$(id -u pat).*another user" 'and says why'
rmdir "/tmp/relayd-$(id -u pat)"
relay pat
is "$(stat -c '%a %U' "/tmp/relayd-$(id -u pat)")" '700 pat' 'it makes its own, private'

finish
