#!/bin/sh
# SPDX-License-Identifier: MIT
# An upgrade of the relay goes unnoticed: under systemd, open connections outlive its restart.

. "$(dirname "$0")/lib.sh"
world sshd systemd tmux
patient
user_manager pat
systemctl_of pat start relayd.socket
sshd 22
rc pat
arrives one
arrives two
logout two
wait_for 20 newest pat "$(upstream one)"
arrives three
as pat relayctl use "$(upstream one)"
wait_for 20 as pat relayctl register --label laptop --fallback "$(upstream three)" >/dev/null
stored() {
    systemctl_of pat show -P NFileDescriptorStore relayd.service
}
registry() {
    as pat relayctl status --json | grep -E '"(id|path|label|host|pid|fallback|preferred)":' | tail -n +2
}
known=$(registry)

terminal pane pat SSH_AUTH_SOCK="$(agent_socket pat)"
cat >"$E2E/shared/loop" <<'END'
while [ ! -e "$1/stop" ]; do
    ssh-add -l >"$1/got" 2>&1 || cp "$1/got" "$1/noticed"
done
touch "$1/ended"
END
tmux_of pane send-keys "mkdir loop; sh $E2E/shared/loop loop" Enter
ok 'in a pane ssh-add -l runs in a loop' wait_for 20 test -s "$E2E/home/pat/loop/got"

start crowd pat crowd -n 50 -e 20 -q 0 odd "$(agent_socket pat)"
began=$(date +%s)
ok '50 clients ask every 20 ms' wait_for 60 grep -q asking "$E2E/log/crowd"
start idle pat ask -k -t 600 "$(agent_socket pat)"

# As `make install` does it: the old file goes, the new one takes its name.
install "$E2E/bin/relayd" "$E2E/bin/relayd.new"
for round in 1 2 3; do
    daemon=$(relay_pid pat)
    mv "$E2E/bin/relayd.new" "$E2E/bin/relayd"
    install "$E2E/bin/relayd" "$E2E/bin/relayd.new"
    time_of systemctl_of pat restart relayd.service
    unlike "$(relay_pid pat)" "^$daemon\$" "the relay is installed anew and restarted ($round)"
    note "in $took ms"
done
ten_seconds() {
    [ $(($(date +%s) - began)) -gt 10 ]
}
wait_for 20 ten_seconds
ok 'a client that has asked nothing yet is there still' not gone "$(pid idle)"
is "$(stored)" 0 'the store of systemd is empty again'
kill "$(pid crowd)"
wait_for 60 gone "$(pid crowd)"
note "$(cat "$E2E/log/crowd")"
like "$(tail -n 1 "$E2E/log/crowd")" ' 0 failed, 0 wrong, 0 lost, 0 closed,' 'every answer was the right one'
is "$(tail -n 1 "$E2E/log/crowd" | awk '{ print $1 - $3 }')" 0 'and every question was answered once'
ok 'each client many times' test "$(tail -n 1 "$E2E/log/crowd" | awk '{ print $3 }')" -gt 500

touch "$E2E/home/pat/loop/stop"
wait_for 60 test -e "$E2E/home/pat/loop/ended"
ok 'the loop in the pane noticed nothing' not test -e "$E2E/home/pat/loop/noticed"
is "$(registry)" "$known" 'the registry is what it was, in its order, with what is preferred'
logout one
ok 'a login that ends is noticed' wait_for 20 newest pat "$(upstream three)"
is "$(systemctl_of pat is-failed relayd.service)" active 'and the service is well'

finish
