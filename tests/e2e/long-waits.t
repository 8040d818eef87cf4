#!/bin/sh
# SPDX-License-Identifier: MIT
# Logins that say nothing while their link is up or unknown, and how long each wait lasts with the
# default patience. Each account is a case; all of them together take as long as the longest.

. "$(dirname "$0")/lib.sh"
world sshd
sshd 22
far office
far jump
far home
for name in bob carol dave erin frank; do
    account "$name"
done

# home reaches the host through a jump host only, which lives on when home is cut off.
echo 1 >/proc/sys/net/ipv4/ip_forward
nsenter --net=/run/netns/home ip route add default via "$(cat "$E2E/pid/net.home")"
nsenter --net=/run/netns/jump ip route add default via "$(cat "$E2E/pid/net.jump")"
nsenter --net=/run/netns/jump /usr/sbin/sshd -E "$E2E/log/sshd.jump" -p 22
through_jump='-J pat@10.9.1.2'

# has NET NAME ACCOUNT [SSH-OPTION...]: a login that is registered there.
has() {
    net=$1
    new=$2
    owner=$3
    shift 3
    login_from "$net" "$new" -l "$owner" "$@"
    knows in_login "$new" relayctl register
}
has '' older pat
has office stopped pat
has '' older.bob bob
# shellcheck disable=SC2086
has home jumped bob $through_jump
# shellcheck disable=SC2086
has home jumped.alone carol $through_jump
has '' stopped.alone dave
has '' older.frank frank
has '' stopped.frank frank
start once erin fake-agent once once
wait_for 20 test -S "$E2E/home/erin/once"
knows as erin relayctl register once

# asks ACCOUNT [COMMAND...]: a client in the background; leaves what it says, and how many
# milliseconds it took.
asks() {
    asking=$1
    shift
    [ $# -gt 0 ] || set -- ssh-add -l
    socket=$(agent_socket "$asking")
    time_of as "$asking" SSH_AUTH_SOCK="$socket" timeout 120 "$@" >"$E2E/said.$asking" 2>&1 || :
    printf '%d\n' "$took" >"$E2E/took.new.$asking"
    mv "$E2E/took.new.$asking" "$E2E/took.$asking"
}
# let_go ACCOUNT FROM TO WHAT: it was told within those seconds.
let_go() {
    wait_for 120 test -e "$E2E/took.$1"
    took=$(cat "$E2E/took.$1")
    ok "$4: not before $2 s" test "$took" -ge "$(($2 * 1000))"
    ok "$4: nor after $3 s" test "$took" -le "$(($3 * 1000 * slower))"
    note "after $took ms"
}
first() {
    status "$1" path | head -n 1
}
explained() {
    as "$1" relayctl status
}

cut_link home
for name in stopped stopped.alone stopped.frank; do
    kill -s STOP "$(pid "login.$name")"
done
asks carol &
asks dave &
asks erin ask -t 120 "$(agent_socket erin)" list list &
asks bob &
asks pat &
# It is tried again where a busy host has it wait longer than that.
for _ in 1 2 3; do
    kill -s CONT "$(pid login.stopped.frank)"
    knows in_login stopped.frank relayctl register
    kill -s STOP "$(pid login.stopped.frank)"
    rm -f "$E2E/took.frank"
    # It falls silent no sooner than a second from now.
    asked_at=$(date +%s)
    asks frank
    [ "$(cat "$E2E/took.frank")" -gt $((4000 * slower)) ] || break
done

let_go frank 1 4 'link unknown: the next is asked after 1 s'
is "$(names <"$E2E/said.frank")" older.frank 'which serves'
like "$(explained frank)" 'silent since [0-9:]+: no answer for [0-9]+ s' 'status says why'
is "$(first frank)" "$(upstream older.frank)" 'and it is asked first now'

let_go pat 5 20 'ssh stopped, link up: the next is asked after 5 s'
is "$(names <"$E2E/said.pat")" older 'which serves'
like "$(explained pat)" 'silent since [0-9:]+: no answer for [0-9]+ s, connection up' 'status says why'
is "$(status pat link | tail -n 1)" up 'and that its link is up'
ok 'the next client does not wait for it' within 1000 keys pat
kill -s CONT "$(pid login.stopped)"
back() {
    [ "$(keys pat)" = stopped ]
}
ok 'it goes on: it serves again by itself' wait_for 20 back

let_go bob 5 20 'dead behind a jump host: the next is asked after 5 s'
is "$(names <"$E2E/said.bob")" older.bob 'which serves'
is "$(status bob link | tail -n 1)" up 'for all we know its link is up'
ok 'the next client does not wait for it' within 1000 keys bob

let_go dave 30 50 'alone, link unknown: the client is let go after 30 s'
like "$(cat "$E2E/said.dave")" 'agent refused' 'and told'
restored() {
    [ "$(first frank)" = "$(upstream stopped.frank)" ]
}
ok 'link unknown: silence is forgiven' wait_for 60 restored
ok 'after 30 s' test "$(date +%s)" -ge $((asked_at + 30))

let_go carol 60 90 'alone, dead behind a jump host: the client is let go after 60 s'
like "$(cat "$E2E/said.carol")" 'agent refused' 'and told'
let_go erin 60 90 'no answer to a later question: the client is let go after 60 s'
is "$(cut -d' ' -f1 "$E2E/said.erin" | xargs)" '12 end' 'with the first answer'

finish
