#!/bin/sh
# SPDX-License-Identifier: MIT
# Clients by the thousand that never read, never ask, or ask a byte at a time: the relay keeps little
# for them, does nothing about those that do nothing, and another client is answered as soon as without
# them.

. "$(dirname "$0")/load.sh"
# shellcheck disable=SC3045
ulimit -n 20000 2>/dev/null || [ "$(ulimit -n)" -ge 20000 ] || skip_all '20000 descriptors are too many here'
world
relay pat
start good pat agents -l ledger login. 1
wait_for 20 test -S "$E2E/home/pat/login.1"
wait_for 20 as pat relayctl register -q login.1
socket=$(agent_socket pat)
relay=$(relay_pid pat)
many=$(short_or_long 300 1000)
! in_valgrind || many=20

# measure: leaves in $half and in $worst what answers to one client took, in microseconds: the median, and
# the slowest of 200, as it is in the middle one of many tries. What holds the relay up holds it up in
# each try; what holds up this host does not.
measure() {
    for _ in $(seq "$(short_or_long 7 21)"); do
        as pat timeout 60 crowd -l ledger -q 200 both "$socket"
    done | sed -n 's/.* 0 failed, 0 wrong, 0 lost, 0 closed, .* median \([0-9]*\) us, worst \([0-9]*\) us/\1 \2/p' >"$E2E/times"
    half=$(cut -d ' ' -f 1 "$E2E/times" | median)
    worst=$(cut -d ' ' -f 2 "$E2E/times" | median)
}
open_sessions() {
    as pat relayctl status --json | sed -n 's/^ *"sessions": *\([0-9]*\).*/\1/p' | head -n 1
}
all_there() {
    [ "$(open_sessions)" = "$many" ]
}
none_there() {
    [ "$(open_sessions)" = 0 ]
}
wakings() {
    grep ctxt_switches "/proc/$relay/status"
}
# It sleeps through a second.
sleeps() {
    before=$(wakings)
    sleep 1
    [ "$(wakings)" = "$before" ]
}

# beside KIND OPTION...: that many of the kind, and one client beside them.
beside() {
    kind=$1
    shift
    measure
    alone_half=$half
    alone_worst=$worst
    small=$(private)
    start "$kind" pat crowd -l ledger -n "$many" "$@" "$kind" "$socket"
    ok "$many $kind clients are there" wait_for 60 all_there
    if [ "$kind" != slow ]; then
        ok "$kind: the relay sleeps when there is no more to do" wait_for 120 sleeps
        grown=$((($(private) - small) / many))
        has_sanitizers || in_valgrind || ok "$kind: it keeps little for each" test "$grown" -le "$keeps"
        note "that is $grown bytes"
    fi
    measure
    figure "$many $kind clients: one client beside them" \
        "median $half us, the slowest of 200 $worst us; alone $alone_half and $alone_worst"
    ok "$kind: a client beside them is answered" test -s "$E2E/times"
    ok "$kind: it waits no longer than alone, or little" test "$half" -le $((10 * alone_half + 1000))
    ok "$kind: no answer of its comes late" test "$worst" -le $((10 * alone_worst + 20000))
    ok "$kind: they are there still" wait_for 20 all_there
    end "$kind"
    ok "$kind: they go, and so do their sessions" wait_for 20 none_there
}

as pat crowd -l ledger -n "$many" both "$socket" >/dev/null
keeps=1024
beside mute
# 16 KiB each way, and room for as much again; what a mute one has; and what sixteen signatures are for.
keeps=71680
beside deaf
beside slow -q 0 -e 100
is "$(cut -d , -f 3-8 "$E2E/log/slow" | cut -d ';' -f 1 | tail -n 1)" \
    ' 0 failed, 0 wrong, 0 lost, 0 closed, 0 late, 0 refused' 'slow clients have their answers too'
is "$(relay_pid pat)" "$relay" 'the relay is the same process as before'

finish
