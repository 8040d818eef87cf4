#!/bin/sh
# SPDX-License-Identifier: MIT
# Upstreams of every bad kind in front of a good one, in every order of up to four of them, in
# valgrind of two. Each was good when it was registered.

. "$(dirname "$0")/lib.sh"
world python3
patience=30 # ms
deep=4 many=1099
if in_valgrind; then
    deep=2 many=49
fi

# Some have to be waited for, the others fail at once.
waited='silent half drip full'
kinds="$waited closing wrong oversized"

# try_all SHARE ACCOUNT: tries that account's share of the orders, in the background.
try_all() {
    start "relay.$2" "$2" relayd --patience "${patience}ms"
    processes=
    for kind in $kinds; do
        start "$2.$kind" "$2" fake-agent -c count "$kind" "$kind"
        processes="$processes $kind=$(pid "$2.$kind")"
    done
    start "$2.good" "$2" fake-agent -n excellent -c good.count good good
    for kind in good $kinds; do
        wait_for 20 test -S "$E2E/home/$2/$kind"
    done
    wait_for 20 served "$2"
    agent=$(agent_socket "$2")
    # shellcheck disable=SC2086
    as "$2" python3 "$E2E/clients/every-order.py" "$deep" "$1" 6 "$agent" "${agent%/*}/control.sock" $processes \
        >"$E2E/tried.$2" 2>"$E2E/wrong.$2" &
}

pids=
share=0
for name in pat bob carol dave erin frank; do
    [ "$name" = pat ] || account "$name"
    try_all "$share" "$name"
    pids="$pids $!"
    share=$((share + 1))
done
# shellcheck disable=SC2086
wait $pids || :
cat "$E2E"/wrong.* >"$E2E/wrong"
cat "$E2E"/tried.* | awk -v patience="$patience" -v waited="$waited" '
    {
        for (i = 3; i <= NF; i++)
            $2 -= index(waited, $i) > 0 ? patience : 0
        print $2, $1
    }' >"$E2E/beyond"

is "$(wc -l <"$E2E/beyond")" "$many" 'of seven kinds there are that many orders, and each was tried'
ok 'in each the answer of the good one arrives; then it is first, and those that were tried are silent' \
    not grep . "$E2E/wrong"
half=$(cut -d' ' -f1 "$E2E/beyond" | median)
worst=$(sort -n "$E2E/beyond" | tail -n 1 | cut -d' ' -f1)
note "half of them: at most $half ms beyond the sum of the patience, the worst $worst ms"
# A busy host has cost one in a thousand three seconds. A relay at fault waits for --dead-after, or longer.
ok 'and each at most 9 s' test "$worst" -le $((9000 * slower))

is "$(cat "$E2E"/home/*/count | grep -c '^13 ')" 0 'no bad one was asked for a signature'
is "$(cat "$E2E"/home/*/good.count | grep -c '^13 ')" "$(grep -c sign "$E2E/beyond")" \
    'and the good one once each time'

finish
