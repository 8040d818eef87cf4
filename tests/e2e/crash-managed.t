#!/bin/sh
# SPDX-License-Identifier: MIT
# A crash of the relay costs the open connections, cleanly, and nothing else.

. "$(dirname "$0")/lib.sh"
world sshd systemd
user_manager pat
systemctl_of pat start relayd.socket
sshd 22
rc pat
patient pat
arrives one
arrives two
knows as pat relayctl register --label laptop "$(upstream one)"
before=$(status pat path; status pat label)

# Sessions that have come from another process are no other than those that were begun here.
start crowd pat crowd -n 50 -e 20 -q 0 odd "$(agent_socket pat)"
ok '50 clients ask every 20 ms' wait_for 60 grep -q asking "$E2E/log/crowd"
systemctl_of pat restart relayd.service
daemon=$(relay_pid pat)
kill -s KILL "$daemon"
is "$(keys pat)" one 'the relay is killed: the next client is served'
unlike "$(relay_pid pat)" "^$daemon\$" 'by another'
is "$(status pat path; status pat label)" "$before" 'which knows the same logins in the same order'
stores_nothing() {
    [ "$(systemctl_of pat show -P NFileDescriptorStore relayd.service)" = 0 ]
}
ok 'systemd keeps no connection' wait_for 20 stores_nothing
wait_for 60 gone "$(pid crowd)"
note "$(cat "$E2E/log/crowd")"
like "$(tail -n 1 "$E2E/log/crowd")" ' 0 wrong, [0-9]* lost, 50 closed,' \
    'each client had its answers, or was closed, and none had a wrong or a second one'

finish
