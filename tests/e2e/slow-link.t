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

# Nobody waits until its ping has come back.
wait_for 20 in_login slow relayctl register --no-wait >/dev/null
wait_for 20 in_login far relayctl register --no-wait >/dev/null
like "$(keys pat)" '^(far|fast)$' 'link up: a client that comes before its first answer is served'
like "$(keys bob)" '^(slow|fast.bob)$' 'link unknown: a client that comes before its first answer is served'
alive() {
    [ "$(status "$1" state | xargs)" = 'alive alive' ]
}
ok 'link up: it is alive' wait_for 20 alive pat
ok 'link unknown: it is alive' wait_for 20 alive bob
is "$(status pat link | head -n 1) $(status bob link | head -n 1)" 'up unknown' 'the links are as said'

is "$(keys pat)" far 'link up: it serves'
is "$(keys pat)" far 'and again'
is "$(keys bob)" slow 'link unknown: it serves'
is "$(keys bob)" slow 'and again'
for name in pat bob; do
    unlike "$(cat "/run/user/$(id -u "$name")/relayd/log")" silent "$name: it was never called silent"
done

finish
