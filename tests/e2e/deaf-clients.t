#!/bin/sh
# SPDX-License-Identifier: MIT
# Clients that ask and ask and never read an answer: the relay keeps little for them, does nothing
# about them, and serves the others.

. "$(dirname "$0")/lib.sh"
world sshd
sshd 22
rc pat
arrives one
socket=$(agent_socket pat)
# shellcheck disable=SC2046 # a list
as pat ask -p "$socket" $(made_up_keys 1 60 1000) >/dev/null
is "$(as pat ask "$socket" list)" '12 63607' 'a listing is large'
relay=$(relay_pid pat)

private() {
    awk '/^Private_/ { sum += $2 } END { print sum }' "/proc/$relay/smaps_rollup"
}
wakings() {
    grep ctxt_switches "/proc/$relay/status"
}
open_sessions() {
    as pat relayctl status --json | sed -n 's/^ *"sessions": *\([0-9]*\).*/\1/p' | head -n 1
}
all_there() {
    [ "$(open_sessions)" = 20 ]
}
none_there() {
    [ "$(open_sessions)" = 0 ]
}
# It sleeps through a second.
sleeps() {
    before=$(wakings)
    sleep 1
    [ "$(wakings)" = "$before" ]
}

before_them=$(private)
# 20 times 40 listings are 48 MiB.
for i in $(seq 20); do
    # shellcheck disable=SC2046 # a list
    start "deaf.$i" pat ask -w "$socket" $(yes list | head -n 40)
done
ok '20 of them are there' wait_for 30 all_there
ok 'the relay sleeps when it can do no more' wait_for 60 sleeps
grown=$(($(private) - before_them))
note "they cost $grown KiB"
ok 'and keeps little for them' test "$grown" -lt 16384
is "$(as pat ask "$socket" list)" '12 63607' 'another client is served'
is "$(as pat ask -n 20 "$socket" list)" '20 of 20 answered' 'so are 20 more'
is "$(open_sessions)" 20 'and they are there still'
for i in $(seq 20); do
    kill "$(pid "deaf.$i")"
done
ok 'they go: so do their sessions' wait_for 20 none_there
is "$(relay_pid pat)" "$relay" 'and the relay is the same process as before'

finish
