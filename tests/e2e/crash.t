#!/bin/sh
# SPDX-License-Identifier: MIT
# A relay that a login started crashes: the next login starts another, which knows what it knew.

. "$(dirname "$0")/lib.sh"
world sshd
sshd 22
rc pat
patient pat

arrives one
arrives two
arrives three
as pat relayctl use "$(upstream one)"
is "$(keys pat)" one 'of three logins the first is preferred'
as pat relayctl pause --for 1h
kill -s KILL "$(relay_pid pat)"
wait_for 20 not pgrep -u pat -x relayd >/dev/null

login four
known() {
    status pat path 2>/dev/null | grep -Fqx "$(upstream "$1")"
}
ok 'killed; the next login starts another' wait_for 20 known four
in_order=$(for name in one four three two; do upstream "$name"; done)
is "$(status pat path)" "$in_order" 'which knows them all, in their order'
is "$(status pat preferred | xargs)" 'true false false false' 'and the preference'
like "$(as pat relayctl status || :)" 'paused for another (59 min|1 h)' 'and how long it is paused'
like "$(keys pat)" 'agent refused' 'so that it serves nobody'
as pat relayctl resume
is "$(keys pat)" one 'resumed: the preferred login serves'
logout one
ok 'that ends: it is forgotten' wait_for 20 not known one
is "$(keys pat)" four 'and the newest serves'

kill_relay() {
    kill -s KILL "$(relay_pid pat)"
    wait_for 20 not pgrep -u pat -x relayd >/dev/null
}
as pat SSH_AUTH_SOCK="$(upstream two)" SSH_CONNECTION='192.0.2.7 5 192.0.2.1 22' relayctl env --register >/dev/null
kill_relay
as pat SSH_AUTH_SOCK="$(upstream two)" relayctl hold </dev/null >/dev/null
ok 'killed; hold starts another, and leaves the login that it did not register' wait_for 20 known two
is "$(status pat host | grep -cFx 192.0.2.7)" 1 'what a shell said of it was kept'

finish
