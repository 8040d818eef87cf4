#!/bin/sh
# SPDX-License-Identifier: MIT
# --raw: the newest that accepts a connection has the client, whatever is said on it.

. "$(dirname "$0")/lib.sh"
world
relay pat --raw
start one pat ssh-agent -D -a one.agent
start silent pat fake-agent silent silent.agent
wait_for 20 answers one.agent pat

like "$(as pat ask -k "$(agent_socket pat)" raw:ffff 2>&1)" 'end|reset' \
    'without an upstream a client is closed'
# Who registers it waits for the verdict no longer than a second.
is_alive() {
    as pat relayctl register one.agent | grep alive
}
ok 'an upstream that accepts is alive' wait_for 20 is_alive
like "$(keys pat)" 'no identities' 'a client talks to it'
wait_for 20 as pat relayctl register --quiet silent.agent
as pat ask -t 1 "$(agent_socket pat)" list >/dev/null 2>&1 || :
is "$(status pat served | xargs)" '1 1' \
    'a newer one that accepts has the next client, and no second is asked'
end silent
like "$(keys pat)" 'no identities' 'it ends: the other has the next'

finish
