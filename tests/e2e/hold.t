#!/bin/sh
# SPDX-License-Identifier: MIT
# `ssh -A host relayctl hold`: a login for the relay's sake, for as long as it lasts.

. "$(dirname "$0")/lib.sh"
world sshd tmux
sshd 22
agent one

held() {
    [ "$(keys pat)" = "$1" ]
}
none() {
    [ -z "$(status pat path)" ]
}

terminal laptop laptop
tmux_of laptop send-keys 'SSH_AUTH_SOCK=one.agent ssh -A pat@localhost relayctl hold' Enter
ok 'hold registers its login, and starts the relay for that' wait_for 30 held one
pkill -KILL -u laptop -x ssh
ok 'its ssh killed: it is unregistered' wait_for 20 none
ok 'and ends' wait_for 20 not pgrep -u pat -x relayctl

# An agent that stays, so that only hold itself can have unregistered it.
start good pat fake-agent -n good good good
wait_for 20 test -S "$E2E/home/pat/good"
terminal host pat SSH_AUTH_SOCK="$E2E/home/pat/good"
tmux_of host send-keys 'relayctl hold' Enter
ok 'held again' wait_for 30 held good
tmux_of host send-keys C-d
ok 'at the end of its input it unregisters' wait_for 20 none
ok 'and ends' wait_for 20 not pgrep -u pat -x relayctl

tmux_of host send-keys 'relayctl hold' Enter
ok 'held once more' wait_for 30 held good
end good KILL
ok 'the agent ends: so does it' wait_for 20 not pgrep -u pat -x relayctl
as pat rm good

# Each signal that a terminal sends, and an output that nobody reads any more.
start good pat fake-agent -n good good good
wait_for 20 test -S "$E2E/home/pat/good"
tmux_of host send-keys 'relayctl hold' Enter
ok 'held in a terminal' wait_for 30 held good
tmux_of host send-keys "C-\\"
ok 'SIGQUIT ends it' wait_for 20 not pgrep -u pat -x relayctl
ok 'and it is unregistered' wait_for 20 none
as pat mkfifo input output
start unread pat sh -c 'exec relayctl hold good <input >output'
start input pat sh -c 'exec 4>input; exec 3<output; exec 3<&-; exec sleep 86400'
ok 'held where nobody reads what it says' wait_for 30 held good
end input
ok 'its input ends: it is unregistered' wait_for 20 none
ok 'and ends too' wait_for 20 gone "$(pid unread)"
end good

# As where rc has registered the login already.
start rc pat fake-agent -n rc good rc
wait_for 20 test -S "$E2E/home/pat/rc"
as pat relayctl register --quiet rc
as pat SSH_AUTH_SOCK="$E2E/home/pat/rc" relayctl hold </dev/null >/dev/null
is "$(status pat path)" "$E2E/home/pat/rc" 'what another registered before stays registered'
as pat relayctl unregister rc

# A laptop comes back, and its first hold has not noticed that it went.
order() {
    [ "$(status pat path | xargs -r -n 1 basename | xargs)" = "$*" ]
}
# hold NAME LABEL: a hold that ends by itself, if it ends.
hold() {
    start "agent.$1" pat fake-agent -n "$1" good "$1"
    wait_for 20 test -S "$E2E/home/pat/$1"
    start "hold.$1" pat sh -c "sleep 86400 | relayctl hold --label '$2' '$1'"
}
hold before laptop
ok 'a hold with a label' wait_for 20 order before
hold desk desk
ok 'another with another label goes first' wait_for 20 order desk before
as pat relayctl use before
hold after laptop
ok 'one with the label of the first takes its place' wait_for 20 order after desk
ok 'and is preferred as that was' grep -qx true <<END
$(status pat preferred | head -n 1)
END
ok 'the first is told why' wait_for 20 \
    grep -q 'not registered any more: held anew from the same machine$' "$E2E/log/hold.before"
as pat relayctl use --auto
ok 'its place is behind the other' order desk after
as pat relayctl register --label laptop before >/dev/null
ok 'what is registered and not held replaces nothing' order before desk after

# What it says, and that it outlives the relay.
said() {
    grep -Eq -- "$2" "$E2E/log/hold.$1"
}
ok 'a hold says what it holds, and for which host' \
    wait_for 20 said after "^holding #[0-9]+ \\(laptop\\) for $(hostname): (alive|untried|no answer)"
as pat relayctl stop
ok 'the relay ends: it says so' wait_for 20 said after "^relayctl: $(hostname): relayd has gone"
as pat relayctl register before >/dev/null
ok 'another comes: it holds there, and says so' wait_for 20 \
    said after "^relayd is back: holding #[0-9]+ \\(laptop\\) for $(hostname): "
ok 'in the place where it was' wait_for 20 order before desk after
is "$(wc -l <"$E2E/log/hold.after")" 3 'in one line each'
is "$(as pat relayctl hold --quiet good </dev/null 2>&1)" '' 'nothing with --quiet'

finish
