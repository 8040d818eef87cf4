#!/bin/sh
# SPDX-License-Identifier: MIT
# contrib/install, as a new user meets it: what it says to paste works, and --uninstall takes away
# what it brought.

. "$(dirname "$0")/lib.sh"
world sshd systemd sources
if in_valgrind || has_sanitizers; then
    skip_all 'it builds relayd as anybody would: once is enough'
fi
user_manager pat
# What every other test finds installed.
rm "$E2E/bin/relayd" "$E2E/bin/relayctl"
rm -r /etc/systemd/user/relayd.*
sshd 22
agent one
home=$E2E/home/pat

# install_as_pat [OPTION...]: what it says is in `said` then.
said=$E2E/shared/said
install_as_pat() {
    as pat "$E2E/src/contrib/install" "$@" >"$said" 2>&1
}
# remote COMMAND: from the laptop, as any login there.
remote() {
    as laptop SSH_AUTH_SOCK=one.agent timeout 60 ssh -A -o LogLevel=ERROR pat@localhost "$@" 2>&1
}
# in_shell COMMAND: in an interactive one, which a login has.
in_shell() {
    remote -tt -q "bash -ic '$1'" | tr -d '\r'
}
files() {
    (cd "$home" && find . -name '.cache' -prune -o \( -type f -o -type l \) -print | sort)
}

files >"$E2E/before"
ok 'a dry run says what it would do' install_as_pat --dry-run
dry=$(cat "$said")
is "$(as pat env -u HOME "$E2E/src/contrib/install" --dry-run 2>&1)" "$dry" 'where HOME is not set it knows the home'
files >"$E2E/after"
ok 'and does nothing' cmp "$E2E/before" "$E2E/after"

ok 'it installs' install_as_pat --yes
note "$(cat "$said")"
ok 'systemd has its socket' systemctl_of pat --quiet is-active relayd.socket
unlike "$(cat "$said")" 'warning|error|failed' 'it says nothing that frightens'
is "$(grep -c '^    ' "$said")" 3 'there are three lines to paste'
grep '^    ' "$said" | while read -r line; do
    as pat bash -c "$line"
done
socket=$(as pat .local/bin/relayctl path)

is "$(remote true)" '' 'a login says nothing more than before'
# shellcheck disable=SC2016
is "$(in_shell 'echo $SSH_AUTH_SOCK')" "$socket" 'its shell uses the relay'
is "$(in_shell 'ssh-add -l' | names)" one 'and reaches the agent'
is "$(remote 'SSH_AUTH_SOCK=~/.ssh/ssh_auth_sock ssh-add -l' | names)" one 'so does an old pane, by its symlink'
is "$(remote .local/bin/relayctl status --json | grep -c '"host": "127.0.0.1"')" 1 \
    'the login was registered, and is registered once'

# Whatever it may have left there once.
as pat touch "${socket%/*}/log.old" "${socket%/*}/upstreams.damaged"
ok 'it uninstalls' install_as_pat --uninstall --yes
note "$(cat "$said")"
for file in .ssh/rc .bashrc .ssh/ssh_auth_sock; do
    like "$(cat "$said")" "$file\$" "it names what it leaves: $file"
done
as pat rm .ssh/rc .ssh/ssh_auth_sock
as pat sed -i /relayctl/d .bashrc
files >"$E2E/after"
ok 'nothing else is left' cmp "$E2E/before" "$E2E/after"
ok 'nor its directory' not test -e "${socket%/*}"
ok 'nor does anything run' not pgrep -u pat -x relayd
is "$(remote true)" '' 'a login is as before'

finish
