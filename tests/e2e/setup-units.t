#!/bin/sh
# SPDX-License-Identifier: MIT
# relayctl setup, for systemd: the sockets are there from now on, and services use the relay.

. "$(dirname "$0")/lib.sh"
world sshd systemd
user_manager pat
home=$E2E/home/pat
setup() { as pat relayctl setup "$@" 2>&1; }
state() { systemctl_of pat "$1" relayd.socket 2>/dev/null || :; }
environment() { systemctl_of pat show-environment | grep ^SSH_AUTH_SOCK || :; }
files() { (cd "$home" && find . \( -type f -o -type l -o -type d \) -print | sort); }
socket=$(agent_socket pat)

files >"$E2E/before"
like "$(setup --dry-run)" 'systemctl --user enable --now relayd.socket' 'it tells what it would do'
is "$(state is-active)" inactive 'and does not'
ok 'it does it' setup --yes
is "$(state is-active) $(state is-enabled)" 'active enabled' 'systemd has the sockets, now and at the next login'
is "$(environment)" "SSH_AUTH_SOCK=$socket" 'services find the relay'
like "$(setup --yes)" 'nothing to do' 'twice changes nothing'
systemctl_of pat unset-environment SSH_AUTH_SOCK
systemctl_of pat restart relayd.socket
is "$(environment)" "SSH_AUTH_SOCK=$socket" 'also when the sockets are new'
ok 'undone' setup --undo --yes
is "$(state is-active) $(state is-enabled)" 'inactive disabled' 'systemd has no sockets'
is "$(environment)" '' 'services find nothing of the relay'
files >"$E2E/after"
ok 'no file is left, nor a directory' cmp "$E2E/before" "$E2E/after"
note "$(diff "$E2E/before" "$E2E/after")"

systemctl_of pat enable --now relayd.socket 2>/dev/null
ok 'what the person enabled' setup --yes
ok 'and setup undone' setup --undo --yes
is "$(state is-active) $(state is-enabled)" 'active enabled' 'is left as it was'
systemctl_of pat disable --now relayd.socket 2>/dev/null

systemctl_of pat mask relayd.socket 2>/dev/null
like "$(setup --yes)" 'relayd.socket.*masked' 'a masked unit is left alone, and that is said'
is "$(state is-enabled)" masked 'and stays masked'

# The administrator's word holds whatever the units are.
as pat relayctl stop -q || :
printf 'deny\n' >/etc/relayd.conf
said=$(as pat SSH_AUTH_SOCK=/dev/null relayctl register "$home" 2>&1) && status=0 || status=$?
is "$status" 2 'where the host says deny, register starts nothing'
like "$said" '/etc/relayd.conf: relayd is not allowed' 'and says who forbids it'
ok 'nothing runs' not pgrep -u pat -x relayd

finish
