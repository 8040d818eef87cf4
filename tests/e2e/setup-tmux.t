#!/bin/sh
# SPDX-License-Identifier: MIT
# relayctl setup, for tmux: a server that runs, with its old sessions, and those to come.

. "$(dirname "$0")/lib.sh"
world tmux
socket=$(agent_socket pat)
home=$E2E/home/pat

# inner COMMAND...: to the server of pat's own.
inner() {
    as pat TMUX_TMPDIR="$home" SSH_AUTH_SOCK=/tmp/login.agent tmux "$@"
}
# end_inner: until its process has ended it may still have the socket, and turn away who comes there.
end_inner() {
    server=$(inner display-message -p '#{pid}')
    inner kill-server
    wait_for 20 gone "$server"
}
# pane_has SESSION: what SSH_AUTH_SOCK is in a new pane of it.
pane_has() {
    rm -f "$home/has"
    # shellcheck disable=SC2016
    inner new-window -d -t "$1:" 'printf "%s\n" "${SSH_AUTH_SOCK-none}" >new; mv new has'
    wait_for 20 test -e "$home/has"
    cat "$home/has"
}
server_leads() {
    [ "$(inner show-environment -g SSH_AUTH_SOCK)" = "SSH_AUTH_SOCK=$socket" ]
}
setup() {
    as pat TMUX_TMPDIR="$home" relayctl setup "$@" 2>&1
}

before=$(as pat tmux -f /dev/null -L names start-server \; show-options -gv update-environment | sort)
inner -f /dev/null new-session -d -s old
inner set-environment -t old SSH_AUTH_SOCK /tmp/other.agent
said=$(setup --dry-run)
like "$said" '/\.tmux\.conf .*tmux' 'it tells of the configuration'
like "$said" 'tmux server default' 'and of the server that runs'
is "$(pane_has old)" /tmp/other.agent 'a dry run changes nothing there'
ok 'it does it' setup --yes
is "$(pane_has old)" "$socket" 'a new pane of an old session uses the relay'
like "$(setup --yes)" 'nothing to do' 'twice changes nothing'
end_inner
inner new-session -d -s new
wait_for 20 server_leads
is "$(pane_has new)" "$socket" 'so does a server that starts by the configuration'
ok 'undone' setup --undo --yes
ok 'the file is gone that setup made' not test -e "$home/.tmux.conf"
is "$(inner show-options -gv update-environment | sort)" "$before" 'the server copies the variables that it did'
like "$(inner show-environment -g SSH_AUTH_SOCK 2>&1)" unknown 'and has no socket of the relay'

# The other place, with lines of the person's.
as pat mkdir -p .config/tmux
as pat sh -c "printf 'set -g status off' >.config/tmux/tmux.conf"
ok 'where the configuration is elsewhere' setup --yes
ok 'none is made' not test -e "$home/.tmux.conf"
like "$(cat "$home/.config/tmux/tmux.conf")" '^# >>> relayd tmux' 'it is in that one'
ok 'undone' setup --undo --yes
is "$(cat "$home/.config/tmux/tmux.conf"; echo .)" 'set -g status off.' 'which is as it was, byte for byte'
end_inner

# Names that tmux and sh read otherwise.
as pat mkdir -p "$home/it's #{a} dir"
as pat cp "$(command -v relayctl)" "$home/it's #{a} dir/"
ok 'a program with an odd name' as pat TMUX_TMPDIR="$home" "$home/it's #{a} dir/relayctl" setup --yes
mv "$E2E/bin/relayctl" "$E2E/bin/relayctl.away"
inner new-session -d -s odd
wait_for 20 server_leads
is "$(pane_has odd)" "$socket" 'is found by tmux'
mv "$E2E/bin/relayctl.away" "$E2E/bin/relayctl"
end_inner

finish
