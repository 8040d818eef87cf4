#!/bin/sh
# SPDX-License-Identifier: MIT
# A login that ends while its agent owes an answer takes one client with it, and no more.

. "$(dirname "$0")/lib.sh"
world sshd
patient
sshd 22
rc pat

arrives one
arrives two
add_key two careful -c
as pat cp "$E2E/home/laptop/careful.pub" "$E2E/home/laptop/one.pub" .
printf 'a message\n' >"$E2E/home/pat/message"

sign() {
    start sign pat SSH_AUTH_SOCK="$(agent_socket pat)" ssh-keygen -Y sign -n file -f careful.pub message
    wait_for 20 test -e "$E2E/shared/asked"
}

sign
ok 'a client waits for the person at the prompt' not gone "$(pid sign)"
touch "$E2E/shared/confirm"
ok 'and has its signature' wait_for 20 test -s "$E2E/home/pat/message.sig"
ok 'and ends' wait_for 20 gone "$(pid sign)"

rm -f "$E2E/shared/confirm" "$E2E/shared/asked" "$E2E/home/pat/message.sig"
sign
ok 'a second waits' not gone "$(pid sign)"
daemon=$(relay_pid pat)
end login.two KILL
ok 'its login ends: the client ends' wait_for 20 gone "$(pid sign)"
ok 'without a signature' not test -e "$E2E/home/pat/message.sig"

is "$(keys pat)" one 'the next client has the other login'
ok 'which signs' through pat ssh-keygen -q -Y sign -n file -f one.pub message
is "$(relay_pid pat)" "$daemon" 'the relay is the same process as before'

rm -f "$E2E/shared/confirm" "$E2E/shared/asked" "$E2E/home/pat/message.sig"
add_key one careful -c
sign
kill -s USR2 "$daemon"
ok 'told to hand over, with nobody to hand to: it refuses new clients' wait_for 20 test ! -e "$(agent_socket pat)"
touch "$E2E/shared/confirm"
ok 'and waits for the answer' wait_for 20 gone "$(pid sign)"
ok 'which is a signature' test -s "$E2E/home/pat/message.sig"
ok 'and ends then' wait_for 20 gone "$daemon"

finish
