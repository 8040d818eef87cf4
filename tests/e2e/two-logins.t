#!/bin/sh
# SPDX-License-Identifier: MIT
# Panes older than every login use the newest one, whichever goes away.

. "$(dirname "$0")/lib.sh"
world sshd tmux
patient
sshd 22
rc pat

terminal relayed pat SSH_AUTH_SOCK="$(agent_socket pat)"
terminal symlinked pat SSH_AUTH_SOCK="$E2E/home/pat/.ssh/ssh_auth_sock"
pane_lists() {
    typed relayed 'ssh-add -l' | names
}

known() {
    status pat path | grep -Fqx "$1"
}

arrives one
arrives two
is "$(pane_lists)" two 'an old pane lists the key of the newest login'
is "$(status pat path | wc -l)" 2 'both logins are registered, by rc through sshd'

as pat ln -s "$(upstream two)" .ssh/ssh_auth_sock
logout two
is "$(pane_lists)" one 'that login ends: the pane lists the key of the other'

arrives three
is "$(pane_lists)" three 'a third comes: the pane lists its key'
ok 'the login that ended is forgotten' wait_for 20 has_logins 2

ok 'the old symlink dangles' not typed symlinked 'ssh-add -l'
# shellcheck disable=SC2016 # the pane expands it
typed symlinked 'ln -sfn "$(relayctl path)" ~/.ssh/ssh_auth_sock'
is "$(typed symlinked 'ssh-add -l' | names)" three \
    'pointed at the agent socket, it works in a pane born with it'

logout one
ok 'an older login ends: it is forgotten before anyone asks' wait_for 20 not known "$(upstream one)"
is "$(pane_lists)" three 'and nothing changes'

finish
