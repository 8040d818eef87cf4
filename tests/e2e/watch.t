#!/bin/sh
# SPDX-License-Identifier: MIT
# `relayctl watch` tells what happens, as it happens, one line each.

. "$(dirname "$0")/lib.sh"
world
relay pat
start good pat fake-agent -n good good good
wait_for 20 test -S "$E2E/home/pat/good"
start watch pat relayctl watch

# told PATTERN: whether the last line says so, after its time of day.
told() {
    tail -n 1 "$E2E/log/watch" | grep -Eq -- "^[0-9:]{8} +$1\$"
}

ok 'watch tells first how things are' wait_for 20 told '0 logins, 0 clients'
wait_for 20 as pat relayctl register --label laptop good >/dev/null
ok 'a login is registered, and answers' wait_for 20 told 'login [0-9]+ \(laptop\): alive, [0-9.]+ ms'
as pat relayctl use good
ok 'it is preferred' wait_for 20 told 'login [0-9]+ \(laptop\): preferred'
as pat relayctl use --auto
ok 'it is not any more' wait_for 20 told 'none is preferred: the newest goes first'
as pat relayctl pause
ok 'the relay is paused' wait_for 20 told paused
as pat relayctl resume
ok 'and resumed' wait_for 20 told resumed
as pat relayctl pause --for 1h
ok 'paused for a time: watch tells how long' wait_for 20 told 'paused for 3600 s'
as pat relayctl pause --for 100ms
ok 'for a shorter one: it tells when that is over' wait_for 20 told resumed
ok 'and had told how short' grep -q 'paused for 0\.1 s$' "$E2E/log/watch"
as pat relayctl unregister good
ok 'the login is unregistered' wait_for 20 told 'login [0-9]+ \(laptop\): dropped: unregistered'
is "$(grep -c 'paused$' "$E2E/log/watch")" 1 'each thing is told once'

# Clients that are refused: one of them, and then how many.
through pat ask "$(agent_socket pat)" list >/dev/null || :
ok 'a client is refused: watch tells of it, and why' wait_for 20 told 'client [0-9]+ \(ask\) was refused: no login is registered'
through pat ask -n 50 "$(agent_socket pat)" list >/dev/null || :
ok 'many more are: it tells their number, a little later' wait_for 40 told '[0-9]+ more clients? w(as|ere) refused in the last 10 s'
note "$(tail -n 1 "$E2E/log/watch")"
ok 'and no line for each' test "$(grep -c 'refused' "$E2E/log/watch")" -lt 10

# One that reads nothing for long.
kill -s STOP "$(pid watch)"
control=$(as pat relayctl path)
control=${control%/*}/control.sock
# shellcheck disable=SC2016
as pat sh -c 'i=0; while [ "$i" -lt 1000 ]; do ask -s "$0" "text:$1" >/dev/null; i=$((i + 1)); done' \
    "$control" "$(printf 'use\nauto=1')"
note "$(wc -l <"$E2E/log/watch") lines before"
kill -s CONT "$(pid watch)"
ok 'it reads again: it is told that something is missing' wait_for 20 told 'what came then is missing here: .*'
note "$(wc -l <"$E2E/log/watch") lines after"
ok 'and had what went before' test "$(grep -c 'none is preferred' "$E2E/log/watch")" -gt 100
as pat relayctl pause
ok 'it is told what comes next' wait_for 20 told paused

# Where nobody has what it prints, it does not keep a place among those who watch.
as pat mkfifo reader
start unread pat sh -c 'exec relayctl watch >reader'
ok 'a program reads what watch says, and ends' wait_for 20 as pat timeout 20 head -n 1 reader
ok 'so does watch, though nothing more happens' wait_for 20 gone "$(pid unread)"
result=0
as pat sh -c 'timeout 20 relayctl watch >/dev/full' 2>"$E2E/why" || result=$?
is "$result" 1 'on a full disk it ends too'
like "$(cat "$E2E/why")" '^relayctl: standard output: ' 'and says why'

end relay.pat
ok 'the relay ends: so does watch' wait_for 20 gone "$(pid watch)"

finish
