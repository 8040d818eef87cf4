#!/bin/sh
# SPDX-License-Identifier: MIT
# Clients that ask on and on, while logins die and the relay is restarted: no unsafe question comes to two
# logins, each answer is the client's own, what is owed ends in an answer or a close, and a restart loses
# nobody. Then everything else too, at random.

. "$(dirname "$0")/load.sh"
not_in_valgrind 'it has clients by the hundred'
world python3
far storm
far=10.9.0.2

# said FIELD: how many, by the clients' own count.
said() {
    sed -n "s/^\(.*, \)\{0,1\}\([0-9]*\) $1[,;].*/\2/p" "$E2E/got" | tail -n 1
}
tell() {
    cp "$E2E/said" "$E2E/got"
    grep -E ' asked, |: [0-9]* steps' "$E2E/got" | sed 's/^/# /'
}

# Each part has a relay of its own, and logins of its own.
part() {
    rm -rf "/run/user/$(id -u pat)/relayd" "/run/user/$(id -u pat)/relayd.notices"
    as pat sh -c 'rm -rf login.* ledger'
    storm "$@"
}

deaths=$(short_or_long 40 600)
ok "50 clients ask while $deaths logins come or die" \
    part --any --only arrive,depart --steps "$deaths" --seconds 100 --seed 11 --every 0.06
tell
is "$(said failed)" 0 'nobody is refused, as one login lives'
ok 'some lost a connection in which they were owed an answer' test "$(said lost)" -gt 0
figure "$deaths logins that come or die, 50 clients: questions asked" "$(said asked), 0 at two logins, $(said wrong) wrong answers, $(said lost) ended by a close"

restarts=$(short_or_long 5 100)
ok "50 clients ask through $restarts restarts by a manager of the test's own" \
    part --only restart --steps "$restarts" --seconds 200 --seed 1 --every 0.2
tell
is "$(said failed) $(said wrong) $(said lost) $(said closed) $(said refused)" '0 0 0 0 0' 'none is lost'
figure "$restarts restarts, 50 clients: questions asked" "$(said asked), $(said lost) lost, $(said closed) clients closed"

seed=$(short_or_long 1 "$(date +%s)")
seconds=$(short_or_long 5 60)
memory=--memory
! has_sanitizers || memory=
ok "everything at random for $seconds s, by seed $seed" part --any --far $far $memory --seconds "$seconds" --seed "$seed"
tell
figure "everything at random, $seconds s, seed $seed" "$(sed -n 's/^seed [0-9]*: //p' "$E2E/got")"
figure '50 clients beside that: questions asked' "$(said asked), $(said wrong) wrong answers, $(said late) late ones"

finish
