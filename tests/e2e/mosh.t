#!/bin/sh
# SPDX-License-Identifier: MIT
# A mosh session keeps the environment of a login that ended as it began.

. "$(dirname "$0")/lib.sh"
world sshd tmux mosh
patient
sshd 22
rc pat
cat "$E2E/contrib/shell/relayd.bash" >>"$E2E/home/pat/.bashrc"

agent first
terminal laptop laptop SSH_AUTH_SOCK="$E2E/home/laptop/first.agent"
tmux_of laptop send-keys "mosh --ssh='ssh -A' pat@localhost" Enter
ok 'mosh connects' wait_for 30 shows laptop 'pat ready>'
mosh_lists() {
    typed laptop 'ssh-add -l' | names
}
like "$(mosh_lists)" 'agent refused' 'no login is left but mosh: its ssh has ended'

arrives one
is "$(mosh_lists)" one 'a login comes: the mosh session lists its key'
arrives two
is "$(mosh_lists)" two 'a second comes: its key'
logout two
is "$(mosh_lists)" one 'the second ends: the key of the first'
logout one
like "$(mosh_lists)" 'agent refused' 'all gone: ssh-add says so'
ok 'with exit status 1' test "$(typed laptop 'ssh-add -l' >/dev/null || echo $?)" = 1

finish
