#!/bin/sh
# SPDX-License-Identifier: MIT
# An agent with 500 keys, whose listing is as large as a frame may be, 262144 bytes. A byte more,
# either way, ends the session.

. "$(dirname "$0")/lib.sh"
world sshd
sshd 22
rc pat
arrives one
socket=$(agent_socket pat)
direct=$(upstream one)

# add FIRST LAST LENGTH: keys with comments of that length, through the relay.
add() {
    # shellcheck disable=SC2046 # a list
    as pat ask -p "$socket" $(made_up_keys "$@") | sort | uniq -c | xargs
}
listed() {
    as pat SSH_AUTH_SOCK="$1" timeout 60 ssh-add -l 2>&1 || :
}

# Beside its comment a key takes 59 bytes of the listing, and the listing 5.
rest=$((262144 - 5 - (59 + 3) - 499 * (59 + 465) - 59))
is "$(add 1 499 465)" '499 6 1' '499 keys are added at one go'
is "$(add 500 500 "$rest")" '1 6 1' 'and one more'
is "$(as pat ask "$socket" list)" '12 262144' 'their listing is as large as a frame may be'
listed "$direct" >"$E2E/directly"
listed "$socket" >"$E2E/through"
is "$(wc -l <"$E2E/through")" 501 'ssh-add -l lists them all, and the first'
ok 'as it does without the relay' cmp "$E2E/directly" "$E2E/through"
ok 'the first signs' through pat ssh localhost true

is "$(as pat ask "$direct" frame:13:262144)" '5 1' 'the agent reads a question of that size'
is "$(as pat ask "$socket" frame:13:262144)" '5 1' 'and so it does through the relay'
is "$(as pat ask -p "$socket" list frame:13:262144 list frame:27:262144 list | xargs)" \
    '12 262144 5 1 12 262144 5 1 12 262144' 'many such, both ways at once'
# What is still being written then is refused.
ended='(unsent: [A-Za-z ]* )?(end|Connection reset by peer)$'
like "$(as pat ask "$direct" frame:13:262145 | xargs)" "^$ended" 'a larger one ends the connection to the agent'
like "$(as pat ask "$socket" frame:13:262145 | xargs)" "^$ended" 'and the session with the relay'
like "$(as pat relayctl why)" 'the client does not speak the agent protocol$' 'which says why'
like "$(as pat ask "$socket" list frame:13:262145 | xargs)" "^12 262144 $ended" 'also later in it'

as pat ask "$socket" hex:13 >/dev/null
is "$(add 1 499 465)" '499 6 1' 'other keys'
is "$(add 500 500 "$((rest + 63))")" '1 6 1' 'whose listing is a byte too large'
is "$(as pat ask "$direct" list)" 'frame of 262145' 'the agent sends it'
# Agents before OpenSSH 10.3 know nothing of the query.
like "$(as pat ask "$socket" extension:query list | xargs)" '^(5 1|29 [0-9]*) end$' 'the session ends there'
like "$(as pat relayctl why)" "its answer was not the agent protocol\$" 'the relay says why'
ok 'ssh-add -l fails' not through pat ssh-add -l
is "$(status pat state)" silent 'and remembers it'
as pat ask "$direct" hex:13 >/dev/null
is "$(add 1 1 1)" '1 6 1' 'and serves again'
is "$(as pat ask "$socket" list)" '12 65' 'when the keys are fewer'

finish
