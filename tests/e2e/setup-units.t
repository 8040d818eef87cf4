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
like "$(setup --undo --yes)" 'where nobody answers now' 'undone, it tells that open shells have nobody'
is "$(state is-active) $(state is-enabled)" 'inactive disabled' 'systemd has no sockets'
is "$(environment)" '' 'services find nothing of the relay'
files >"$E2E/after"
ok 'no file is left, nor a directory' cmp "$E2E/before" "$E2E/after"
note "$(diff "$E2E/before" "$E2E/after")"

# An agent of another's, such as Debian 13's, is in the manager's environment before.
other=${socket%/relayd/*}/openssh_agent
as pat touch "$other"
systemctl_of pat set-environment SSH_AUTH_SOCK="$other"
ok 'where services have another agent' setup --yes
is "$(environment)" "SSH_AUTH_SOCK=$socket" 'they find the relay'
ok 'undone' setup --undo --yes
is "$(environment)" "SSH_AUTH_SOCK=$other" 'they have that one again'
systemctl_of pat enable --now relayd.socket 2>/dev/null
ok 'where the unit is enabled, too' setup --yes
is "$(environment)" "SSH_AUTH_SOCK=$socket" 'they find the relay'
like "$(setup --undo --dry-run)" "^\\$ systemctl --user set-environment SSH_AUTH_SOCK=$other\$" 'it tells what they will have'
ok 'undone' setup --undo --yes
is "$(environment)" "SSH_AUTH_SOCK=$other" 'they have it'
setup --yes >/dev/null
rm "$other"
setup --undo --yes >/dev/null
is "$(environment)" '' 'one that is gone is not given back'
systemctl_of pat disable --now relayd.socket 2>/dev/null

systemctl_of pat enable --now relayd.socket 2>/dev/null
ok 'what the person enabled' setup --yes
like "$(setup --undo --yes)" 'which runs on: relayctl stop' 'undone, it tells that relayd runs on'
is "$(state is-active) $(state is-enabled)" 'active enabled' 'is left as it was'
systemctl_of pat disable --now relayd.socket 2>/dev/null

# What cannot be noted down undo would not take back.
as pat sh -c 'mkdir -p .ssh dotfiles; mv .config dotfiles/config 2>/dev/null || mkdir dotfiles/config
    ln -s dotfiles/config .config; ln -s ../dotfiles/rc .ssh/rc; : >dotfiles/rc'
said=$(setup --yes) || :
like "$said" 'systemctl --user enable --now relayd.socket' 'where .config is a symlink it says how to enable the unit'
said=$(as pat relayctl --name work setup --yes 2>&1) || :
like "$said" 'systemctl --user enable --now relayd@work.socket' 'where .ssh/rc is one, that of one more relay'
setup --undo --yes >/dev/null || :
as pat relayctl --name work setup --undo --yes >/dev/null 2>&1 || :
is "$(state is-enabled) $(systemctl_of pat is-enabled relayd@work.socket 2>/dev/null)" 'disabled disabled' \
    'undone, neither is enabled'
is "$(environment)" '' 'and services find nothing of the relay'
as pat relayctl --name work stop -q || :
as pat relayctl stop -q || :
systemctl_of pat stop relayd.socket relayd@work.socket
as pat sh -c 'rm .config .ssh/rc; rm -r dotfiles'

as pat mkdir -p .config/systemd/user/relayd.socket.d
mount -t tmpfs -o "size=4k,mode=755,uid=$(id -u pat),gid=$(id -g pat)" tmpfs "$home/.config/systemd/user/relayd.socket.d"
as pat sh -c 'cat /dev/zero >.config/systemd/user/relayd.socket.d/full 2>/dev/null' || :
said=$(setup --yes) || :
like "$said" 'failed *relayd.socket: .*could not be written' 'where the disk is full it says that it enables none'
is "$(state is-enabled)" disabled 'and does not'
umount "$home/.config/systemd/user/relayd.socket.d"
setup --undo --yes >/dev/null || :
as pat relayctl stop -q || :
systemctl_of pat stop relayd.socket
as pat rm -r .config

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
rm /etc/relayd.conf
systemctl_of pat unmask relayd.socket 2>/dev/null

# --- one more relayd, with a name

named() { as pat relayctl --name work setup "$@" 2>&1; }
work() { systemctl_of pat "$1" relayd@work.socket 2>/dev/null || :; }
# with NAME: the logins that the relay of that name has.
with() {
    as pat relayctl --name "$1" status --json | sed -n 's/^ *"path": "\(.*\)",$/\1/p'
}
sums() { (cd "$home" && find . -type f -exec sha256sum {} + | sort); }
as pat sh -c 'rm -f .ssh/rc; printf "umask 77\n" >.ssh/rc'
ok 'the first is set up' setup --yes
sums >"$E2E/before"
said=$(named --dry-run)
like "$said" '>>> relayd named-work' 'with a name it tells of lines of their own in ~/.ssh/rc'
like "$said" 'systemctl --user enable --now relayd@work.socket' 'and of a unit'
unlike "$said" 'bashrc|profile|tmux|relayd.socket' 'and of nothing else'
ok 'it does that' named --yes
is "$(work is-active) $(work is-enabled)" 'active enabled' 'systemd has its sockets'
is "$(environment)" "SSH_AUTH_SOCK=$socket" 'services stay with the first'
like "$(named --yes)" 'nothing to do' 'twice changes nothing'
like "$(setup --yes)" 'nothing to do' 'nor has the first anything to do'
sshd 22
# shellcheck disable=SC2016 # it is for rc
as pat sh -c 'echo "relayctl --name third register -q --no-wait" >>.ssh/rc'
arrives one
has() {
    [ "$(with "$1")" = "$(upstream one)" ]
}
ok 'a login is offered to it' wait_for 20 has work
is "$(status pat path)" "$(upstream one)" 'and to the first'
ok 'a line behind them offers the login itself too' wait_for 20 has third
sed -i '$d' "$home/.ssh/rc"
ok 'undone' named --undo --yes
is "$(work is-active) $(work is-enabled)" 'inactive disabled' 'systemd has its sockets no more'
is "$(state is-active) $(state is-enabled)" 'active enabled' 'those of the first stay'
sums >"$E2E/after"
ok 'all files are what they were' cmp "$E2E/before" "$E2E/after"
systemctl_of pat enable --now relayd@work.socket 2>/dev/null
ok 'where the person has enabled its unit' named --yes
ok 'and setup is undone' named --undo --yes
is "$(work is-active) $(work is-enabled)" 'active enabled' 'that is left as it was'
systemctl_of pat disable --now relayd@work.socket 2>/dev/null
ok 'the first is undone' setup --undo --yes

rm "$home/.ssh/rc"
files >"$E2E/before"
ok 'without ~/.ssh/rc' named --yes
ok 'it is made, for the first too' setup --yes
is "$(grep -c xauth "$home/.ssh/rc")" 2 'each of both hands over the X11 cookie'
ok 'one is undone' named --undo --yes
is "$(grep -c xauth "$home/.ssh/rc")" 1 'the other still does'
ok 'both are' setup --undo --yes
files >"$E2E/after"
ok 'no file of either is left' cmp "$E2E/before" "$E2E/after"
note "$(diff "$E2E/before" "$E2E/after")"
like "$(relayctl --name work setup --system --yes 2>&1 || :)" 'system is for the first' 'everybody has the first only'

finish
