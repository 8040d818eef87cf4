#!/bin/sh
# SPDX-License-Identifier: MIT
# The agent of whoever is at the keyboard: two people, or two machines, in one tmux.

. "$(dirname "$0")/lib.sh"
world sshd tmux
tmux_tells || skip_all 'tmux before 3.3 tells nobody who types'
socket=$(agent_socket pat)
# On a busy host an agent may take its time, and yet nobody else's is to be asked.
relay pat --patience 10s
sshd 22
rc pat

people home office
for name in home office; do
    # shellcheck disable=SC2016
    typed "$name" 'echo "$SSH_AUTH_SOCK"' >"$E2E/shared/$name.socket"
done

# followed NAME: whether that one is known to be at the keyboard.
followed() {
    status pat followed_s >"$E2E/shared/followed"
    [ "$(head -n 1 "$E2E/shared/followed")" != null ] && [ "$(status pat path | head -n 1)" = "$(socket_of "$1")" ]
}
socket_of() {
    first_line "$E2E/shared/$1.socket"
}
# listed TERMINAL: whose keys are listed to who begins to type there, and goes on when that is seen.
listed() {
    tmux_of "$1" send-keys Space
    wait_for 20 followed "$1" || return 0
    typed "$1" "SSH_AUTH_SOCK=$socket ssh-add -l" | awk '{ print $3 }'
}
# tmux tells when a client was used in whole seconds.
next_second() {
    wait_for 20 is_past "$(date +%s)"
}
is_past() {
    [ "$(date +%s)" -gt "$1" ]
}
# changes N WHAT: the people take turns so often; each is listed his own.
changes() {
    wrong=
    for turn in $(seq "$1"); do
        for name in home office; do
            next_second
            [ "$(listed "$name")" = "$name" ] || wrong="$wrong $name($turn)"
        done
    done
    is "$wrong" '' "$2"
}
inner() {
    as pat tmux -S inner.tmux "$@"
}
# attached N: whether so many clients are.
attached() {
    [ "$(inner list-clients | wc -l)" -eq "$1" ]
}

inner -f /dev/null new-session -d -s one
inner set-environment -g SSH_AUTH_SOCK "$socket"
inner source-file "$E2E/contrib/tmux/follow.conf"
ok 'follow is on' as pat relayctl follow

# --- in one window

for name in home office; do
    tmux_of "$name" send-keys 'tmux -S inner.tmux attach -t one' Enter
    next_second
done
wait_for 20 attached 2
changes 5 'in one window: ten changes, and each is served by his own agent'
like "$(as pat relayctl status)" 'at the keyboard since [0-9][0-9]:[0-9][0-9]' 'the status tells since when'
is "$(as pat relayctl status --json | grep -c '"following": true')" 1 'for programs too'

# --- one goes

next_second
is "$(listed home)" home 'one types'
tmux_of office send-keys C-b d
wait_for 20 attached 1
next_second
is "$(listed home)" home 'the other one leaves: it stays'
tmux_of office send-keys 'tmux -S inner.tmux attach -t one' Enter
wait_for 20 attached 2
next_second
is "$(listed office)" office 'and comes back'
next_second
is "$(listed home)" home 'one types'
tmux_of home send-keys C-b d
wait_for 20 attached 1
next_second
is "$(listed office)" office 'and leaves: the other one is served by his own'

# --- beside `use`, silence, and a restart

as pat relayctl use "$(status pat path | sed -n 2p)"
is "$(typed office "SSH_AUTH_SOCK=$socket ssh-add -l" | awk '{ print $3 }')" home 'a login that is preferred goes before'
as pat relayctl use --auto
is "$(listed office)" office 'until it is not'
kill -s STOP "$(pid agent.office)"
is "$(typed office "SSH_AUTH_SOCK=$socket timeout 40 ssh-add -l" | awk '{ print $3 }')" home \
    'whose agent is silent is served by the next'
kill -s CONT "$(pid agent.office)"
as pat relayctl follow --off
next_second
tmux_of home send-keys 'tmux -S inner.tmux attach -t one' Enter
wait_for 20 attached 2
ok 'tmux may tell who types' inner run-shell 'relayctl follow --tmux'
is "$(as pat relayctl status --json | grep -c '"following": false')" 1 'off: nobody is followed, whatever tmux tells'
as pat relayctl follow
end relay.pat
relay pat
is "$(as pat relayctl status --json | grep -c '"following": true')" 1 'a restart forgets nothing'
as pat relayctl follow --off
end relay.pat
as pat mkdir -p .config
as pat sh -c 'echo follow >.config/relayd.conf'
relay pat
is "$(as pat relayctl status --json | grep -c '"following": true')" 1 'by the option it is on from the start'
is "$(as pat relayctl follow 999 >/dev/null 2>&1 || echo $?)" 1 'a login that is not there'
is "$(as pat relayctl follow --tmux 2>&1 || :)" 'relayctl: tmux: no client is attached' 'without a tmux: told so'

finish
