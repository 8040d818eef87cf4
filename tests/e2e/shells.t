#!/bin/sh
# SPDX-License-Identifier: MIT
# The lines for shells: an interactive one has the agent socket, and its own login is registered.

. "$(dirname "$0")/lib.sh"
world zsh fish
relay pat
socket=$(agent_socket pat)
home=$E2E/home/pat
as pat mkdir -p .config/fish/conf.d

# interactive SOCKET COMMAND...: an interactive shell of a login with that agent. The complaints of
# shells that have no terminal are their own.
interactive() {
    own=$1
    shift
    as pat SSH_AUTH_SOCK="$own" TERM=dumb timeout 60 "$@" 2>&1 </dev/null | grep -v 'job control\|ioctl'
}

# has_socket NAME COMMAND...: an interactive shell that began in a login with an agent of that name.
# The command ends in the code that shows the variables.
has_socket() {
    start "$1" pat fake-agent -n "$1" good "$home/$1"
    wait_for 20 test -S "$home/$1"
    shell=$1
    shift
    is "$(interactive "$home/$shell" env LC_RELAYD_LABEL="$shell" "$@")" "$socket $home/$shell" \
        "$shell: SSH_AUTH_SOCK is the agent socket, RELAYD_UPSTREAM the login's own, and no label goes on"
    ok "$shell: the login is registered" newest pat "$home/$shell"
    is "$(status pat label | head -n 1)" "$shell" "$shell: by its label"
}
# shellcheck disable=SC2016
show='echo $SSH_AUTH_SOCK $RELAYD_UPSTREAM $LC_RELAYD_LABEL'

cp "$E2E/contrib/shell/relayd.bash" "$home/.bashrc"
cp "$E2E/contrib/shell/relayd.zsh" "$home/.zshrc"
cp "$E2E/contrib/shell/relayd.sh" "$home/.shinit"
cp "$E2E/contrib/shell/relayd.fish" "$home/.config/fish/conf.d"
has_socket bash bash -ic "$show"
has_socket zsh zsh -ic "$show"
has_socket fish fish -ic "$show"
has_socket sh env ENV="$home/.shinit" sh -ic "$show"

is "$(status pat path | head -n 1)" "$home/sh" 'the last one is first'
before=$(status pat path; status pat label)
interactive "$home/bash" env LC_RELAYD_LABEL=another bash -ic "$show" >/dev/null
is "$(status pat path; status pat label)" "$before" 'a shell of an older login leaves order and label alone'

is "$(as pat SSH_AUTH_SOCK=/own bash -c ". ~/.bashrc; $show" 2>&1)" /own \
    'bash that is not interactive is left alone'
is "$(as pat SSH_AUTH_SOCK=/own zsh -c ". ~/.zshrc; $show" 2>&1)" /own 'zsh too'
is "$(as pat SSH_AUTH_SOCK=/own fish -c "$show" 2>&1)" /own 'fish too'
is "$(as pat SSH_AUTH_SOCK=/own ENV="$home/.shinit" sh -c "$show" 2>&1)" /own 'sh too'

mv "$E2E/bin/relayctl" "$E2E/bin/hidden"
is "$(interactive /own bash -ic "$show")" /own 'bash: where relayctl is missing nothing happens'
is "$(interactive /own zsh -ic "$show")" /own 'zsh too'
is "$(interactive /own fish -ic "$show")" /own 'fish too'
is "$(interactive /own env ENV="$home/.shinit" sh -ic "$show")" /own 'sh too'

finish
