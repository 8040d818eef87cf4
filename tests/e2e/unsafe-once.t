#!/bin/sh
# SPDX-License-Identifier: MIT
# A signature is asked for once, of one agent, whatever that agent makes of it. The agents count.

. "$(dirname "$0")/lib.sh"
world
relay pat
home=$E2E/home/pat
socket=$(agent_socket pat)

# fake NAME OPTION... BEHAVIOUR: a registered agent.
fake() {
    fake=$1
    shift
    start "$fake" pat fake-agent -n "$fake" -c "$fake.count" "$@" "$fake"
    wait_for 20 test -S "$home/$fake"
    wait_for 20 as pat relayctl register "$fake" >/dev/null
}
# asked_for NAME...: the signatures that were asked for, of each.
asked_for() {
    for fake; do
        grep -c '^13 ' "$home/$fake.count" || :
    done | xargs
}

fake other good
fake spare good

# Each answers pings, so it is alive, and has the session, until it is asked for the signature.
for kind in silent half drip closing wrong oversized; do
    fake "$kind" -p "$kind"
    # A client of two seconds leaves before a busy host has asked; after five the beginning of a dripping answer comes.
    said=$(as pat ask -kt 4 "$socket" sign | xargs)
    unlike "$said" '^14 ' "$kind: no signature"
    is "$(asked_for "$kind" other spare)" '1 0 0' "$kind: it was asked, and no other"
    as pat relayctl unregister "$kind"
done

# Its pings are answered when patience with it runs out: another is asked meanwhile, or is not.
start late pat fake-agent -n late -c late.count -a 1.001 good late
wait_for 20 test -S "$home/late"
for _ in 1 2 3 4; do
    kill -s USR2 "$(pid late)"
    wait_for 20 as pat relayctl register late >/dev/null
    kill -s USR1 "$(pid late)"
    as pat ask -n 25 "$socket" sign
    as pat relayctl unregister late
done >"$E2E/answered"
is "$(sort -u "$E2E/answered")" '25 of 25 answered' 'an agent answers when the next one is asked: all are answered'
note "asked of the late, the other, the spare one: $(asked_for late other spare)"
is "$(($(asked_for late other spare | tr ' ' '+')))" 100 'each was asked for once'

finish
