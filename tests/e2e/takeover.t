#!/bin/sh
# SPDX-License-Identifier: MIT
# A relay that a login started gives way to the one of the user manager, and nothing is lost.

. "$(dirname "$0")/lib.sh"
world sshd systemd
patient
sshd 22
rc pat

arrives one
arrives two
daemon=$(relay_pid pat)
paths=$(status pat path)
is "$(keys pat)" two 'the relay that a login started serves'

user_manager pat
ok 'the manager takes the sockets' systemctl_of pat start relayd.socket
is "$(keys pat)" two 'the next client is served'
is "$(systemctl_of pat show -P MainPID relayd.service)" "$(relay_pid pat)" 'by the service'
is "$(status pat path)" "$paths" 'which knows the same logins in the same order'
ok 'the old relay has ended' wait_for 20 gone "$daemon"
logout two
is "$(keys pat)" one 'and notices when one of them ends'
is "$(systemctl_of pat is-failed relayd.service relayd.socket | xargs)" 'active active' \
    'both units are well'

finish
