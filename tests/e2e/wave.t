#!/bin/sh
# SPDX-License-Identifier: MIT
# Two hundred clients at once, at the moment when the newest login falls silent.

. "$(dirname "$0")/lib.sh"
world sshd
sshd 22
rc pat
far train
arrives older
login_from train newer
wait_for 20 newest pat "$(upstream newer)"
socket=$(agent_socket pat)
daemon=$(relay_pid pat)

descriptors() {
    find "/proc/$daemon/fd" -mindepth 1 | wc -l
}
before=$(descriptors)
back_to_before() {
    [ "$(descriptors)" -le "$before" ]
}

time_of as pat ask -n 200 "$socket" list >"$E2E/got"
is "$(cat "$E2E/got")" '200 of 200 answered' 'two hundred at once are answered'
usual=$took
cut_link train
time_of as pat ask -n 200 -t 60 "$socket" list >"$E2E/got"
is "$(cat "$E2E/got")" '200 of 200 answered' 'two hundred more, when the link of the newest login dies'
note "in $usual ms, and with the dead link in $took ms"
ok 'as soon as one would be' test "$took" -lt $((4000 * slower + 4 * usual))
is "$(status pat path | head -n 1)" "$(upstream older)" 'by the older login'
is "$(as pat ask -n 200 -t 60 "$socket" sign)" '200 of 200 answered' 'two hundred that sign too'
ok 'none of the connections stays' wait_for 20 back_to_before
is "$(relay_pid pat)" "$daemon" 'the relay is the same process as before'

finish
