#!/bin/sh
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

# As where rc has registered the login already.
start rc pat fake-agent -n rc good rc
wait_for 20 test -S "$E2E/home/pat/rc"
as pat relayctl register --quiet rc
as pat SSH_AUTH_SOCK="$E2E/home/pat/rc" relayctl hold </dev/null >/dev/null
is "$(status pat path)" "$E2E/home/pat/rc" 'what another registered before stays registered'

finish
