#!/bin/sh
# SPDX-License-Identifier: MIT
# systemd's user manager holds the sockets; the first client of either starts the service.

. "$(dirname "$0")/lib.sh"
world sshd systemd
user_manager pat
runtime=/run/user/$(id -u pat)

ok 'the socket unit starts' systemctl_of pat start relayd.socket
is "$(cd "$runtime/relayd" && stat -c '%a %U' . agent.sock control.sock | xargs)" \
    '700 pat 600 pat 600 pat' 'the directory and both sockets are private'
active() {
    systemctl_of pat is-active relayd.service
}

is "$(active)" inactive 'no service yet'
like "$(keys pat)" 'agent refused' 'a client of the agent socket is answered'
is "$(active)" active 'by the service, which it started'

systemctl_of pat stop relayd.service 2>/dev/null
ok 'stopping the service leaves the sockets' test -S "$runtime/relayd/control.sock"
# Who asks waits three seconds, and who registers a login one: a busy host may take longer to start the service.
nothing_to_use() {
    as pat relayctl status >/dev/null && result=0 || result=$?
    [ "$result" -eq 1 ]
}
ok 'a client of the control socket is answered: nothing to use' wait_for 20 nothing_to_use
is "$(active)" active 'by the service, which it started'

sshd 22
rc pat
login one
ok 'rc registers a login with it' wait_for 20 newest pat "$(upstream one)"
is "$(keys pat)" one 'and it serves'
is "$(systemctl_of pat show -P MainPID relayd.service)" "$(relay_pid pat)" 'the service is the relay'

daemon=$(relay_pid pat)
systemctl_of pat restart relayd.service
is "$(keys pat)" one 'restarted, it still serves'
unlike "$(relay_pid pat)" "^$daemon\$" 'as another process'
kill -s KILL "$(relay_pid pat)"
is "$(keys pat)" one 'killed, it is there again and serves'

has_keys() {
    [ "$(keys pat)" = "$1" ]
}

start stays pat ask -k -t 600 "$(agent_socket pat)" list
wait_for 20 grep -q '^12 ' "$E2E/log/stays"
as pat rm -r "$runtime/relayd"
ok 'its sockets removed by hand, it makes them again' wait_for 20 has_keys one
ok 'the other one too' wait_for 20 served pat
ok 'who has a connection keeps it' not gone "$(pid stays)"
systemctl_of pat restart relayd.service
is "$(keys pat)" one 'so does the next process'
ok 'and still who has a connection keeps it' not gone "$(pid stays)"
end stays

# The socket unit has it, and something else is in its place.
systemctl_of pat stop relayd.service 2>/dev/null
systemctl_of pat restart relayd.socket
as pat rm "$runtime/relayd/agent.sock"
as pat mkdir "$runtime/relayd/agent.sock"
ok 'a directory in the place of the agent socket: the service starts' wait_for 20 served pat
ok 'and runs on' test "$(active)" = active
as pat rmdir "$runtime/relayd/agent.sock"
ok 'the directory is removed: the socket is made again' wait_for 70 has_keys one

systemctl_of pat stop relayd.service 2>/dev/null
ok 'register starts one' wait_for 20 as pat relayctl register "$(upstream one)"
is "$(active)" active 'through the user manager'
is "$(keys pat)" one 'and it serves'
systemctl_of pat restart relayd.socket
systemctl_of pat stop relayd.service 2>/dev/null
is "$(keys pat)" one 'the socket unit restarted, a client starts the service again'

systemctl_of pat stop relayd.service relayd.socket
as pat relayctl status >/dev/null 2>&1 && result=0 || result=$?
is "$result" 2 'with both units stopped there is nobody to talk to'
ok 'register starts a relay' wait_for 20 as pat relayctl register "$(upstream one)"
is "$(active)" active 'through the user manager'
is "$(keys pat)" one 'and it serves'

systemctl_of pat stop relayd.service relayd.socket
printf '[Service]\nExecStartPre=/bin/sleep 3\n' >/etc/systemd/user/relayd.service.d/slow.conf
systemctl_of pat daemon-reload
as pat relayctl register -q "$(upstream one)" || :
is "$(keys pat)" one 'a service that takes long to start is waited for'
is "$(pgrep -u pat -x relayd)" "$(systemctl_of pat show -P MainPID relayd.service)" 'and is the only relay'

finish
