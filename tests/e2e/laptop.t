#!/bin/sh
# SPDX-License-Identifier: MIT
# relay-hold, on a laptop: a login that comes back whatever happens to it.

. "$(dirname "$0")/lib.sh"
world sshd git
sshd 22
account bob
as bob git init -q --bare repo
far train
host=$(first_line "$E2E/pid/net.train")
agent one
tool=$E2E/contrib/laptop/relay-hold

# What a person may have there for logins by hand, each of which is in the way of a hold.
cat >"$E2E/home/laptop/.ssh/config" <<END
Host dev
    User pat
    ProxyJump bob@jump
Host dev jump
    HostName $host
    ForwardX11 yes
    ControlMaster auto
    ControlPath ~/.ssh/%C
    ControlPersist yes
Host dev
    RemoteCommand tmux attach
    RequestTTY yes
    LocalForward 127.0.0.1:2200 127.0.0.1:22
    SetEnv LC_RELAYD_LABEL=desk.2
Host bare
    User pat
    HostName $host
    IdentityFile ~/one
END

# holding NAME HOST [SHELL LABEL]
holding() {
    # shellcheck disable=SC2086 # words of a command
    start "$1" laptop@train SSH_AUTH_SOCK=one.agent RELAYD_LABEL="${4-laptop}" ${3-sh} "$tool" "$2"
}
# tells NAME PATTERN: whether it said so since `mark`.
mark=0
tells() {
    tail -n "+$((mark + 1))" "$E2E/log/$1" | grep -Eq -- "$2"
}
now() {
    mark=$(wc -l <"$E2E/log/$1")
}
# pulls: in a pane. One that asks while there is nobody to answer waits longer than a new one needs.
pulls() {
    through pat timeout 10 git ls-remote bob@localhost:repo 2>/dev/null
}
# heals WHAT: after that a pane's git works again. Within 15 s where the hosts have nothing else to do, which the
# note tells.
heals() {
    time_of ok "$1" wait_for 60 pulls
    note "after $took ms"
}
alone() {
    [ "$(status pat label | xargs)" = laptop ]
}

# What only a person can change, all the time that the rest takes.
ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/stranger
sed 's|^HostKey .*|HostKey /etc/ssh/stranger|' /etc/ssh/sshd_config >/etc/ssh/sshd_config.stranger
/usr/sbin/sshd -f /etc/ssh/sshd_config.stranger -E "$E2E/log/sshd.stranger" -p 2222
cat >"$E2E/evil" <<'END'
#!/bin/sh
printf '\033]0;title\007relayctl: \033[31mred\n' >&2
exit 1
END
chmod 755 "$E2E/evil"
account evil "$E2E/evil"
start empty laptop ssh-agent -D -a empty.agent
wait_for 20 answers empty.agent laptop
uptime
began=$up
holding stranger "ssh://pat@$host:2222"
holding refused "pat@$host" 'env SSH_AUTH_SOCK=empty.agent sh'
holding bare bare 'env -u SSH_AUTH_SOCK sh'
holding evil "evil@$host"

holding hold dev
ok 'it holds, past ControlMaster, RemoteCommand and ProxyJump' wait_for 30 pulls
ok 'and says so' wait_for 20 tells hold "^relay-hold: dev: holding #1 \\(laptop\\) for $(hostname): "
is "$(find "$E2E/home/laptop/.ssh" -type s)" '' 'no master is made of it'

# has_met NAME: whether it has told what it is there for: on a busy host it may not get there at once.
has_met() {
    grep -qv ': no connection: ' "$E2E/log/$1"
}
# None of these ssh is to be killed before.
for name in stranger refused bare evil; do
    wait_for 40 has_met "$name"
done
now hold
pkill -KILL -u laptop -x ssh
heals 'its ssh is killed: git works again'
ok 'both are said' wait_for 20 tells hold 'holding #'
# On a busy host an attempt may come to nothing in between.
is "$(tail -n "+$((mark + 1))" "$E2E/log/hold" | grep 'has ended\|holding #' | cut -d ' ' -f 3-6)" \
    "$(printf 'the connection has ended:\nholding #2 (laptop) for')" 'in a line each'
pkill -STOP -u laptop -f 'hold --label'
heals 'it is stopped: so it does'
ok 'there is one hold on the host' wait_for 20 alone

now hold
cut_link train
ok 'the link is cut: it notices' wait_for 60 tells hold 'the connection has ended'
ok 'and finds nobody' wait_for 60 tells hold 'no connection: '
lines=$(wc -l <"$E2E/log/hold")
tried=$(date +%s)
wait_for 6 false || :
note "cut for $(($(date +%s) - tried)) s more"
is "$(wc -l <"$E2E/log/hold")" "$lines" 'it says that once'
mend_link train
heals 'the link is back: git works again'
ok 'there is one hold on the host, though sshd has not noticed' wait_for 20 alone

now hold
daemon=$(relay_pid pat)
kill "$daemon"
wait_for 20 gone "$daemon"
start relay pat relayd
heals 'the relay is restarted: git works again'
ok 'that is said' wait_for 20 tells hold 'relayd is back: holding #'
now hold
as pat relayctl stop
heals 'the relay ends for good: it starts one'

kill "$(pid hold)"
ok 'SIGTERM ends it' wait_for 20 gone "$(pid hold)"
ok 'and its ssh' wait_for 20 not pgrep -u laptop -f 'hold --label'
ok 'and nothing is held' wait_for 20 not pulls

# Each shell that may be sh somewhere.
mark=0
shells=
for shell in bash zsh mksh yash busybox; do
    ! command -v "$shell" >/dev/null || shells="$shells $shell"
done
# each FUNCTION: for each of them.
each() {
    for shell in $shells; do
        "$1" "$shell" || { cat "$E2E/log/$shell"; return 1; }
    done
}
begin() {
    case $1 in
    zsh) by='zsh --emulate sh' ;;
    busybox) by='busybox ash' ;;
    bash) by='bash --posix' ;;
    *) by=$1 ;;
    esac
    holding "$1" dev "$by" "$1"
}
# has SHELL TIMES: held so often.
has() {
    [ "$(grep -c 'holding #' "$E2E/log/$1")" = "$2" ]
}
begun() { wait_for 30 has "$1" 1; }
begun_again() { wait_for 30 has "$1" 2; }
ended() {
    kill "$(pid "$1")"
    wait_for 20 gone "$(pid "$1")"
}
# complains SHELL: about anything; bash tells of jobs, for one.
complains() {
    grep -v '^relay-hold: dev: ' "$E2E/log/$1" || :
}
each begin
ok "it runs in$shells" each begun
pkill -KILL -u laptop -f 'hold --label'
ok 'each comes back when its ssh is killed' each begun_again
ok 'each ends when it is told to' each ended
ok 'and leaves no ssh' wait_for 20 not pgrep -u laptop -f 'hold --label'
is "$(each complains)" '' 'and says nothing else'

holding named dev sh ''
ok 'without a name of its own it has that which ssh sends' \
    wait_for 30 grep -q '^relay-hold: dev: holding #[0-9]* (desk.2) for ' "$E2E/log/named"
end named

# once NAME PATTERN: whether that is what it said first, and again only after something else: the link
# was away, or its ssh was one of those that were killed here.
once() {
    grep -v ': no connection: ' "$E2E/log/$1" | head -n 1 | grep -Eq -- "^relay-hold: [^ ]*: $2" && [ -z "$(uniq -d "$E2E/log/$1")" ]
}
ok 'a host key that has changed is told once' once stranger 'its host key has CHANGED'
ok 'so is a key that is refused' once refused "it refuses this machine's keys"
ok 'that no agent is forwarded' once bare 'no agent is forwarded'
ok 'what a relayctl says, without control characters' once evil '\?\]0;title\?relayctl: \?\[31mred$'
rm "$E2E/bin/relayctl"
holding missing "pat@$host"
ok 'that there is no relayctl' wait_for 20 once missing 'there is no relayctl'

tries=$(grep -c '^Connection from' "$E2E/log/sshd.stranger")
uptime
note "$tries attempts in $((up - began)) s at a host whose key has changed"
# After 5 s, 10, 20 and 40, and those again where the link was away, it is each minute.
ok 'it tries again after longer and longer' test "$tries" -le $((7 + (up - began) / 60))
for name in stranger refused bare evil missing; do
    end "$name"
done
# no_sleep: what ended and waits for the first process here to look has no command line.
no_sleep() {
    not pgrep -u laptop -f sleep
}
ok 'and no long sleep of any is left' wait_for 8 no_sleep
no_file() {
    find /tmp -name 'relay-hold.*' >"$E2E/left" && not grep . "$E2E/left"
}
ok 'nor file' wait_for 20 no_file
finish
