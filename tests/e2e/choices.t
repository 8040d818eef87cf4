#!/bin/sh
# SPDX-License-Identifier: MIT
# What a client waits at the most, where logins are mute: a choice has one bound, however many there
# are; who has had its long wait is asked by a ping; and one slow answer does not count for long.
# Each account is a case; all of them together take as long as the longest.

. "$(dirname "$0")/lib.sh"
not_in_valgrind 'it is about seconds'
world
for name in bob carol dave erin frank; do
    account "$name"
done

# agent_at ACCOUNT NAME BEHAVIOUR [OPTION...]: one that can be registered.
agent_at() {
    at=$1
    new=$2
    behaviour=$3
    shift 3
    start "$new.$at" "$at" fake-agent -n "$new" "$@" "$behaviour" "$new"
    wait_for 20 test -S "$E2E/home/$at/$new"
}
# mute ACCOUNT NAME...: logins that answer when they are registered, and nothing from then on.
mute() {
    owner=$1
    shift
    for one; do
        agent_at "$owner" "$one" silent
        kill -s USR2 "$(pid "$one.$owner")"
        knows as "$owner" relayctl register "$one"
    done
    for one; do
        kill -s USR1 "$(pid "$one.$owner")"
    done
}
# good ACCOUNT
good() {
    agent_at "$1" good good
    knows as "$1" relayctl register good
}
# tries ACCOUNT N: so many clients, one after the other, as of pam_ssh_agent, in the background;
# leaves a line for each: how many milliseconds it took, and the type of its answer.
tries() {
    (
        socket=$(agent_socket "$1")
        for _ in $(seq "$2"); do
            time_of as "$1" ask -t 120 "$socket" list >"$E2E/said.$1" || :
            printf '%d %s\n' "$took" "$(cut -d ' ' -f 1 "$E2E/said.$1")" >>"$E2E/tries.$1"
        done
        mv "$E2E/tries.$1" "$E2E/tried.$1"
    ) &
}
# tried ACCOUNT N FROM TO TYPE WHAT: the Nth took from so many seconds to so many, and was answered so; of `N,M` the
# quickest: the noise of a busy host is not there each time.
tried() {
    wait_for 200 test -e "$E2E/tried.$1"
    read -r took type <<END
$(sed -n "$2p" "$E2E/tried.$1" | sort -n)
END
    is "$type" "$5" "$6"
    ok "$6: after $3 to $4 s" test "$took" -ge $(($3 * 1000)) -a "$took" -le $(($4 * 1000))
    note "after $took ms"
}

for name in pat bob carol dave erin frank; do
    relay "$name"
done
mute pat one two three four five six seven eight
mute bob sleeps
agent_at erin vault good -p -f 40 -a 4
knows as erin relayctl register vault
tries pat 2
tries bob 3
tries erin 3

good dave
# shellcheck disable=SC2046
mute dave $(seq -f 'm%g' 25)
tries dave 6

# One that met a busy agent when it was registered. Its own wait is the bound of nothing here.
for name in carol frank; do
    good "$name"
    agent_at "$name" busy good -a 5
    wait_for 20 as "$name" relayctl register --no-wait busy >/dev/null
done
was_slow() {
    [ "$(status "$1" rtt_ms | head -n 1 | cut -d . -f 1)" -ge 5000 ] 2>/dev/null
}
for name in carol frank; do
    ok "$name: an agent is slow to answer the ping that it is registered by" wait_for 30 was_slow "$name"
done
kill -s USR2 "$(pid busy.carol)"
# On a busy host it may be passed by, and is asked no more until it is registered again.
answers_twenty() {
    for _ in $(seq 20); do
        keys carol
    done >"$E2E/got"
    [ "$(uniq -c "$E2E/got" | xargs)" = '20 busy' ] || { answer as carol relayctl register busy; return 1; }
}
ok 'carol: then it answers twenty at once' wait_for 60 answers_twenty
for name in carol frank; do
    kill -s STOP "$(pid "busy.$name")"
    tries "$name" 4
done
tried carol 1 1 12 12 'then it is mute: an older one serves'
tried carol 2,4 0 3 12 'and at once from then on'
tried frank 1 1 12 12 'mute after the one slow answer: an older one serves'
tried frank 2,4 0 3 12 'and at once from then on'

tried dave 1 10 25 12 'twenty-five are mute: an older one serves'
# Those that were asked late, all together, had no time to show that they are mute.
tried dave 2 0 18 12 'so it does next'
tried dave 3,6 0 4 12 'and at once in the end'

tried bob 1 28 45 5 'the only login sleeps: the first try is let go'
tried bob 2 0 8 5 'the second does not wait as long'
tried bob 3 0 8 5 'nor does the third'

tried pat 1 28 45 5 'eight are mute: the client is let go'
tried pat 2 0 8 5 'the next does not wait as long'

tried erin 1 28 45 5 'a vault is locked, and its person away: the client is let go'
tried erin 2 4 20 12 'who tries again has a list when the vault is open'
tried erin 3 4 20 12 'and so has the next'

finish
