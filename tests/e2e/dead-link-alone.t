#!/bin/sh
# SPDX-License-Identifier: MIT
# The only login's link is dead: its client is let go after dead-after, and not before; a link that
# comes back meanwhile brings the answer.

. "$(dirname "$0")/lib.sh"
world sshd
sshd 22
far desert
far tunnel
account bob
# Which it has back in time, however long that takes here.
as bob sh -c 'mkdir -p .config && echo dead-after 50s >.config/relayd.conf'
login_from desert lost
login_from tunnel found -l bob
knows in_login lost relayctl register
knows in_login found relayctl register

# asks ACCOUNT: a client in the background; leaves what it says, and how many milliseconds it took.
asks() {
    time_of keys "$1" >"$E2E/said.$1"
    printf '%d\n' "$took" >"$E2E/took.$1"
}

cut_link desert
cut_link tunnel
asks pat &
lost=$!
asks bob &
found=$!
down() {
    [ "$(status pat link)" = down ]
}
ok 'while a client waits its link is found to be down' wait_for 20 down
# That is how long the tunnel is, not a wait for something.
sleep 4
is_early() {
    [ -s "$E2E/took.pat" ] && [ "$(cat "$E2E/took.pat")" -lt 10000 ]
}
ok 'and the client waits on' not is_early
mend_link tunnel

wait "$found"
is "$(cat "$E2E/said.bob")" found 'the link comes back: the answer arrives'
note "after $(cat "$E2E/took.bob") ms"

wait "$lost"
like "$(cat "$E2E/said.pat")" 'agent refused' 'it does not come back: the client is told'
took=$(cat "$E2E/took.pat")
note "after $took ms"
ok 'not before 10 s' test "$took" -ge 10000
ok 'nor long after' test "$took" -lt $((25000 * slower))
is "$(status pat state)" silent 'its login is silent'

# It is all there is, so it is still tried, and the answer that it has now forgives it.
mend_link desert
served() {
    [ "$(keys pat)" = lost ]
}
ok 'the link comes back after all: it serves' wait_for 60 served
is "$(status pat state)" alive 'and is alive'

finish
