#!/bin/sh
# SPDX-License-Identifier: MIT
# What relayctl tells people and programs, and the exit codes that scripts go by.

. "$(dirname "$0")/lib.sh"
world script strace
home=$E2E/home/pat

# exits WANTED COMMAND...
exits() {
    wanted=$1
    shift
    as pat timeout 60 "$@" >"$E2E/answer" 2>&1 && result=0 || result=$?
    is "$result" "$wanted" "$*: exit $wanted"
}

exits 2 relayctl status
like "$(cat "$E2E/answer")" '^relayctl: .*: ' 'with the object and the cause'
exits 0 relayctl path
exits 0 relayctl --version
exits 0 relayctl --help
exits 0 relayctl help register
exits 0 relayd --help
exits 0 relayd --version

relay pat
exits 1 relayctl status
exits 1 relayctl wait --timeout 100ms
start a pat fake-agent -n a good a
start b pat fake-agent -n b good b
wait_for 20 test -S "$home/a"
wait_for 20 test -S "$home/b"
start waiter pat relayctl wait --timeout 60
exits 0 relayctl register --label 'pat laptop' a
ok 'wait ends when a login comes' wait_for 20 gone "$(pid waiter)"
exits 0 relayctl wait
exits 0 relayctl status
exits 0 relayctl register --fallback --label spare b
is "$(status pat path | xargs)" "$home/a $home/b" 'a fallback stands behind the others'
is "$(status pat fallback | xargs)" 'false true' 'and is marked'
is "$(status pat label | head -n 1)" 'pat laptop' 'a label is kept'
exits 1 relayctl use 'no laptop'
like "$(cat "$E2E/answer")" 'number or its label in relayctl status, or by its socket' \
    'what names no login: it says what does, and where to see that'
exits 0 relayctl register a
is "$(status pat path | wc -l)" 2 'registered twice, an upstream is there once'

# on_terminal [NAME=VALUE...]: status on a terminal so many columns wide.
columns=80
on_terminal() {
    as pat "$@" script -qec "stty cols $columns; relayctl status" /dev/null </dev/null | tr -d '\r'
}
widest() {
    LC_ALL=C.UTF-8 wc -L
}
escape=$(printf '\033')
like "$(on_terminal)" "$escape" 'on a terminal there is colour'
unlike "$(on_terminal NO_COLOR=1)" "$escape" 'none with NO_COLOR'
unlike "$(as pat relayctl status)" "$escape" 'none in a pipe'
plain=$(on_terminal NO_COLOR=1)
is "$(printf '%s\n' "$plain" | widest)" 80 'it is as wide as the terminal'
is "$(as pat relayctl status | widest)" 80 'as many columns in a pipe'
columns=400
is "$(on_terminal NO_COLOR=1 | widest)" 120 'on a very wide one no wider than is read well'
columns=40
is "$(on_terminal NO_COLOR=1 | widest)" 40 'on a narrow one still'
like "$plain" 'pat laptop' 'the labels are there'
is "$(on_terminal NO_COLOR=1 LC_ALL=C | LC_ALL=C grep -c '[^ -~]' || :)" 0 'plain ASCII without UTF-8'

exits 0 relayctl unregister a
is "$(status pat path)" "$home/b" 'an upstream can be unregistered by its path'
exits 0 relayctl unregister "$(status pat id)"
is "$(status pat path)" '' 'and by its id'
exits 1 relayctl unregister nonesuch
as pat ASAN_OPTIONS=detect_leaks=0 strace -qq -e trace=write,writev -o writes "$(plain_relayctl)" unregister nonesuch \
    2>"$E2E/shared/error" || :
is "$(grep -Ec '^writev?\(2, ' "$home/writes")" "$(wc -l <"$E2E/shared/error")" \
    'an error comes in whole lines, whoever else writes there'
exits 0 relayctl stop
exits 2 relayctl status

finish
