#!/bin/sh
# SPDX-License-Identifier: MIT
# systemd is told what the relay does, and replaces one that is stuck.

. "$(dirname "$0")/lib.sh"
world sshd systemd
user_manager pat
# The unit's own five minutes are too long to wait for. The relay speaks up when half of it is over: what is left
# is more than a busy host stops it for.
patience=12
! in_valgrind || patience=20
mkdir -p /etc/systemd/user/relayd.service.d
printf '[Service]\nWatchdogSec=%ds\nStartLimitIntervalSec=0\n' "$patience" \
    >/etc/systemd/user/relayd.service.d/watchdog.conf
systemctl_of pat daemon-reload
systemctl_of pat start relayd.socket
sshd 22
rc pat

told() {
    systemctl_of pat show -P StatusText relayd.service | grep -Eq -- "$1"
}

ok 'the relay answers' served pat
ok 'without a login systemd is told so' wait_for 20 told '^0 logins, 0 clients$'
login one
ok 'a login comes: systemd is told which serves' wait_for 20 told '^1 login, serving 127\.0\.0\.1, 0 clients$'
start client pat ask -k -t 600 "$(agent_socket pat)" list
ok 'and how many clients there are' wait_for 20 told '1 client$'
end client

daemon=$(relay_pid pat)
started=$(date +%s)
alive_for() {
    [ $(($(date +%s) - started)) -gt "$1" ]
}
wait_for 60 alive_for $((2 * patience + 1))
is "$(relay_pid pat)" "$daemon" 'a relay that is well outlives its watchdog'
kill -s STOP "$daemon"
ok 'one that is stuck is ended' wait_for 60 gone "$daemon"
is "$(keys pat)" one 'and the next serves, with the login'

finish
