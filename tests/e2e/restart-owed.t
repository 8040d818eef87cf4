#!/bin/sh
# SPDX-License-Identifier: MIT
# The relay is restarted while a signature waits for a person at a prompt: the signature is not lost.

. "$(dirname "$0")/lib.sh"
world sshd systemd
patient
user_manager pat
systemctl_of pat start relayd.socket
sshd 22
rc pat
arrives one
add_key one careful -c
as pat cp "$E2E/home/laptop/careful.pub" .
printf 'a message\n' >"$E2E/home/pat/message"

sign() {
    rm -f "$E2E/shared/confirm" "$E2E/shared/asked" "$E2E/home/pat/message.sig"
    start sign pat SSH_AUTH_SOCK="$(agent_socket pat)" ssh-keygen -Y sign -n file -f careful.pub message
    wait_for 20 test -e "$E2E/shared/asked"
}

sign
for round in 1 2; do
    daemon=$(relay_pid pat)
    systemctl_of pat restart relayd.service
    unlike "$(relay_pid pat)" "^$daemon\$" "the relay is restarted while a person is asked ($round)"
done
ok 'the client waits still' not gone "$(pid sign)"
like "$(as pat relayctl status --json)" '"sessions": 1' 'and the relay knows of it'
touch "$E2E/shared/confirm"
ok 'the person confirms: the client ends' wait_for 20 gone "$(pid sign)"
like "$(as pat ssh-keygen -Y check-novalidate -n file -s message.sig <"$E2E/home/pat/message" 2>&1)" \
    'Good "file" signature' 'with a good signature'

stopping() {
    [ "$(systemctl_of pat show -P SubState relayd.service)" = stop-sigterm ]
}
# It is waited for five seconds: a busy host may need longer to see that the relay is told to stop.
for _ in 1 2 3 4 5; do
    sign
    systemctl_of pat stop relayd.service 2>/dev/null &
    stopper=$!
    wait_for 20 stopping || :
    touch "$E2E/shared/confirm"
    wait_for 20 gone "$(pid sign)"
    wait "$stopper"
    [ ! -s "$E2E/home/pat/message.sig" ] || break
done
ok 'at a stop the answer is waited for' test -s "$E2E/home/pat/message.sig"

sign
systemctl_of pat restart relayd.service
end login.one KILL
ok 'a login that ends after the restart still ends its client' wait_for 20 gone "$(pid sign)"

finish
