#!/bin/sh
# SPDX-License-Identifier: MIT
# A relay whose directory was taken away, and whose place another has taken, ends with its last client, and
# leaves alone what the other keeps there.

. "$(dirname "$0")/lib.sh"
world
for agent in early late; do
    start "$agent" pat fake-agent -n "$agent" good "$agent"
    wait_for 20 test -S "$E2E/home/pat/$agent"
done
relay pat
daemon=$(pid relay.pat)
socket=$(agent_socket pat)
knows as pat relayctl register early
start client pat crowd -n 1 -e 20 -q 0 odd "$socket"
ok 'a relay has a client' wait_for 60 grep -q asking "$E2E/log/client"

# It sees nothing of it before the other one serves.
kill -s STOP "$daemon"
as pat rm -r "${socket%/*}"
start other pat relayd
wait_for 20 served pat
knows as pat relayctl register late
kill -s CONT "$daemon"
ok 'its directory is removed, and another serves there: it says so' wait_for 60 grep -q \
    'somebody else listens there now: ending with the last session' "$E2E/log/relay.pat"
is "$(status pat path)" "$E2E/home/pat/late" 'the other one knows the login that came to it'
end other
end client
ok 'the client leaves: the first relay ends' wait_for 60 gone "$daemon"

start other pat relayd
wait_for 20 served pat
is "$(status pat path)" "$E2E/home/pat/late" 'the other is started again: it knows that login still'
is "$(keys pat)" late 'and serves it'

finish
