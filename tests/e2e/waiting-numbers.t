#!/bin/sh
# SPDX-License-Identifier: MIT
# What a client waits with the relay, and what without it, in one run: the promises are 2 % over a
# living path of 25 ms each way, and past a dead login 1.5 s the first time and 10 % afterwards. The
# bounds here are for hosts that are busy with something else; the figures are in the notes.

. "$(dirname "$0")/lib.sh"
not_in_valgrind 'it compares milliseconds with those of a direct connection'
world sshd
sshd 22
far train
relay pat
login older -o ProxyCommand='delay 25 localhost 22'
wait_for 20 in_login older relayctl register >/dev/null

# listings SOCKET FILE: one ssh-add -l there; its milliseconds are a line more.
listing() {
    time_of as pat SSH_AUTH_SOCK="$1" timeout 60 ssh-add -l >"$E2E/got" 2>&1
    [ "$(names <"$E2E/got")" = older ]
    printf '%d\n' "$took" >>"$2"
}
# compare: by turns, so that what disturbs the one disturbs the other.
compare() {
    : >"$E2E/direct"
    : >"$E2E/relayed"
    for _ in 1 2 3 4 5 6 7 8 9 10 11; do
        listing "$(upstream older)" "$E2E/direct"
        listing "$(agent_socket pat)" "$E2E/relayed"
    done
    direct=$(median <"$E2E/direct")
    relayed=$(median <"$E2E/relayed")
    note "direct $direct ms, through the relay $relayed ms: $((relayed * 1000 / direct - 1000)) thousandths more"
}
# as_fast PERCENT: at most so much more. A neighbour's noise can spoil a round, a relay at fault spoils
# each of them.
as_fast() {
    for _ in 1 2 3; do
        compare >&3
        [ "$relayed" -gt "$((direct * (100 + $1) / 100 + 5))" ] || return 0
    done
    return 1
}

exec 3>&1
ok 'over a living path the relay takes the time of the direct connection' as_fast 10
ok 'the path is as long as it is meant to be' test "$direct" -ge 100

login_from train newer
wait_for 20 in_login newer relayctl register >/dev/null
is "$(keys pat)" newer 'a newer login serves'
cut_link train
time_of keys pat >"$E2E/got"
is "$(cat "$E2E/got")" older 'its link dies: the older one serves'
note "the first answer took $took ms"
# Patience with one whose link is up is five seconds.
ok 'soon' test "$took" -le 4500
ok 'and from then on in little more than the time of the direct connection' as_fast 25

finish
