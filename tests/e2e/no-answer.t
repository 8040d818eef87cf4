#!/bin/sh
# SPDX-License-Identifier: MIT
# Who does not answer is waited for so long, and no longer: the agent of a new login, a program at the control
# socket, an agent that owes an answer when relayd is told to end. All of them at once.

. "$(dirname "$0")/lib.sh"
world python3
account bob

start mute pat fake-agent silent mute
start owing bob fake-agent -c questions -p silent owing
wait_for 20 test -S "$E2E/home/pat/mute"
wait_for 20 test -S "$E2E/home/bob/owing"
relay pat
relay bob

start idler pat python3 -c '
import socket, sys, time
control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
began = time.monotonic()
control.connect(sys.argv[1])
control.recv(1)
print(round(time.monotonic() - began), flush=True)' "$(dirname "$(agent_socket pat)")/control.sock"

wait_for 20 as bob relayctl register owing >/dev/null
start client bob ask -t 60 "$(agent_socket bob)" sign
wait_for 20 grep -qs '^13 ' "$E2E/home/bob/questions"
kill "$(pid relay.bob)"
wait_for 20 grep -q 'stopping' "$E2E/log/relay.bob"
kill "$(pid relay.bob)"

# The relay has no verdict after 0.8 s, and on a busy host says so too late for who waits one second.
said_in_time() {
    as pat relayctl register mute >"$E2E/got" 2>&1
}
ok 'a login whose agent says nothing is registered' wait_for 20 said_in_time
like "$(cat "$E2E/got")" 'no answer yet' 'and it is said to say nothing'
is "$(status pat state)" untried 'it is asked when there is no other'

register_again() {
    as pat relayctl register mute >"$E2E/again" 2>&1 && printf '0\n' >"$E2E/result" || printf '%d\n' $? >"$E2E/result"
}
ok 'after ten seconds relayd no longer waits for it' \
    wait_for 30 grep -q 'registered: no answer yet' "$E2E/log/relay.pat"
pings() {
    grep -c 'connecting -> asking' "$E2E/log/relay.pat"
}
pinged() {
    [ "$(pings)" -gt "$before" ]
}
# It is waited for no longer than a second, and on a busy host to unregister takes longer than that.
for _ in 1 2 3 4 5 6 7 8 9 10; do
    rm -f "$E2E/result"
    before=$(pings)
    register_again &
    wait_for 20 pinged
    as pat relayctl unregister mute
    wait_for 20 test -s "$E2E/result"
    [ "$(cat "$E2E/result")" != 1 ] || break
done
is "$(cat "$E2E/result")" 1 'unregistered while it is waited for: that is no success'
like "$(cat "$E2E/again")" 'its login has ended' 'and said to whoever registered it'

ok 'a program that asks nothing at the control socket' wait_for 30 test -s "$E2E/log/idler"
like "$(cat "$E2E/log/idler")" '^1[0-9]$' 'is closed after ten seconds'

ok 'told twice to end, a relay that owes an answer ends' wait_for 30 gone "$(pid relay.bob)"
like "$(cat "$E2E/log/relay.bob")" '1 sign in ([5-9]|1[0-9])\.[0-9]* s: relayd is stopping' \
    'when the answer has not come for five seconds'
is "$(grep -c stopping: "$E2E/log/relay.bob")" 1 'and begins that once'

finish
