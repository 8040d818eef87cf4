# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# Terminals to type in: tmux servers of one pane.

# terminal NAME ACCOUNT [NAME=VALUE...]: a tmux server of that account with one pane, whose shell
# has these variables; ready when the shell has prompted.
terminal() {
    screen=$1
    who=$2
    shift 2
    printf '%s\n' "$who" >"$E2E/pid/$screen.terminal"
    as "$who" "$@" tmux -S "$screen.tmux" -f /dev/null new-session -d -x 200 -y 50
    wait_for 20 shows "$screen" "${who%@*} ready>"
}

# tmux_of TERMINAL COMMAND...: a tmux command for that terminal's server.
tmux_of() {
    screen=$1
    shift
    as "$(first_line "$E2E/pid/$screen.terminal")" tmux -S "$screen.tmux" "$@"
}

# shows TERMINAL TEXT: whether the text is on its screen.
shows() {
    tmux_of "$1" capture-pane -p | grep -Fq -- "$2"
}

# wipe TERMINAL TEXT: takes that away from the screen of a shell that is at its prompt, for it is to be waited
# for again.
wipe() {
    tmux_of "$1" send-keys clear Enter
    wait_for 20 not shows "$1" "$2"
}

# typed TERMINAL COMMAND: types the command there, prints its output, and returns its exit status;
# 99 when it has not ended within 60 s. Whatever runs in the pane gets the keys: a shell over mosh too.
typed() {
    typed=$E2E/shared/typed
    rm -f "$typed" "$typed.new" "$typed.status"
    tmux_of "$1" send-keys -l "{ $2 ; } >$typed 2>&1; echo \$? >$typed.new; mv $typed.new $typed.status"
    tmux_of "$1" send-keys Enter
    wait_for 60 test -e "$typed.status" || return 99
    cat "$typed"
    return "$(first_line "$typed.status")"
}

# people NAME...: a terminal for each, on a machine with an agent of that name, and in it a login of
# pat's, which rc has registered.
people() {
    for person; do
        agent "$person"
        terminal "$person" laptop SSH_AUTH_SOCK="$person.agent"
        tmux_of "$person" send-keys 'ssh -A -t pat@localhost' Enter
        wait_for 20 shows "$person" 'pat ready>'
    done
    wait_for 20 has_logins "$#"
}

# has_logins N: whether so many are registered with pat's relay.
has_logins() {
    [ "$(status pat path | wc -l)" -eq "$1" ]
}

# tmux_tells: whether tmux has a hook for a client that is used; before 3.3 it has none.
tmux_tells() (
    as pat tmux -L probe -f /dev/null new-session -d
    as pat tmux -L probe show-hooks -g client-active >/dev/null 2>&1 && result=0 || result=1
    as pat tmux -L probe kill-server
    return "$result"
)
