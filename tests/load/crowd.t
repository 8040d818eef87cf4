#!/bin/sh
# SPDX-License-Identifier: MIT
# Ten thousand clients at once: all are answered, and none that connects and waits is lost. Each that
# stays keeps little memory, also while it waits, and what they took is given back when they have gone.
# So it is after a million sessions, and while a thousand logins a second come and go.

. "$(dirname "$0")/load.sh"
not_in_valgrind 'it has memory of its own'
# shellcheck disable=SC3045
ulimit -n 20000 2>/dev/null || [ "$(ulimit -n)" -ge 20000 ] || skip_all '20000 descriptors are too many here'
world python3
! has_sanitizers || skip_all 'the sanitizers have memory of their own'
relay pat
home=$E2E/home/pat
start good pat agents -l ledger login. 1
wait_for 20 test -S "$home/login.1"
wait_for 20 as pat relayctl register -q login.1
socket=$(agent_socket pat)
relay=$(relay_pid pat)

# each: what it has more than before them, for each of the crowd.
each() {
    echo $((($(private) - before) / $1))
}
# Counters of lines are memory too.
most=$((2 << 20))
! has_counters || most=$((most + (256 << 10)))
is_small() {
    [ "$(private)" -lt "$most" ]
}
has_few() {
    [ "$(descriptors)" -le "$quiet" ]
}
# gone: what a crowd took is given back. The clock of the bound starts when the last of them has gone.
gone_again() {
    # A busy host may stop the relay for longer than it takes it.
    time_of wait_for 8 is_small || :
    ok 'they go: soon less than 2 MiB are left' is_small
    figure "private memory after $1" "$(private) bytes, $took ms after they had gone"
    ok 'and no descriptor more than before' wait_for 20 has_few
}
# ask NAME OPTION...: a crowd that asks and goes.
ask() {
    log=$E2E/log/$1
    shift
    as pat timeout 300 crowd -l ledger -b 120 "$@" >"$log" 2>&1
}
counts() {
    tail -n 1 "$log"
}

# It has served one.
ask first both "$socket"
is "$(counts | cut -d , -f 1-4)" '2 asked, 2 answered, 0 failed, 0 wrong' 'one is served'
quiet=$(descriptors)
figure 'private memory after the first client' "$(private) bytes"

# --- 10 000 at once

for round in $(seq "$(short_or_long 1 5)"); do
    # Nobody is accepted until all have begun to connect: half of them wait in connect(2).
    kill -s STOP "$relay"
    start crowd pat crowd -l ledger -b 120 -n 10000 -j 10000 -q 2 both "$socket"
    all_connect() {
        [ "$(find "/proc/$(pid crowd)/task" -mindepth 1 -maxdepth 1 | wc -l)" -gt "$waiting" ]
    }
    # The backlog takes 4096, or what the host allows.
    waiting=5000
    ok "10000 connect at once ($round)" wait_for 60 all_connect
    kill -s CONT "$relay"
    ok 'they have all been and gone' wait_for 120 gone "$(pid crowd)"
    log=$E2E/log/crowd
    said=$(counts)
    is "${said%;*}" \
        '20000 asked, 20000 answered, 0 failed, 0 wrong, 0 lost, 0 closed, 0 late, 0 refused' \
        'each has a listing and a signature, its own'
    figure "10000 clients at once, a listing and a signature each ($round)" "all answered; ${said#*; }"
    gone_again "10000 clients ($round)"
    : >"$log"
done

# --- what one costs that stays

before=$(private)
start crowd pat crowd -l ledger -w -n 4000 -q 1 list "$socket"
ok '4000 ask at once and stay' wait_for 60 grep -q asking "$E2E/log/crowd"
cost=$(each 4000)
ok 'each costs at most 1 KiB' test "$cost" -le 1024
figure 'a session with nothing to do, of 4000' "$cost bytes"
end crowd
gone_again '4000 that stayed'

kill -s STOP "$(pid good)"
chosen() {
    grep -c 'waiting -> choosing' "$E2E/log/relay.pat"
}
asked=$(chosen)
all_wait() {
    [ $(($(chosen) - asked)) -ge 4000 ]
}
before=$(private)
start crowd pat crowd -l ledger -n 4000 -q 1 list "$socket"
ok '4000 wait when the agent has fallen mute' wait_for 25 all_wait
cost=$(each 4000)
ok 'each costs at most 1.6 KiB' test "$cost" -le 1638
figure 'a session that waits, of 4000' "$cost bytes"
kill -s KILL "$(pid crowd)"
wait_for 20 gone "$(pid crowd)"
kill -s CONT "$(pid good)"
gone_again '4000 that waited'

# --- a million sessions, one after the other

sessions=$(short_or_long 20000 1000000)
ask tenth -n 8 -s $((sessions / 10)) both "$socket"
ok 'nothing is open after a tenth' wait_for 20 has_few
tenth=$(private)
time_of ask million -n 8 -s $((sessions - sessions / 10)) both "$socket"
is "$(counts | cut -d , -f 2-8 | cut -d ';' -f 1)" \
    " $((2 * (sessions - sessions / 10))) answered, 0 failed, 0 wrong, 0 lost, 0 closed, 0 late, 0 refused" \
    "$sessions sessions: each is answered"
ok 'and nothing is open' wait_for 20 has_few
grown=$(($(private) - tenth))
ok 'memory is as it was after a tenth of them' test "$grown" -le "$(short_or_long 16384 65536)"
figure "$sessions sessions" "$((took * 1000 / (sessions - sessions / 10))) us each"
figure "private memory after a tenth of them, and at the end" "$tenth bytes, $((tenth + grown)) bytes"

# --- a thousand registrations a second

as pat relayctl unregister --all
start logins pat agents -l ledger -i 100000 many. 400
for n in 1 2 3; do
    start "closing.$n" pat fake-agent closing "closing.$n"
    wait_for 20 test -S "$home/closing.$n"
done
wait_for 20 test -S "$home/many.100399"
# shellcheck disable=SC2016
as pat sh -c 'i=0; while [ $i -lt 400 ]; do ln many.$((100000 + i)) at$i; i=$((i + 1)); done'
registrations() {
    as pat python3 "$E2E/clients/registrations.py" "$1" "$2" "$3" "${socket%/*}" "$home/at" 399 \
        "$home/closing.1" "$home/closing.2" "$home/closing.3" >"$E2E/rate" 2>&1 || { cat "$E2E/rate"; false; }
}
# Before there is a login nobody is served.
start crowd pat sh -c "until crowd list '$socket'; do :; done; exec crowd -l ledger -b 60 -n 20 -e 5 -q 0 both '$socket'"
many=$(short_or_long 2000 20000)
ok "$many registrations and unregistrations, 1000 a second" registrations "$many" 1000 "$many"
figure "$many registrations and unregistrations, with 20 clients beside them" "$(cat "$E2E/rate")"
end crowd
log=$E2E/log/crowd
like "$(counts)" '^[0-9]{3,} asked, .* 0 failed, 0 wrong, 0 lost, 0 closed, 0 late, 0 refused;' \
    'and clients are served meanwhile'
note "$(counts)"

finish
