#!/bin/sh
# SPDX-License-Identifier: MIT
# The line that `systemctl status` shows is true, and told at most once a second, however many
# clients come and go.

. "$(dirname "$0")/lib.sh"
world sshd systemd strace
user_manager pat
systemctl_of pat start relayd.socket
sshd 22
rc pat
arrives laptop
wait_for 20 in_login laptop relayctl register --label laptop >/dev/null

told() {
    [ "$(systemctl_of pat show -P StatusText relayd.service)" = "$1" ]
}
ok 'it has the login' wait_for 20 told '1 login, serving laptop (127.0.0.1), 0 clients'

daemon=$(relay_pid pat)
began=$(date +%s)
trace "$daemon" -s 200 -e trace=sendmsg -o "$E2E/trace"
# crowd_for SECONDS: clients come and go, in all so long.
crowd_for() {
    through pat ask -n 100 "$(agent_socket pat)" list >"$E2E/got" && [ $(($(date +%s) - began)) -gt "$1" ]
}
ok 'many clients come and go' wait_for 60 crowd_for 4
start client pat ask -k -t 600 "$(agent_socket pat)" list
ok 'and one stays' wait_for 20 told '1 login, serving laptop (127.0.0.1), 1 client'
kill "$tracer"
wait "$tracer" || :
messages=$(grep -c '"STATUS=' "$E2E/trace" || :)
seconds=$(($(date +%s) - began))
note "told $messages times in $seconds s"
ok 'systemd was told several times' test "$messages" -gt 1
ok 'and at most once a second' test "$messages" -le $((seconds + 1))

finish
