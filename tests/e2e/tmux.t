#!/bin/sh
# SPDX-License-Identifier: MIT
# The lines for tmux: whoever attaches, new panes keep the agent socket.

. "$(dirname "$0")/lib.sh"
world tmux
socket=$(agent_socket pat)

inner() {
    as pat SSH_AUTH_SOCK=/tmp/login.agent tmux -S inner.tmux "$@"
}

# end_inner: until its process has ended it may still have the socket, and turn away who comes there.
end_inner() {
    server=$(inner display-message -p '#{pid}')
    inner kill-server
    wait_for 20 gone "$server"
}

# pane_has SESSION: what SSH_AUTH_SOCK is in a new pane of it.
pane_has() {
    rm -f "$E2E/home/pat/has"
    # shellcheck disable=SC2016
    inner new-window -d -t "$1:" 'printf "%s\n" "${SSH_AUTH_SOCK-none}" >new; mv new has'
    wait_for 20 test -e "$E2E/home/pat/has"
    cat "$E2E/home/pat/has"
}

# attach [NAME=VALUE]: a client with that environment attaches to the inner server, and detaches.
attach() {
    tmux_of outer send-keys "env -u TMUX -u SSH_AUTH_SOCK $* tmux -S inner.tmux attach -t old" Enter
    wait_for 20 attached
    inner detach-client -s old
    wait_for 20 not attached
}

attached() {
    [ "$(inner list-clients -t old)" ]
}

terminal outer pat
inner -f /dev/null new-session -d -s old
attach SSH_AUTH_SOCK=/tmp/other.agent
is "$(pane_has old)" /tmp/other.agent 'without the lines a new pane has the socket of who attached last'

inner source-file "$E2E/contrib/tmux/tmux.conf"
wait_for 20 not inner show-environment -t old SSH_AUTH_SOCK 2>/dev/null
is "$(pane_has old)" "$socket" \
    'sourced by a server that runs: a new pane of an old session has the agent socket'
inner new-session -d -s new
is "$(pane_has new)" "$socket" 'so has one of a new session'
attach SSH_AUTH_SOCK=/tmp/other.agent
is "$(pane_has old)" "$socket" 'a login with an agent attaches: nothing changes'
attach
is "$(pane_has old)" "$socket" 'one without an agent attaches: nothing changes'
like "$(inner show-options -gv update-environment)" '^DISPLAY$' 'what else tmux copies is as it was'
unlike "$(inner show-options -gv update-environment)" '^SSH_AUTH_SOCK$' 'without SSH_AUTH_SOCK'
end_inner

inner -f "$E2E/contrib/tmux/tmux.conf" new-session -d -s old
global() {
    [ "$(inner show-environment -g SSH_AUTH_SOCK)" = "SSH_AUTH_SOCK=$socket" ]
}
ok 'a server that starts with the lines has the agent socket' wait_for 20 global
is "$(pane_has old)" "$socket" 'and gives it to its panes'
end_inner

mv "$E2E/bin/relayctl" "$E2E/bin/hidden"
inner -f "$E2E/contrib/tmux/tmux.conf" new-session -d -s old
is "$(pane_has old)" /tmp/login.agent 'where relayctl is missing nothing changes'
end_inner

finish
