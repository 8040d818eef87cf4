#!/bin/sh
# SPDX-License-Identifier: MIT
# The relay keeps its place: a socket that is removed is made again, one that is taken is left alone.

. "$(dirname "$0")/lib.sh"
world
relay pat
start good pat fake-agent -n good good good
wait_for 20 test -S "$E2E/home/pat/good"
knows as pat relayctl register good
socket=$(agent_socket pat)
daemon=$(pid relay.pat)

has_keys() {
    [ "$(keys pat)" = "$1" ]
}

rm "$socket"
ok 'the agent socket is removed: it is made again' wait_for 30 has_keys good
rm "${socket%/*}/control.sock"
ok 'the control socket is removed: it is made again' wait_for 30 served pat
is "$(status pat path)" "$E2E/home/pat/good" 'by the same relay'
ok 'which runs' not gone "$daemon"
rm "${socket%/*}/lock"
ok 'the lock is removed: it is made again' wait_for 30 test -e "${socket%/*}/lock"
like "$(as pat relayd 2>&1)" "already: pid $daemon" 'and held: no other relay starts'

# in_the_way SOCKET: a directory takes its place. The relay, which would make it again, sees nothing of it before.
in_the_way() {
    kill -s STOP "$daemon"
    rm "$1"
    as pat mkdir "$1"
    kill -s CONT "$daemon"
}
# Where a bind mount comes first, docker makes a directory.
in_the_way "$socket"
ok 'a directory stands in its place: the relay says so' wait_for 30 grep -Fq \
    "$socket: cannot be made again: a directory stands where the socket should be: remove it" "$E2E/log/relay.pat"
ok 'the control socket serves on' served pat
like "$(as pat relayctl || echo "exit $?")" 'a directory stands where the socket should be: remove it' \
    'the status says so'
ok 'and that no client is served' not as pat relayctl -q
as pat rmdir "$socket"
ok 'the directory is removed: the socket is made again' wait_for 30 has_keys good
control=${socket%/*}/control.sock
in_the_way "$control"
like "$(as pat relayctl 2>&1 || echo "exit $?")" "^relayctl: $control: what stands there is not a socket: remove it\$" \
    "one in the control socket's place: the status names it"
like "$(as pat relayctl register good 2>&1 || echo "exit $?")" "^relayctl: $control: what stands there is not a socket: remove it\$" \
    'so does a login, which starts no other relay'
as pat rmdir "$control"
ok 'it is removed: the control socket is made again' wait_for 60 served pat
end relay.pat
as pat mkdir "$socket"
is "$(as pat timeout 20 relayd 2>&1)" \
    "relayd: $socket: a directory stands where the socket should be: remove it" 'nor does one start there'
as pat rmdir "$socket"
relay pat
daemon=$(pid relay.pat)
wait_for 30 has_keys good

start other pat fake-agent -n other good "$socket.other"
wait_for 20 test -S "$socket.other"
as pat mv "$socket.other" "$socket"
ok 'another live socket stands there: it is left alone' wait_for 30 has_keys other
ok 'and the relay ends' wait_for 60 gone "$daemon"
is "$(keys pat)" other 'the other one serves on'

finish
