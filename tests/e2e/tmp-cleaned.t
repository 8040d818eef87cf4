#!/bin/sh
# SPDX-License-Identifier: MIT
# Where there is no /run/user/UID a relay lives in /tmp, which cleaners sweep by age and people by
# hand: whatever they take is made again, alone or with the directory.

. "$(dirname "$0")/lib.sh"
world
rm -rf "/run/user/$(id -u pat)"
start good pat fake-agent -n good good good
wait_for 20 test -S "$E2E/home/pat/good"
wait_for 20 as pat relayctl register good >/dev/null
directory=/tmp/relayd-$(id -u pat)
is "$(agent_socket pat)" "$directory/agent.sock" 'a login starts a relay in /tmp'
daemon=$(relay_pid pat)

whole() {
    for file in agent.sock control.sock lock log upstreams; do
        [ -e "$directory/$file" ] || return 1
    done
}
has_keys() {
    [ "$(keys pat)" = "$1" ]
}
# stays WHAT: the relay has lost nothing by it.
stays() {
    ok "$1: it is made again" wait_for 30 whole
    ok "$1: the login serves" wait_for 20 has_keys good
    is "$(relay_pid pat)" "$daemon" "$1: the relay is the same"
    said=$(as pat timeout 20 relayd 2>&1) || :
    like "$said" "runs here already: pid $daemon" "$1: no second one may start"
}

for file in agent.sock control.sock lock log upstreams; do
    rm "$directory/$file"
    stays "$file is removed"
done
# What is made again too soon is in the way of what is removed last.
rm -rf "$directory" || :
stays 'all of it is removed'
is "$(stat -c '%a %U' "$directory")" '700 pat' 'and is private'
mv "$directory" "$directory.away"
stays 'it is moved away'
like "$(cat "$directory/log")" 'agent.sock: was gone, made again' 'the new log tells'

kill -s KILL "$daemon"
wait_for 20 gone "$daemon"
as pat relayctl register --no-start good >/dev/null 2>&1 && result=0 || result=$?
is "$result" 2 'the relay is killed'
start other pat fake-agent -n other good other
wait_for 20 test -S "$E2E/home/pat/other"
wait_for 20 as pat relayctl register other >/dev/null
is "$(status pat path | xargs)" "$E2E/home/pat/other $E2E/home/pat/good" \
    'the next one knows what had been registered'

finish
