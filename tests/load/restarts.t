#!/bin/sh
# SPDX-License-Identifier: MIT
# Restarts by a real user manager, under load: it keeps 250 open connections, of whose clients none is lost
# and none has another's answer. More than that are closed, and nothing worse.

. "$(dirname "$0")/load.sh"
not_in_valgrind 'it has clients by the hundred'
world systemd python3
user_manager pat
said() {
    sed -n "s/^\(.*, \)\{0,1\}\([0-9]*\) $1[,;].*/\2/p" "$2" | tail -n 1
}

restarts=$(short_or_long 5 100)
ok "50 clients ask through $restarts restarts" \
    storm --manager systemd --only restart --steps "$restarts" --seconds 300 --every 0.1
got=$E2E/restarts
cp "$E2E/said" "$got"
note "$(grep ' asked, ' "$got")"
is "$(said failed "$got") $(said wrong "$got") $(said lost "$got") $(said closed "$got") $(said refused "$got")" '0 0 0 0 0' \
    'none is lost'
figure "$restarts restarts by systemd, 50 clients: questions asked" \
    "$(said asked "$got"), $(said lost "$got") lost, $(said closed "$got") clients closed"

systemctl_of pat start relayd.socket relayd.service
start good pat agents good. 1
wait_for 20 test -S "$E2E/home/pat/good.1"
as pat relayctl unregister --all
wait_for 20 as pat relayctl register good.1 >/dev/null
start crowd pat crowd -n 300 -e 20 -q 0 both "$(agent_socket pat)"
ok '300 clients ask' wait_for 60 grep -q asking "$E2E/log/crowd"
for round in 1 2; do
    daemon=$(relay_pid pat)
    time_of systemctl_of pat restart relayd.service
    note "restarted in $took ms"
    unlike "$(relay_pid pat)" "^$daemon\$" "the relay is restarted ($round)"
done
as pat crowd -n 1 both "$(agent_socket pat)" >"$E2E/one"
is "$(said answered "$E2E/one")" 2 'the next client is served'
sessions() {
    [ "$(as pat relayctl status --json | sed -n 's/^  "sessions": \([0-9]*\).*/\1/p')" = 250 ]
}
ok '250 are still there' wait_for 20 sessions
stored() {
    [ "$(systemctl_of pat show -P NFileDescriptorStore relayd.service)" = 0 ]
}
ok 'systemd keeps none' wait_for 20 stored
end crowd
note "$(tail -n 1 "$E2E/log/crowd")"
is "$(said wrong "$E2E/log/crowd") $(said closed "$E2E/log/crowd")" '0 50' 'and no answer was wrong'

finish
