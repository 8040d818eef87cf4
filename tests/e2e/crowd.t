#!/bin/sh
# SPDX-License-Identifier: MIT
# What a crowd costs: thousands of clients that ask at once. Each that stays keeps little memory, also
# while it waits, and what they took is given back when they have gone.

. "$(dirname "$0")/lib.sh"
not_in_valgrind 'it has memory of its own'
crowd=${CROWD-4000}
# shellcheck disable=SC3045
ulimit -n 20000 2>/dev/null || [ "$(ulimit -n)" -ge 20000 ] || skip_all '20000 descriptors are too many here'
world
! has_sanitizers || skip_all 'the sanitizers have memory of their own'
relay pat
start good pat ssh-agent -D -a good
# The socket is there before the agent listens.
wait_for 20 as pat relayctl register -q good
socket=$(agent_socket pat)
relay=$(relay_pid pat)

# private: bytes that the relay has written to, and no other process has. What it has read of a
# library is not among them: that is counted as its own where nobody else uses the library.
private() {
    awk '/^Private_Dirty/ { sum += $2 } END { print sum * 1024 }' "/proc/$relay/smaps_rollup"
}
# each: what it has more than before them, for each of them.
each() {
    echo $((($(private) - before) / crowd))
}
settled() {
    [ "$(private)" -lt $((2 << 20)) ]
}
# come: all of the crowd ask.
come() {
    before=$(private)
    note "before them $before bytes"
    : >"$E2E/log/crowd"
    start crowd pat steady -o "$crowd" "$socket"
}
go() {
    kill -s KILL "$(pid crowd)"
    time_of wait_for 20 settled
    ok 'they go: soon less than 2 MiB are left' settled
    note "$(private) bytes, after $took ms"
}

like "$(keys pat)" 'no identities' 'one is served'
for round in 1 2; do
    come
    ok "$crowd ask at once and are answered ($round)" wait_for 60 grep -q asking "$E2E/log/crowd"
    note "they cost $(each) bytes each"
    ok 'each that stays costs at most 1 KiB' test "$(each)" -le 1024
    go
done

kill -s STOP "$(pid good)"
chosen() {
    grep -c 'waiting -> choosing' "$E2E/log/relay.pat"
}
asked=$(chosen)
all_wait() {
    [ $(($(chosen) - asked)) -ge "$crowd" ]
}
come
ok "$crowd wait when the agent has fallen mute" wait_for 25 all_wait
note "they cost $(each) bytes each"
ok 'each that waits costs at most 1.6 KiB' test "$(each)" -le 1638
go

finish
