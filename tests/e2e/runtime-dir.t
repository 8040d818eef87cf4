#!/bin/sh
# SPDX-License-Identifier: MIT
# A relay that no manager started outlives /run/user/UID, and is at its place again when that is.

. "$(dirname "$0")/lib.sh"
world sshd tmux
sshd 22
rc pat
# An agent that is there whoever is logged in.
start spare pat fake-agent -n spare good spare
wait_for 20 test -S "$E2E/home/pat/spare"

pane_lists() {
    typed old 'ssh-add -l' | names
}
pane_has() {
    [ "$(pane_lists)" = "$1" ]
}
switches() {
    awk '/_ctxt_switches/ { n += $2 } END { print n }' "/proc/$daemon/status"
}
settled() {
    before=$(switches)
    sleep 1
    [ "$(switches)" -eq "$before" ]
}
relays() {
    pgrep -u pat -x relayd | xargs
}

runtime_dir_comes pat
arrives one
wait_for 20 as pat relayctl register --fallback spare >/dev/null
daemon=$(relay_pid pat)
socket=$(agent_socket pat)
terminal old pat SSH_AUTH_SOCK="$socket"
is "$(pane_lists)" one 'a pane uses the first login'
logout one
runtime_dir_goes pat
ok 'the last login ends: the pane is told at once' not typed old 'ssh-add -l'
before=$(switches)
# How long it is watched, not a wait for something.
sleep 5
woken=$(($(switches) - before))
note "the relay woke up $woken times in 5 s"
ok 'meanwhile the relay sleeps' test "$woken" -lt 20
runtime_dir_comes pat
ok 'the directory comes back: so does the relay, with what it knew' wait_for 30 pane_has spare
is "$(relays)" "$daemon" 'the same, and no other'
arrives two
is "$(pane_lists)" two 'a login comes: the pane uses it'
is "$(relays)" "$daemon" 'and no other relay was started'

# The relay makes its sockets again so fast that the mount goes with new ones in it.
logout two
find "${socket%/*/*}" -mindepth 1 -delete 2>/dev/null || :
ok 'all in it is removed first: it is made again' wait_for 30 test -S "$socket"
wait_for 20 settled
runtime_dir_unmounted pat
runtime_dir_comes pat
ok 'then it goes and comes: the relay is there' wait_for 30 pane_has spare
is "$(relays)" "$daemon" 'the same, and no other'

# A login that comes before the relay has seen anything.
kill -s STOP "$daemon"
runtime_dir_goes pat
runtime_dir_comes pat
arrives three
is "$(pane_lists)" three 'a login that is faster than the relay: the pane uses it'
kill -s CONT "$daemon"
ok 'the relay that was too late ends' wait_for 30 gone "$daemon"
is "$(relays)" "$(relay_pid pat)" 'one is left'
is "$(pane_lists)" three 'and the pane still uses the login'

finish
