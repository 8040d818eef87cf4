#!/bin/sh
# SPDX-License-Identifier: MIT
# Where the user manager has the sockets, a relay that is started by hand does not take its place.

. "$(dirname "$0")/lib.sh"
world sshd systemd
user_manager pat
systemctl_of pat start relayd.socket
sshd 22

# by_hand [OPTION...]: a relay of that kind ends with status 1 at once; what it says is in `said`.
by_hand() {
    as pat timeout 20 relayd "$@" >"$E2E/got" 2>&1 && return 1
    [ $? -eq 1 ]
}
service_is_relay() {
    [ "$(systemctl_of pat show -P MainPID relayd.service)" = "$(relay_pid pat)" ]
}

is "$(systemctl_of pat is-active relayd.service)" inactive 'the sockets are there, and no service yet'
ok 'a Tab in a shell asks for logins, and finds no relayd' not as pat relayctl complete logins
is "$(systemctl_of pat is-active relayd.service)" inactive 'it starts none'
ok 'relayd --daemon ends' by_hand --daemon
like "$(cat "$E2E/got")" 'agent\.sock: somebody listens there already$' 'and says why'
ok 'a client is answered' wait_for 20 served pat
ok 'by the service' wait_for 20 service_is_relay

login one
ok 'register goes to the service' in_login one relayctl register
is "$(keys pat)" one 'which serves'
daemon=$(relay_pid pat)
for option in --daemon --verbose; do
    ok "relayd $option ends" by_hand "$option"
    like "$(cat "$E2E/got")" "/relayd: a relayd runs here already: pid $daemon\$" 'and names the service'
    is "$(keys pat)" one 'the next client is served'
done
is "$(relay_pid pat)" "$daemon" 'by the service, the same as before'
is "$(status pat path)" "$(upstream one)" 'which knows its login'
is "$(systemctl_of pat is-failed relayd.service relayd.socket | xargs)" 'active active' 'both units are well'

finish
