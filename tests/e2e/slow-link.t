#!/bin/sh
# SPDX-License-Identifier: MIT
# The newest login is far away: 600 ms there and back, and twice that for the first answer of a
# connection. It is alive and it is the newest, so it serves, though an older one is fast.

. "$(dirname "$0")/lib.sh"
world sshd
sshd 22
far home
account bob

# Two of them side by side: by their ProxyCommand the link of the one is up, of the other unknown.
login fast
login fast.bob -l bob
wait_for 20 in_login fast relayctl register >/dev/null
wait_for 20 in_login fast.bob relayctl register >/dev/null
login slow -l bob -o ProxyCommand='delay 300 localhost 22' &
slow=$!
login_from home far -o ProxyCommand="delay 300 $(cat "$E2E/pid/net.home") 22"
wait "$slow"

alive() {
    [ "$(status "$1" state | xargs)" = 'alive alive' ]
}
# tries NAME ACCOUNT: it is registered, and clients come: one before its first answer, for whom nobody waits, and
# two after. What they get is in $early and $got, what the log says of silence meanwhile in $silent. Patience is
# at most three seconds: where a busy host has stopped a part of all that for longer, it is tried again.
tries() {
    log=/run/user/$(id -u "$2")/relayd/log
    for _ in 1 2 3 4 5; do
        from=$(($(wc -l <"$log") + 1))
        in_login "$1" relayctl register --no-wait >/dev/null || :
        early=$(keys "$2")
        wait_for 20 alive "$2" || :
        got=$(keys "$2" && keys "$2")
        silent=$(tail -n "+$from" "$log" | grep silent || :)
        [ "$(printf '%s\n' "$got" | xargs)" != "$1 $1" ] || [ -n "$silent" ] || break
    done
}
tries far pat
like "$early" '^(far|fast)$' 'link up: a client that comes before its first answer is served'
ok 'link up: it is alive' alive pat
is "$(printf '%s\n' "$got" | xargs)" 'far far' 'link up: it serves, and again'
is "$silent" '' 'and was never called silent'
tries slow bob
like "$early" '^(slow|fast.bob)$' 'link unknown: a client that comes before its first answer is served'
ok 'link unknown: it is alive' alive bob
is "$(printf '%s\n' "$got" | xargs)" 'slow slow' 'link unknown: it serves, and again'
is "$silent" '' 'and was never called silent'
is "$(status pat link | head -n 1) $(status bob link | head -n 1)" 'up unknown' 'the links are as said'

finish
