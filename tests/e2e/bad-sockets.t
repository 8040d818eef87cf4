#!/bin/sh
# SPDX-License-Identifier: MIT
# What cannot be registered: each is refused with its cause, and takes nothing with it.

. "$(dirname "$0")/lib.sh"
world
patient pat
relay pat
home=$E2E/home/pat

# fake NAME BEHAVIOUR: a socket of that name in pat's home.
fake() {
    start "$1" pat fake-agent -n "$1" "$2" "$1"
    wait_for 20 test -S "$home/$1"
}

# refused SOCKET CAUSE WHAT
refused() {
    answer as pat relayctl register "$1"
    is "$result" 1 "$3: refused"
    like "$said" "^relayctl: $1: .*($2)" "$3: the cause is told"
}

fake good good
ok 'a good agent is registered' knows as pat relayctl register good

as pat touch file
refused "$home/file" 'not a socket' 'a file'
refused "$home/missing" 'No such file' 'a missing file'
as pat ln -s missing link
refused "$home/link" 'No such file' 'a dangling link'
refused "$(agent_socket pat)" 'this relay|own' 'the agent socket itself'
as pat ln -s "$(agent_socket pat)" loop
refused "$home/loop" 'this relay|own' 'a link to the agent socket'
said=$(as pat relayctl register '' 2>&1) && result=0 || result=$?
is "$result" 1 'an empty name: refused'

start theirs laptop fake-agent good "$E2E/shared/theirs"
wait_for 20 test -S "$E2E/shared/theirs"
chmod 777 "$E2E/shared/theirs"
refused "$E2E/shared/theirs" 'another user|not ours|not yours' 'a socket of another user'

as pat mkdir -m 777 open
start open pat fake-agent good "$home/open/agent"
wait_for 20 test -S "$home/open/agent"
refused "$home/open/agent" 'others can write' 'a directory that others can write'
as pat chmod 1777 open
ok 'a sticky one is accepted' knows as pat relayctl register open/agent
as pat relayctl unregister open/agent

fake dead good
end dead KILL
refused "$home/dead" 'refused|nobody|listens' 'a socket that nobody listens on'

for kind in nonsense oversized; do
    fake "$kind" "$kind"
    refused "$home/$kind" 'agent protocol|no agent' "a socket that is $kind"
done

# Kept as silent or refused: either way it must not be used, nor eat the relay's memory.
fake endless endless
as pat relayctl register endless >/dev/null 2>&1 || :
is "$(keys pat)" good 'answers without end: the good agent serves'
resident=$(ps -o rss= -p "$(relay_pid pat)")
ok 'and are not collected' test "$resident" -lt 200000

# A connection to a long path goes through the descriptor that pins it.
long=$home/$(printf '%0120d' 0)
as pat mkdir "$long"
as pat sh -c "cd '$long' && exec fake-agent -n long good agent" &
wait_for 20 test -S "$long/agent"
ok 'a path of more than 107 bytes is registered' knows as pat relayctl register "$long/agent"
is "$(keys pat)" long 'and serves'
as pat relayctl unregister "$long/agent"

is "$(keys pat)" good 'after all that the good agent serves'
ok 'and is alive' grep -qx alive <<END
$(status pat state)
END

finish
