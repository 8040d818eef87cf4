#!/bin/sh
# SPDX-License-Identifier: MIT
# The last login ends, and with it the user manager and /run/user/UID; tmux lives on. The next login
# brings the relay back at the same path, for panes that are older.

. "$(dirname "$0")/lib.sh"
world sshd tmux systemd
sshd 22
rc pat

first_login() {
    runtime_dir_comes pat
    start_manager pat
    arrives "$1"
}
last_logout() {
    logout "$1"
    end_manager
    runtime_dir_goes pat
}
pane_lists() {
    typed old 'ssh-add -l' | names
}
active() {
    systemctl_of pat is-active "$1"
}
# Where the manager is late, relayctl starts a relay by itself, which the units then relieve.
by_units() {
    [ "$(active relayd.socket) $(active relayd.service)" = 'active active' ] &&
        [ "$(systemctl_of pat show -P MainPID relayd.service)" = "$(pgrep -u pat -x relayd)" ]
}

runtime_dir_comes pat
user_manager pat
systemctl_of pat enable --now relayd.socket 2>/dev/null
arrives one
socket=$(agent_socket pat)
terminal old pat SSH_AUTH_SOCK="$socket"
is "$(pane_lists)" one 'a pane uses the first login'

last_logout one
ok 'it was the last: no relay is left' wait_for 20 not pgrep -u pat -x relayd
ok 'and the pane is told at once' not typed old 'ssh-add -l'
first_login two
is "$(pane_lists)" two 'the next login: the pane uses it'
is "$(agent_socket pat)" "$socket" 'at the same path'
ok 'by the units, which are enabled' wait_for 20 by_units

systemctl_of pat disable relayd.socket 2>/dev/null
last_logout two
runtime_dir_comes pat
start_manager pat
is "$(active relayd.socket)" inactive 'the units are not enabled, and a login comes'
arrives three
is "$(pane_lists)" three 'the pane uses it'
ok 'by the units, which it has started, and nothing else' wait_for 20 by_units

# With linger the manager stays, and /run/user/UID.
logout three
like "$(pane_lists)" 'agent refused' 'with linger, after the last logout: the pane meets no login'
arrives four
is "$(pane_lists)" four 'the next login: the pane uses it'

# A relay that no manager started outlives the last login, where the units are enabled by the next.
systemctl_of pat enable relayd.socket 2>/dev/null
logout four
end_manager
as pat relayd --daemon
daemon=$(relay_pid pat)
runtime_dir_goes pat
first_login five
ok 'a relay beside the units ends' wait_for 30 gone "$daemon"
is "$(pane_lists)" five 'the pane uses the login'
is "$(systemctl_of pat show -P MainPID relayd.service)" "$(pgrep -u pat -x relayd)" \
    'through the one that the units have started'

finish
