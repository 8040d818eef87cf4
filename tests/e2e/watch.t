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
before=$(wc -l <"$E2E/log/watch")
as pat relayctl register --label laptop good >/dev/null
as pat SSH_AUTH_SOCK="$E2E/home/pat/good" SSH_CONNECTION='127.0.0.1 1 127.0.0.1 2' relayctl env --register >/dev/null
as pat relayctl pause
ok 'the same login, registered again' wait_for 20 told paused
is "$(wc -l <"$E2E/log/watch")" $((before + 1)) 'changes nothing, and has no line'
as pat relayctl resume
wait_for 20 told resumed

# Another login, who goes first, and goes.
start other pat fake-agent -n other good other
wait_for 20 test -S "$E2E/home/pat/other"
as pat relayctl register --label office other >/dev/null
ok 'another one comes' wait_for 20 told 'login [0-9]+ \(office\): alive, [0-9.]+ ms'
as pat relayctl register --label laptop good >/dev/null
ok 'the first goes before it again' wait_for 20 told 'login [0-9]+ \(laptop\): has another place; serves now'
as pat relayctl use other
ok 'it is preferred: its own line says enough' wait_for 20 told 'login [0-9]+ \(office\): preferred'
as pat relayctl use --auto
ok 'it is not: the other serves' wait_for 20 told 'none is preferred: the newest goes first; login [0-9]+ \(laptop\) serves now'
as pat relayctl register --label office other >/dev/null
as pat relayctl unregister other
ok 'it goes: the other serves' wait_for 20 told 'login [0-9]+ \(office\): dropped: unregistered; login [0-9]+ \(laptop\) serves now'
end other

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
ok 'the login is unregistered' wait_for 20 told 'login [0-9]+ \(laptop\): dropped: unregistered; no login serves now'
is "$(grep -c 'paused$' "$E2E/log/watch")" 2 'each thing is told once'

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

# An upgrade.
as pat relayctl stop
ok 'the relay ends: watch waits' wait_for 20 told 'relayd has gone: waiting for it to come back'
relay pat
ok 'it is back: watch goes on' wait_for 20 told '0 logins, paused, 0 clients'
is "$(tail -n 2 "$E2E/log/watch" | head -n 1 | sed 's/^[0-9:]* *//')" 'relayd is back' 'and says so'
as pat relayctl resume
ok 'it tells what comes next there' wait_for 20 told resumed
end relay.pat
ok 'the relay ends for good: so does watch' wait_for 20 gone "$(pid watch)"
like "$(tail -n 2 "$E2E/log/watch" | xargs)" 'relayctl: .*: no relayd answers here' 'and says why'

finish
