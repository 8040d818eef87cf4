#!/bin/sh
# SPDX-License-Identifier: MIT
# A login that served questions ends as fast as without the relay: no connection to its agent is
# left behind, for ssh would wait for that.

. "$(dirname "$0")/lib.sh"
not_in_valgrind 'it compares milliseconds with those of a direct connection'
world sshd
sshd 22
relay pat

# one_logout SOCKET: the milliseconds of a logout after two questions through that socket.
one_logout() {
    as pat SSH_AUTH_SOCK="$1" ssh-add -l >/dev/null
    as pat SSH_AUTH_SOCK="$1" ssh-add -l >/dev/null
    time_of ended
}

ended() {
    kill "$(cat "$E2E/shared/one.login")"
    wait "$(pid login.one)" || :
}

# A neighbour's noise can spoil a round; a relay at fault spoils each of them. On a machine that is
# overloaded the relay, which the same logout wakes, can cost it a turn of the scheduler: 5 ms.
as_fast() {
    for round in 1 2 3; do
        : >"$E2E/direct"
        : >"$E2E/relayed"
        for _ in 1 2 3 4 5 6 7 8 9 10; do
            login one
            one_logout "$(upstream one)"
            printf '%d\n' "$took" >>"$E2E/direct"

            login one
            knows as pat relayctl register "$(upstream one)"
            one_logout "$(agent_socket pat)"
            printf '%d\n' "$took" >>"$E2E/relayed"
        done
        direct=$(median <"$E2E/direct")
        relayed=$(median <"$E2E/relayed")
        note "round $round: $direct ms without the relay, $relayed ms with it"
        [ $((relayed * 10)) -gt $((direct * 12 + 50)) ] || return 0
    done
    return 1
}

ok 'the median of ten logouts is at most 1.2 times that without the relay' as_fast
note "$direct ms without, $relayed ms with the relay"

finish
