#!/bin/sh
# SPDX-License-Identifier: MIT
# contrib/install, as a new user meets it: one command and one answer, and --uninstall takes away what
# it brought.

. "$(dirname "$0")/lib.sh"
world sshd systemd sources zsh script
if in_valgrind || has_sanitizers; then
    skip_all 'it builds relayd as anybody would: once is enough'
fi
user_manager pat
# What every other test finds installed.
rm "$E2E/bin/relayd" "$E2E/bin/relayctl"
rm -r /etc/systemd/user/relayd[.@]*
sshd 22
agent one
home=$E2E/home/pat

# install_as_pat [OPTION...]: what it says is in `said` then.
said=$E2E/shared/said
install_as_pat() {
    as pat "$E2E/src/contrib/install" "$@" >"$said" 2>&1
}
# install_with DIRECTORY: on a host that has only those programs.
install_with() {
    as pat PATH="$1" "$E2E/src/contrib/install" --yes >"$said" 2>&1
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
    (cd "$home" && find . -name '.cache' -prune -o \( -type f -o -type l -o -type d \) -print | sort)
}

# The old trick, of which an old pane has the symlink.
as pat mkdir -p .ssh
# shellcheck disable=SC2016
as pat sh -c 'echo "ln -sf \"\$SSH_AUTH_SOCK\" ~/.ssh/ssh_auth_sock" >.ssh/rc'
is "$(remote true)" '' 'a login with the old trick'
files >"$E2E/before"
as pat cat .ssh/rc .bashrc >"$E2E/before.texts" 2>&1
ok 'a dry run says what it would do' install_as_pat --dry-run
dry=$(cat "$said")
is "$(as pat env -u HOME "$E2E/src/contrib/install" --dry-run 2>&1)" "$dry" 'where HOME is not set it knows the home'
files >"$E2E/after"
ok 'and does nothing' cmp "$E2E/before" "$E2E/after"
# A host without a compiler, and one without make, on both of which pat may install nothing.
mkdir "$E2E/some"
ln -s /usr/bin/* "$E2E/some"
rm -f "$E2E/some"/*gcc* "$E2E/some/cc" "$E2E/some"/c[89]9 "$E2E/some"/*clang* "$E2E/some/sudo"
ok 'it does not install without a compiler' not install_with "$E2E/some"
like "$(cat "$said")" '^    apt-get install gcc libc6-dev' 'but says what to ask for'
unlike "$(cat "$said")" '--unpack' 'and offers nothing that would not work'
ln -s /usr/bin/gcc "$E2E/some"
rm "$E2E/some/make"
ok 'nor without make' not install_with "$E2E/some"
like "$(cat "$said")" "^    $E2E/src/contrib/install --unpack --yes\$" 'but offers to go on without'

# On a narrow terminal, by a name of its own.
as pat PATH="$E2E/some" script -qec "stty cols 60; cd $E2E/src && contrib/install --prefix x; true" /dev/null </dev/null |
    tr -d '\r' >"$said"
note "$(cat "$said")"
ok 'no line is wider than the terminal' test "$(wc -L <"$said")" -le 60
like "$(cat "$said")" '^    contrib/install --unpack --prefix x$' 'and it names itself as it was called'

# Ended while it compiles, of which make knows nothing: by a compiler that never ends.
cat >"$E2E/shared/cc" <<'TXT'
#!/bin/sh
case "$*" in
*relayd/main.c*)
    : >"${0%/*}/compiling"
    sleep 86400
    ;;
esac
exec gcc "$@"
TXT
chmod 755 "$E2E/shared/cc"
as pat mkdir building
start building pat TMPDIR="$E2E/home/pat/building" CC="$E2E/shared/cc" "$E2E/src/contrib/install" --yes
ok 'it compiles' wait_for 240 test -e "$E2E/shared/compiling"
end building
is "$(pgrep -u pat -x 'sleep|cc|make|gcc|cc1')" '' 'interrupted it leaves nothing that runs'
is "$(ls "$home/building")" '' 'and no directory'
unlike "$(cat "$E2E/log/building")" 'cannot remove' 'and does not complain'
as pat rmdir building

ok 'it installs' install_as_pat --yes
note "$(cat "$said")"
ok 'systemd has its socket' systemctl_of pat --quiet is-active relayd.socket
unlike "$(cat "$said")" 'warning|error|failed' 'it says nothing that frightens'
as pat install -m 755 /dev/null shell
grep -A1 'After this it does:$' "$said" | sed -n 's/^ *export/export/p' >"$home/shell"
is "$(as pat zsh -f -c '. ./shell; command -v relayctl')" "$home/.local/bin/relayctl" 'the line for PATH has a shell find it'
as pat rm shell
as pat SHELL=/usr/bin/zsh "$E2E/src/contrib/install" --yes >"$E2E/shared/again" 2>&1
like "$(cat "$E2E/shared/again")" 'into .*zshrc, too' 'for zsh it goes where zsh reads'
like "$(cat "$E2E/shared/again")" "fpath=\\($home/.local/share/zsh/site-functions " 'where zsh is told of the completions'
socket=$(as pat .local/bin/relayctl path)

is "$(remote true)" '' 'a login says nothing more than before'
# shellcheck disable=SC2016
is "$(in_shell 'echo $SSH_AUTH_SOCK')" "$socket" 'its shell uses the relay'
is "$(in_shell 'ssh-add -l' | names)" one 'and reaches the agent'
is "$(remote 'SSH_AUTH_SOCK=~/.ssh/ssh_auth_sock ssh-add -l' | names)" one 'so does an old pane, by its symlink'
is "$(remote .local/bin/relayctl status --json | grep -c '"host": "127.0.0.1"')" 1 \
    'the login was registered, and is registered once'

ok 'one more, with a name, is set up' as pat .local/bin/relayctl --name work setup --yes
other=$(as pat .local/bin/relayctl --name work path)
is "$(remote .local/bin/relayctl --name work status --json | grep -c '"host": "127.0.0.1"')" 1 \
    'a login is registered with that, too'

# Whatever it may have left there once.
as pat touch "${socket%/*}/log.old" "${socket%/*}/upstreams.damaged" "${socket%/*}/mute"
ok 'it uninstalls' install_as_pat --uninstall --yes
note "$(cat "$said")"
files >"$E2E/after"
note "$(diff "$E2E/before" "$E2E/after")"
ok 'nothing is left' cmp "$E2E/before" "$E2E/after"
as pat cat .ssh/rc .bashrc >"$E2E/after.texts" 2>&1
ok 'and the files are what they were' cmp "$E2E/before.texts" "$E2E/after.texts"
ok 'nor its directory' not test -e "${socket%/*}" -o -e "${other%/*}"
like "$(tail -n 1 "$said")" 'stopped, and uninstalled' 'which is the last that is said'
# shellcheck disable=SC2016
like "$(cat "$said")" '^    export SSH_AUTH_SOCK="\$RELAYD_UPSTREAM"' 'a shell that is open is told how to have its own agent'
ok 'nor does anything run' wait_for 20 not pgrep -u pat -x relayd
is "$(remote true)" '' 'a login is as before'

finish
