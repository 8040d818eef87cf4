#!/bin/sh
# SPDX-License-Identifier: MIT
# The newest login's link is dead and sshd has not noticed: the older login serves meanwhile.

. "$(dirname "$0")/lib.sh"
world sshd
sshd 22
rc pat
far train
arrives older
login_from train newer
wait_for 20 newest pat "$(upstream newer)"
SSH_AUTH_SOCK=$(agent_socket pat)

lists() {
    as pat SSH_AUTH_SOCK="$SSH_AUTH_SOCK" timeout 60 ssh-add -l 2>&1 | names
}
served_by() {
    [ "$(lists)" = "$1" ]
}

# A neighbour's noise can spoil a round, a relay at fault spoils each of them. In $problem is what
# was wrong with the last.
survives() {
    for round in 1 2 3; do
        problem=
        cut_link train
        time_of served_by older || problem="$problem; the first was not served by the older login"
        first=$took
        [ "$first" -le $((1500 * slower)) ] || problem="$problem; the first took $first ms"
        : >"$E2E/next"
        for _ in 1 2 3 4 5 6 7 8 9 10; do
            time_of served_by older || problem="$problem; one of the next was not served by it"
            printf '%d\n' "$took" >>"$E2E/next"
        done
        usual=$(median <"$E2E/next")
        [ "$usual" -le $((100 * slower)) ] || problem="$problem; the next took $usual ms"
        figures="the first answer took $first ms, the median of ten more is $usual ms"
        [ -n "$problem" ] || return 0
        note "round $round: $figures$problem"
        mend_link train
        wait_for 60 served_by newer
    done
    return 1
}

is "$(lists)" newer 'the newest login serves'
ok 'its link dies: the older one answers within 1.5 s, and then within 100 ms' survives
note "$figures"
daemon=$(relay_pid pat)
said=$(as pat relayctl status)
like "$said" "silent since [0-9:]+: nothing acknowledged for [0-9]+ s" 'status says why it is not used'
like "$said" 'down' 'and that its link is down'
is "$(status pat path | head -n 1)" "$(upstream older)" 'and that the older one comes first now'
like "$(cat "/run/user/$(id -u pat)/relayd/log")" 'silent since [0-9:]+: nothing acknowledged for [0-9]+ s' \
    'the log says it too'

mend_link train
ok 'its link comes up again: it serves again by itself' wait_for 60 served_by newer
is "$(status pat link | head -n 1)" up 'status says so'
is "$(relay_pid pat)" "$daemon" 'by the same relay'

finish
