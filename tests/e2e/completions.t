#!/bin/sh
# SPDX-License-Identifier: MIT
# bash, zsh and fish complete commands, options and the logins of this moment. A label is hostile
# text: it may be shown, and does nothing.

. "$(dirname "$0")/lib.sh"
world tmux bash-completion zsh fish
home=$E2E/home/pat
data=$home/.local/share
as pat mkdir -p .local/share/bash-completion/completions .local/share/zsh/site-functions .local/share/fish/vendor_completions.d
cp "$E2E/completed/relayctl" "$data/bash-completion/completions"
cp "$E2E/completed/_relayctl" "$data/zsh/site-functions"
cp "$E2E/completed/relayctl.fish" "$data/fish/vendor_completions.d"

# type_in TERMINAL TEXT: in an empty line on an empty screen.
type_in() {
    tmux_of "$1" send-keys C-u C-l
    wait_for 20 is_clear "$1"
    tmux_of "$1" send-keys -l "$2"
    wait_for 20 shows "$1" "${2% }"
}
is_clear() {
    [ "$(tmux_of "$1" capture-pane -p | grep -c .)" = 1 ] && shows "$1" 'ready>'
}
# tabbed TERMINAL TEXT WANTED: whether Tab behind the text makes that of the line. The letter behind it
# shows where a blank is.
tabbed() {
    type_in "$1" "$2"
    tmux_of "$1" send-keys Tab Z
    wait_for 10 shows "$1" "ready> $3Z"
}
# twice TERMINAL TEXT WANTED: the same at the second Tab.
twice() {
    type_in "$1" "$2"
    tmux_of "$1" send-keys Tab Tab
    wait_for 10 shows "$1" "$3"
}
# nothing TERMINAL TEXT: Tab changes nothing. The letter behind it comes when that is done.
nothing() {
    type_in "$1" "$2"
    tmux_of "$1" send-keys Tab Tab Z
    wait_for 10 shows "$1" "ready> $2Z" && is_clear "$1"
}
# again COMMAND...: until it succeeds, a few times. A shell that completes waits for the logins for 0.3 s, and a busy host may
# not tell them by then.
again() {
    for _ in 1 2 3 4 5; do
        "$@" && return
    done
    return 1
}
# in_fish POINT...: it, or it is skipped. An older fish, as 3.1, does not look into the home by itself, and asked by
# a program it tells of more than it would offer.
in_fish() {
    # shellcheck disable=SC2016
    if as pat fish -c 'contains -- ~/.local/share/fish/vendor_completions.d $fish_complete_path'; then
        "$@"
    else
        skip 1 'this fish looks for no completions in the home'
    fi
}
# of_fish LINE: the candidates that fish has for a line.
of_fish() {
    as pat XDG_CONFIG_HOME="$home/none" timeout 60 fish -c "complete -C'$1'" 2>&1
}
# logins_of_fish LINE: the same, where logins are among them.
logins_of_fish() {
    again offers "$1" || :
    cat "$E2E/offered"
}
offers() {
    of_fish "$1" >"$E2E/offered" && [ -s "$E2E/offered" ]
}
# unmentioned: commands of relayctl's help that fish does not offer.
unmentioned() {
    of_fish 'relayctl ' >"$E2E/offered"
    as pat relayctl help | sed -n 's/^  \([a-z]*\)   *.*/\1/p' | while read -r word; do
        cut -f 1 "$E2E/offered" | grep -qx "$word" || printf '%s\n' "$word"
    done
}

# Three shells to type in, ready with the same prompt.
printf 'PS1="pat ready> "\n. %s\n' "$data/bash-completion/completions/relayctl" >"$home/alone"
printf 'PS1="pat ready> "\n. /usr/share/bash-completion/bash_completion\n' >"$home/.bashrc"
# shellcheck disable=SC2016
printf '%s\n' 'PS1="pat ready> "' 'fpath=(~/.local/share/zsh/site-functions $fpath)' \
    'autoload -Uz compinit && compinit -u' 'unsetopt list_beep' >"$home/.zshrc"
terminal loaded pat SHELL=/bin/bash
terminal alone pat SHELL=/bin/bash
tmux_of alone send-keys -l 'exec bash --noprofile --rcfile ~/alone'
tmux_of alone send-keys Enter
terminal zsh pat SHELL=/usr/bin/zsh

in_fish is "$(unmentioned)" '' 'fish: every command that help tells of'
in_fish is "$(of_fish 'relayctl un')" "unregister$(printf '\t')drop one; what it serves ends" 'with what it does'
in_fish is "$(of_fish 'relayctl env --r')" "--register$(printf '\t')and register this login's own socket" 'an option of a command'
in_fish is "$(of_fish 'relayctl -q --dir /tmp help pat' | cut -f 1)" path 'help takes commands, behind options too'
in_fish is "$(of_fish 'relayctl wait --timeout ')" '' 'a duration is nobody else'\''s to know'
in_fish is "$(of_fish 'relayctl use ')" '' 'without a relayd there are no logins, and no message'
for shell in alone loaded zsh; do
    ok "$shell: a command" tabbed "$shell" 'relayctl unr' 'relayctl unregister '
    ok "$shell: an option of a command" tabbed "$shell" 'relayctl register --fa' 'relayctl register --fallback '
    ok "$shell: help takes commands" tabbed "$shell" 'relayctl help unr' 'relayctl help unregister '
    ok "$shell: a duration is left alone" nothing "$shell" 'relayctl wait --timeout 1'
done
for shell in alone loaded zsh; do
    ok "$shell: no relayd, no logins" nothing "$shell" 'relayctl use '
done
ok 'no relayd was started' not pgrep -u pat -x relayd
ok 'to find none takes a moment' within 200 not as pat relayctl complete logins

# What each shell would obey if it read a label as its own language.
# shellcheck disable=SC2016
hostile='$(touch owned)`touch owned`"; touch owned #\e]0;x'"'"'%F{red}:*'"$(printf '\033]0;owned\007\t\n')end"
relay pat
for name in one two; do
    start "$name" pat fake-agent -n "$name" good "$home/$name"
    wait_for 20 test -S "$home/$name"
done
knows as pat relayctl register --label "$hostile" "$home/one"
in_fish is "$(logins_of_fish 'relayctl use ' | cut -f 1)" 1 'fish: the number of a login'
in_fish like "$(logins_of_fish 'relayctl use ')" '\$\(touch owned\).*owned\?*end$' 'and its label, a line without control characters'
in_fish is "$(of_fish 'relayctl use ' | LC_ALL=C tr -d ' -~\n\t' | wc -c)" 0 'none at all'
for shell in alone loaded zsh; do
    ok "$shell: the only login is completed" again tabbed "$shell" 'relayctl use ' 'relayctl use 1 '
done
# shellcheck disable=SC2016
knows as pat relayctl register --label 'office $(touch owned)' "$home/two"
in_fish is "$(logins_of_fish 'relayctl unregister ' | cut -f 1 | xargs)" '2 1' 'fish: logins in the order of status'
in_fish is "$(of_fish 'relayctl use ./t' | cut -f 1)" ./two 'a socket is a file'
for shell in alone loaded zsh; do
    ok "$shell: who is who" again twice "$shell" 'relayctl use ' office
    ok "$shell: the other as well" shows "$shell" '%F{red}'
    ok "$shell: a socket is a file" tabbed "$shell" 'relayctl use ./tw' 'relayctl use ./two '
    tmux_of "$shell" send-keys C-u
done
menu() {
    type_in zsh 'relayctl use '
    tmux_of zsh send-keys Tab Tab Tab
    wait_for 10 shows zsh 'relayctl use 1'
}
ok 'zsh: a menu puts numbers into the line, not labels' again menu

socket=$(agent_socket pat)
in_fish ok 'a relay elsewhere has logins of its own' test -z "$(of_fish "relayctl --dir $home/none use ")"
elsewhere() {
    [ "$(as pat RELAYD_DIR="$home/none" timeout 60 fish -c "complete -C'relayctl --dir ${socket%/*} use '" | cut -f 1 | xargs)" = '2 1' ]
}
in_fish ok 'fish: --dir says where' again elsewhere
ok 'loaded: --dir says where' nothing loaded "relayctl --dir=$home/none use "

# One that hangs holds up nobody's line.
pkill -STOP -u pat -x relayd
of_one_that_hangs() {
    of_fish 'relayctl use ' >"$E2E/said"
}
ok 'a relayd that hangs: soon' within $((5000 * slower)) of_one_that_hangs
ok 'nothing' not test -s "$E2E/said"
pkill -CONT -u pat -x relayd
ok 'nothing of a label was obeyed' not test -e "$home/owned"

finish
