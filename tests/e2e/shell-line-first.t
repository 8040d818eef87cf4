#!/bin/sh
# SPDX-License-Identifier: MIT
# Shells that source their files before rc runs can hide the login's own socket from it.

. "$(dirname "$0")/lib.sh"
world sshd zsh
patient
sshd 22
rc pat

bashrc=$E2E/home/pat/.bashrc
guard='case $- in *i*) ;; *) return ;; esac'

{
    cat "$E2E/contrib/shell/relayd.bash"
    printf '%s\n' "$guard"
} >"$bashrc"
login one
ok 'the line for bash stands above the guard: the login is registered' \
    wait_for 20 newest pat "$(upstream one)"

# shellcheck disable=SC2016
printf 'eval "$(relayctl env -s)"\n%s\n' "$guard" >"$bashrc"
login two
unlike "$(upstream two)" /relayd/ 'the login keeps its own socket as RELAYD_UPSTREAM'
ok 'a bare eval of env above the guard: the login is registered' \
    wait_for 20 newest pat "$(upstream two)"
is "$(keys pat)" two 'and serves'

account zoe /usr/bin/zsh
rc zoe
as zoe cp "$E2E/contrib/shell/relayd.zsh" .zshenv
login three -l zoe
ok 'the line for zsh is in .zshenv: the login is registered' \
    wait_for 20 newest zoe "$(upstream three)"

# shellcheck disable=SC2016
printf 'eval "$(relayctl env -s)"\n' >"$E2E/home/zoe/.zshenv"
login four -l zoe
ok 'a bare eval of env in .zshenv: the login is registered' \
    wait_for 20 newest zoe "$(upstream four)"
is "$(keys zoe)" four 'and serves'

finish
