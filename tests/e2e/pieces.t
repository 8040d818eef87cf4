#!/bin/sh
# SPDX-License-Identifier: MIT
# Questions in whatever pieces and whatever haste, to a real agent: each is answered, in order; and
# who has shut down its side after asking has the answer still.

. "$(dirname "$0")/lib.sh"
world sshd
sshd 22
rc pat
arrives one
add_key one careful -c
socket=$(agent_socket pat)
direct=$(upstream one)
sign=$(sign_question "$E2E/home/laptop/one.pub")

wanted=$(as pat ask "$direct" list "$sign" extension:unknown)
is "$(as pat ask "$socket" list "$sign" extension:unknown)" "$wanted" \
    'a listing, a signature and a refusal, as without the relay'
is "$(as pat ask -b "$socket" list "$sign" extension:unknown)" "$wanted" 'byte by byte'
is "$(as pat ask -p "$socket" list "$sign" extension:unknown)" "$wanted" 'at once'
is "$(as pat ask -bp "$socket" list "$sign" extension:unknown)" "$wanted" 'at once, byte by byte'

# many WORD...: the same 200 times.
many() {
    for _ in $(seq 200); do
        printf '%s\n' "$@"
    done
}
# shellcheck disable=SC2046 # a list
as pat ask -p "$socket" $(many list "$sign" extension:unknown) >"$E2E/answers"
many "$wanted" >"$E2E/wanted"
ok '600 questions before the first answer is read: 600 answers, in order' cmp "$E2E/wanted" "$E2E/answers"

is "$(as pat ask -hkp "$socket" "$sign" list "$sign" | cut -d ' ' -f 1 | xargs)" '14 12 14 end' \
    'who has shut down its side has all it asked for, and then the end'
start half pat ask -hk -t 60 "$socket" "$(sign_question "$E2E/home/laptop/careful.pub")"
ok 'even where a person is asked first' wait_for 20 test -e "$E2E/shared/asked"
ok 'who takes their time' not gone "$(pid half)"
touch "$E2E/shared/confirm"
ok 'the client ends' wait_for 20 gone "$(pid half)"
is "$(cut -d ' ' -f 1 "$E2E/log/half" | xargs)" '14 end' 'with the signature'

finish
