#!/bin/sh
# SPDX-License-Identifier: MIT
# The host's wall clock is set, back by an hour or on by one, while the relay waits for something: it
# waits as long as it would have, and says how long that was.
#
# The clock is set for the relay alone, by a library preloaded into it. That the host's sleep is no
# wait is the kernel's word for CLOCK_MONOTONIC, which nothing here can show: a stopped process sees
# that clock go on.

. "$(dirname "$0")/lib.sh"
not_in_valgrind 'it preloads what sets the clock'
world sshd systemd
! has_sanitizers || skip_all 'not with sanitizers, which must be loaded first: it preloads what sets the clock'
sshd 22
far home
for name in bob carol dave; do
    account "$name"
done

# clock ACCOUNT SECONDS: by so much the clock of that account's relay is off from now on.
clock() {
    printf '%d\n' "$2" >"$E2E/shared/clock.new"
    mv "$E2E/shared/clock.new" "$E2E/shared/clock.$1"
}
# relay_with_clock ACCOUNT
relay_with_clock() {
    start "relay.$1" "$1" LD_PRELOAD=/usr/local/bin/stepped-clock.so \
        STEPPED_CLOCK="$E2E/shared/clock.$1" relayd --verbose
    wait_for 20 served "$1"
}
# has NAME ACCOUNT: a login from afar that is registered, whose agent has a key that asks.
has() {
    login_from home "$1" -l "$2"
    knows in_login "$1" relayctl register
    add_key "$1" "$1.careful" -c
    as "$2" cp "$E2E/home/laptop/$1.careful.pub" key.pub
}
# signs ACCOUNT: a client whose signature waits for a person.
signs() {
    rm -f "$E2E/shared/asked" "$E2E/shared/confirm" "$E2E/home/$1/signature"
    start "sign.$1" "$1" SSH_AUTH_SOCK="$(agent_socket "$1")" \
        sh -c 'ssh-keygen -Y sign -n file -f key.pub <key.pub >signature'
    wait_for 20 test -e "$E2E/shared/asked"
}
# is_signed ACCOUNT WHAT
is_signed() {
    touch "$E2E/shared/confirm"
    ok "$2: the person confirms, and the client ends" wait_for 20 gone "$(pid "sign.$1")"
    ok "$2: with a signature" as "$1" sh -c 'ssh-keygen -Y check-novalidate -n file -s signature <key.pub'
}
# says ACCOUNT PATTERN
says() {
    as "$1" relayctl status | grep -Eq -- "$2"
}
# within_minutes ACCOUNT: whether each login came in the last ten, and none will come.
within_minutes() {
    status "$1" age_s
    for age in $(status "$1" age_s); do
        [ "$age" -ge 0 ] && [ "$age" -lt 600 ] || return 1
    done
}
asked() {
    grep -q '^11 ' "$E2E/home/pat/questions"
}
# falls_mute STEP WHAT: the clock makes that step while the newest login does not answer.
falls_mute() {
    : >"$E2E/home/pat/questions"
    as pat relayctl use "$E2E/home/pat/mute"
    as pat relayctl use --auto
    keys pat >"$E2E/got" &
    client=$!
    wait_for 20 asked
    clock pat "$1"
    time_of wait "$client"
    is "$(cat "$E2E/got")" good "$2, while the newest says nothing: the older one serves"
    ok "$2: after patience" test "$took" -lt 12000
    note "after $took ms"
    ok "$2: status tells the logins' ages" within_minutes pat
    ok "$2: and since when the one is silent" says pat "silent since [0-9:]+: no answer for [0-9]{1,2} s"
    ok "$2: the next client does not wait" within 1000 keys pat
}

# --- an older login is asked after patience

clock pat 0
relay_with_clock pat
start good pat fake-agent -n good good good
start mute pat fake-agent -p -c questions -n mute silent mute
for name in good mute; do
    wait_for 20 test -S "$E2E/home/pat/$name"
    knows as pat relayctl register "$name"
done
falls_mute -3600 'the clock goes back by an hour'
falls_mute -3620 'by another 20 s'
falls_mute 3600 'on by two hours'

# --- what is saved are ages

clock pat -86400
as pat relayctl use "$E2E/home/pat/mute"
as pat relayctl use --auto
is "$(keys pat)" good 'a day back, the older one serves'
end relay.pat
clock pat 86400
relay_with_clock pat
ok 'two days on, after a restart: the logins came minutes ago' within_minutes pat
is "$(status pat state | xargs)" 'alive silent' 'and the one is silent still'
ok 'the next client does not wait' within 1000 keys pat

as pat relayctl pause --for 1h
clock pat 1000000
ok 'paused for an hour, which the clock leaps over: it is paused' says pat 'aused'
end relay.pat
relay_with_clock pat
clock pat -1000000
ok 'after a restart too' says pat 'aused'
like "$(keys pat)" 'agent refused' 'and serves nobody'
as pat relayctl pause --for 2s
clock pat -2000000
serves() {
    [ "$(keys pat)" = good ]
}
ok 'paused for 2 s, when the clock goes back by days: it serves soon' wait_for 20 serves

# --- a person is at a prompt

clock bob 0
relay_with_clock bob
has bobs bob
signs bob
clock bob 3600
ok 'on by an hour while a person is asked: status says for how long' \
    wait_for 20 says bob 'no answer for ([3-9]|[1-9][0-9]) s, connection up: a prompt'
is_signed bob 'on by an hour'
signs bob
clock bob -3600
ok 'back by two hours while a person is asked: status says for how long' \
    wait_for 20 says bob 'no answer for ([2-9]|[1-9][0-9]) s, connection up: a prompt'
is_signed bob 'back by two hours'

# --- an agent that is slow to answer a first question, and is the only one

clock carol 0
relay_with_clock carol
has carols carol
kill -s STOP "$(pid agent.carols)"
keys carol >"$E2E/got" &
client=$!
wait_for 20 says carol 'asked [1-9][0-9]* s ago'
clock carol 3600
ok 'on by an hour while the only agent is busy: status says for how long' \
    wait_for 20 says carol 'asked ([3-9]|[1-9][0-9]) s ago'
kill -s CONT "$(pid agent.carols)"
wait "$client"
is "$(head -n 1 "$E2E/got")" carols 'its answer arrives'

# --- sessions are handed over

clock dave 0
user_manager dave
printf '[Service]\nEnvironment=LD_PRELOAD=/usr/local/bin/stepped-clock.so STEPPED_CLOCK=%s\n' \
    "$E2E/shared/clock.dave" >/etc/systemd/user/relayd.service.d/clock.conf
systemctl_of dave daemon-reload
systemctl_of dave start relayd.socket
has daves dave
signs dave
clock dave -3600
systemctl_of dave restart relayd.service
clock dave 3600
ok 'the relay is restarted, and the clock set twice, while a person is asked: status says for how long' \
    wait_for 20 says dave 'no answer for ([3-9]|[1-9][0-9]) s, connection up: a prompt'
ok 'and when the login came' within_minutes dave
is_signed dave 'over a restart'

finish
