#!/bin/sh
# SPDX-License-Identifier: MIT
# The agent of whoever is at the keyboard, where nothing tells relayd of it: it looks at terminals,
# whose times the kernel sets in steps of eight seconds.

. "$(dirname "$0")/lib.sh"
world sshd tmux screen
socket=$(agent_socket pat)
# On a busy host an agent may take its time, and yet nobody else's is to be asked.
relay pat --patience 10s
sshd 22
rc pat
people home office
as pat relayctl follow

step() {
    printf '%d\n' $(($(date +%s) / 8))
}
is_past() {
    [ "$(step)" -gt "$1" ]
}
# next_step: until a key that is typed from now on is noted.
next_step() {
    wait_for 20 is_past "$(step)"
}
listed() {
    typed "$1" "SSH_AUTH_SOCK=$socket timeout 60 ssh-add -l" | awk '{ print $3 }'
}
# changes N WHAT: the people take turns so often; each is listed his own.
changes() {
    wrong=
    for turn in $(seq "$1"); do
        for name in home office; do
            next_step
            [ "$(listed "$name")" = "$name" ] || wrong="$wrong $name($turn)"
        done
    done
    is "$wrong" '' "$2"
}

changes 1 'two plain terminals: each is served by his own agent'

# Two sessions of one server: tmux tells nothing while they take turns.
for name in home office; do
    tmux_of "$name" send-keys "tmux -S inner.tmux -f /dev/null new-session -s $name" Enter
    wait_for 20 shows "$name" "[$name]"
    # What its terminal answers tmux at the beginning comes before what is typed, and is no key of any turn then.
    typed "$name" true
done
changes 5 'a session each in one tmux: ten changes'

next_step
is "$(listed home)" home 'one types'
kill -s STOP "$(pid agent.home)"
next_step
is "$(listed office)" office 'and freezes, while the other one types: he is served'
kill -s CONT "$(pid agent.home)"
as pat tmux -S inner.tmux kill-server
for name in home office; do
    wait_for 20 shows "$name" 'exited]'
done

# As tmpfiles.d has it.
mkdir -m 777 /run/screen
tmux_of home send-keys 'screen -S shared' Enter
is_shared() {
    as pat screen -ls | grep -q 'shared.*(Attached)'
}
# screens N: whether so many processes of screen run.
screens() {
    [ "$(pgrep -u pat -xi screen | wc -l)" -eq "$1" ]
}
# Its server has begun a while before others can come to it.
wait_for 20 is_shared
tmux_of home send-keys Enter
tmux_of office send-keys 'screen -x shared' Enter
# The server and two clients.
wait_for 20 screens 3
tmux_of office send-keys Enter
typed office true
changes 1 'in one window of screen: each is served by his own'

finish
