#!/bin/sh
# SPDX-License-Identifier: MIT
# A restart under systemd keeps 250 open connections; more than that are closed, and nothing worse.

. "$(dirname "$0")/lib.sh"
world systemd
user_manager pat
systemctl_of pat start relayd.socket
start agent pat ssh-agent -D -a "$E2E/home/pat/agent"
wait_for 20 test -S "$E2E/home/pat/agent"
as pat relayctl register agent >/dev/null

start steady pat steady 300 "$(agent_socket pat)"
ok '300 clients ask' wait_for 60 grep -q asking "$E2E/log/steady"
for round in 1 2; do
    daemon=$(relay_pid pat)
    time_of systemctl_of pat restart relayd.service
    note "restarted in $took ms"
    unlike "$(relay_pid pat)" "^$daemon\$" "the relay is restarted ($round)"
done
like "$(keys pat)" 'no identities' 'the next client is served'
is "$(as pat relayctl status --json | sed -n 's/^  "sessions": \([0-9]*\).*/\1/p')" 250 '250 are still there'
is "$(systemctl_of pat show -P NFileDescriptorStore relayd.service)" 0 'systemd keeps none'
kill "$(pid steady)"
wait_for 60 gone "$(pid steady)"
note "$(cat "$E2E/log/steady")"
like "$(tail -n 1 "$E2E/log/steady")" ' 0 wrong, 50 closed$' 'and no answer was wrong'

finish
