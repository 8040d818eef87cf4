#!/bin/sh
# SPDX-License-Identifier: MIT
# Other users: not as clients, and not in the place of a login that ended.

. "$(dirname "$0")/lib.sh"
world
relay pat
agent=$(agent_socket pat)
control=${agent%/*}/control.sock

as pat ssh-keygen -q -t ed25519 -N '' -C mine -f key
as pat ssh-agent -a /tmp/pat.agent >/dev/null
as pat SSH_AUTH_SOCK=/tmp/pat.agent ssh-add -q key
wait_for 20 as pat relayctl register /tmp/pat.agent >/dev/null
is "$(keys pat)" mine 'pat is served'

like "$(as laptop ask "$agent" list 2>&1)" 'Permission denied' 'another user cannot reach the agent socket'
like "$(as laptop ask -s "$control" text:status 2>&1)" 'Permission denied' \
    'nor the control socket'

# Past the permissions of the directory there is still the check of the peer.
trespass() {
    setpriv --reuid laptop --regid laptop --clear-groups \
        --inh-caps +dac_override --ambient-caps +dac_override ask "$@" 2>&1
}
like "$(trespass "$agent" list)" '^(end|Connection reset by peer)$' \
    'another user with the right to open anything is closed at the agent socket'
like "$(as pat relayctl why)" "client [0-9]+ \(ask, uid $(id -u laptop)\): refused: not our user\$" 'why tells of it'
like "$(cat "$E2E/log/relay.pat")" "client [0-9]+ \(ask, uid $(id -u laptop)\): refused: not our user\$" 'so does the log'
unlike "$(trespass -ks "$control" text:status)" '^ok|path=' 'and learns nothing at the control socket'
like "$(ask "$agent" list)" '^12 ' 'root is served'
like "$(ask -ks "$control" text:status)" '^ok' 'at the control socket too'

# The login's file is left behind, removed, and made again by somebody else.
as pat pkill -KILL -u pat -x ssh-agent
rm /tmp/pat.agent
start thief laptop fake-agent -n stolen -c asked good /tmp/pat.agent
wait_for 20 test -S /tmp/pat.agent
chmod 777 /tmp/pat.agent
ok 'another user binds the path of a login that ended: it serves nobody' not through pat ssh-add -l
ok 'nor is it asked anything' not test -s "$E2E/home/laptop/asked"
ok 'register refuses it' not as pat relayctl register /tmp/pat.agent
end relay.pat
relay pat
ok 'a restart does not take it for the old one' not through pat ssh-add -l
ok 'nor asks it' not test -s "$E2E/home/laptop/asked"

finish
