#!/bin/sh
# Upstreams of every bad kind in front of a good one, in every order of up to four of them; of up to
# two, where the programs are slow. Each was good when it was registered.

. "$(dirname "$0")/lib.sh"
world
patience=30 # ms
deep=4 many=1099
if in_valgrind || has_sanitizers; then
    deep=2 many=49
fi

# Those of the first line have to be waited for, those of the second fail at once.
kinds='silent half drip full
    closing wrong oversized'

# One order a line.
printf '%s\n' "$kinds" | xargs -n 1 | awk -v deep="$deep" '
    { kind[NR] = $1 }
    END { extend("", 0) }
    function extend(order, n,    i) {
        for (i = 1; n < deep && i <= NR; i++)
            if (index(order " ", " " kind[i] " ") == 0) {
                print substr(order " " kind[i], 2)
                extend(order " " kind[i], n + 1)
            }
    }' >"$E2E/shared/orders"

# What an account does for its share of the orders, all in one process, since there are many: each
# order is asked a list or a signature. It prints, for each, how many milliseconds the answer took
# beyond the sum of the patience; what is wrong goes to stderr.
cat >"$E2E/shared/try" <<'END'
patience=$1 share=$2 shares=$3 plain=$4
relayctl() {
    command "$plain" "$@"
}
socket=$(relayctl path)
signal() {
    name=$1
    shift
    for kind; do
        read -r process <"$kind.pid"
        kill -s "$name" "$process"
    done
}
wrong() {
    printf '%s, asked %s: %s\n' "$order" "$question" "$*" >&2
}
number=0
while read -r order; do
    number=$((number + 1))
    [ $((number % shares)) -eq "$share" ] || continue
    # shellcheck disable=SC2086
    set -- $order

    signal USR2 "$@"
    relayctl register good >/dev/null || wrong 'the good one is refused'
    backwards=
    for kind; do
        backwards="$kind $backwards"
    done
    for kind in $backwards; do
        relayctl register "$kind" >/dev/null || wrong "$kind is refused"
    done
    signal USR1 "$@"

    case $((number / shares % 2)) in
    0) question=list wanted='12 73' ;;
    *) question=sign wanted='14 14' ;;
    esac
    began=$(date +%s%N)
    said=$(ask "$socket" "$question")
    took=$((($(date +%s%N) - began) / 1000000))
    [ "$said" = "$wanted" ] || wrong "answered $said"
    for kind; do
        case $kind in
        silent | half | drip | full) took=$((took - patience)) ;;
        esac
    done
    printf '%d %s\n' "$took" "$question"

    # The good one first, those that were tried last.
    relayctl status --json | sed -n 's/.*"\(path\|state\)": "\(.*\/\)*\([^"]*\)".*/\3/p' | paste -d ' ' - - >after
    [ "$(head -n 1 after)" = 'good alive' ] || wrong "first is now $(head -n 1 after)"
    [ "$(grep -v '^good ' after | grep -Ex "($(printf '%s\n' "$order" | tr ' ' '|')) silent" | xargs)" = \
        "$(for kind; do printf '%s silent ' "$kind"; done | xargs)" ] || wrong "afterwards: $(xargs <after)"
done
END

# try_all SHARE ACCOUNT: in the background.
try_all() {
    start "relay.$2" "$2" relayd --patience "${patience}ms"
    for kind in $kinds; do
        start "$2.$kind" "$2" fake-agent -c count "$kind" "$kind"
        pid "$2.$kind" >"$E2E/home/$2/$kind.pid"
    done
    start "$2.good" "$2" fake-agent -n excellent -c good.count good good
    for kind in good $kinds; do
        wait_for 20 test -S "$E2E/home/$2/$kind"
    done
    wait_for 20 served "$2"
    (become "$2" sh "$E2E/shared/try" "$patience" "$1" 6 "$(plain_relayctl)") <"$E2E/shared/orders" \
        >"$E2E/beyond.$2" 2>"$E2E/wrong.$2" &
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
cat "$E2E"/beyond.* >"$E2E/beyond"

all=$(wc -l <"$E2E/shared/orders")
is "$all" "$many" 'of seven kinds there are that many orders'
ok 'in each the answer of the good one arrives; then it is first, and those that were tried are silent' \
    not grep . "$E2E/wrong"
is "$(wc -l <"$E2E/beyond")" "$all" 'none was left out'
half=$(cut -d' ' -f1 "$E2E/beyond" | median)
worst=$(sort -n "$E2E/beyond" | tail -n 1 | cut -d' ' -f1)
note "half of them: at most $half ms beyond the sum of the patience, the worst $worst ms"
ok 'and each at most 3 s' test "$worst" -le $((3000 * slower))

is "$(cat "$E2E"/home/*/count | grep -c '^13 ')" 0 'no bad one was asked for a signature'
is "$(cat "$E2E"/home/*/good.count | grep -c '^13 ')" "$(grep -c sign "$E2E/beyond")" \
    'and the good one once each time'

finish
