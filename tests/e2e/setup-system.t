#!/bin/sh
# SPDX-License-Identifier: MIT
# relayctl setup --system: every account's ssh logins use the relay, and nothing else does.

. "$(dirname "$0")/lib.sh"
world sshd systemd zsh
user_manager pat
sshd 22
agent one
as pat touch .zshrc
remote() {
    as laptop SSH_AUTH_SOCK=one.agent timeout 60 ssh -A -o LogLevel=ERROR pat@localhost "$@" 2>&1
}
# in_shell SHELL COMMAND: in an interactive one of an ssh login.
in_shell() {
    remote -tt -q "$1 -ic '$2'" | tr -d '\r'
}
etc() {
    (cd /etc && find ssh/sshrc profile.d bash.bashrc zsh fish systemd/user -type f -exec sha256sum {} + 2>/dev/null
        find systemd/user -type l) | sort
}
mkdir -p /etc/profile.d

is "$(as pat relayctl setup --system --yes 2>&1)" 'relayctl: setup: what is for everybody takes root' \
    'it is for root'
etc >"$E2E/before"
said=$(relayctl setup --system --dry-run 2>&1)
like "$said" '/etc/ssh/sshrc' 'it tells of sshrc'
like "$said" 'rc of their own' 'and whom that does not reach'
etc >"$E2E/after"
ok 'a dry run changes nothing' cmp "$E2E/before" "$E2E/after"
ok 'it does it' relayctl setup --system --yes
ok 'others can read that' as pat cat /etc/ssh/sshrc
like "$(relayctl setup --system --yes)" 'nothing to do' 'twice changes nothing'
is "$(systemctl --global is-enabled relayd.socket)" enabled 'systemd starts the relay for everybody'

systemctl_of pat daemon-reload
socket=$(agent_socket pat)
is "$(remote true)" '' 'a login says nothing more than before'
for shell in bash zsh; do
    # shellcheck disable=SC2016
    is "$(in_shell "$shell" 'echo $SSH_AUTH_SOCK')" "$socket" "$shell uses the relay"
done
is "$(in_shell bash 'ssh-add -l' | names)" one 'and reaches the agent'
# shellcheck disable=SC2016
is "$(as pat SSH_AUTH_SOCK=/tmp/own bash -ic 'echo $SSH_AUTH_SOCK' 2>/dev/null)" /tmp/own \
    'a shell of no ssh login keeps what it has'

printf 'deny\n' >/etc/relayd.conf
as pat relayctl stop -q || :
is "$(in_shell bash 'ssh-add -l' | tail -n 1 | names)" one 'where the relay may not run, the login has its own agent'
is "$(as pat relayctl setup --yes 2>&1)" \
    'relayctl: setup: /etc/relayd.conf says that relayd may not run on this host' 'nor does setup set it up'
rm /etc/relayd.conf

ok 'undone' relayctl setup --system --undo --yes
etc >"$E2E/after"
note "$(diff "$E2E/before" "$E2E/after")"
ok 'everything is as it was' cmp "$E2E/before" "$E2E/after"

finish
