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

# all_of_server: what a server has of it, in all places.
all_of_server() {
    inner show-options -gv update-environment | sort
    inner show-environment -g SSH_AUTH_SOCK 2>&1 || :
    for session in $(inner list-sessions -F '#{session_name}'); do
        printf '%s: ' "$session"
        inner show-environment -t "$session" SSH_AUTH_SOCK 2>&1 || :
        inner show-options -t "$session"
    done
    inner show-options -g | grep '^@' || :
}

inner -f /dev/null new-session -d -s old
inner set-environment -t old SSH_AUTH_SOCK /tmp/other.agent
before=$(all_of_server)
said=$(setup --dry-run)
like "$said" '/\.tmux\.conf .*tmux' 'it tells of the configuration'
like "$said" 'tmux server default' 'and of the server that runs'
is "$(pane_has old)" /tmp/other.agent 'a dry run changes nothing there'
ok 'it does it' setup --yes
is "$(pane_has old)" "$socket" 'a new pane of an old session uses the relay'
like "$(setup --yes)" 'nothing to do' 'twice changes nothing'
inner source-file "$home/.tmux.conf"
ok 'undone' setup --undo --yes
is "$(all_of_server)" "$before" 'the server has what it had, though it has read its lines again'
end_inner

# A list of the person's, the old symlink, and sessions of which one hides it and one comes later.
inner -f /dev/null new-session -d -s old
inner set-option -g update-environment DISPLAY
inner set-environment -g SSH_AUTH_SOCK "$home/it's a link"
inner set-environment -t old -r SSH_AUTH_SOCK
inner new-session -d -s plain
before=$(all_of_server)
ok 'a server with a list of its own' setup --yes
is "$(pane_has old)" "$socket" 'uses the relay'
inner new-session -d -s later
ok 'undone' setup --undo --yes
inner kill-session -t later
is "$(all_of_server)" "$before" 'it has what it had: no more is copied than was'

# A login that has ended meanwhile is no use to anybody while another is there.
start agent.one pat ssh-agent -D -a one.agent
wait_for 20 answers one.agent pat
as pat relayctl register -q one.agent
as pat touch lives
inner set-environment -g SSH_AUTH_SOCK /tmp/ssh-gone/agent.1
inner set-environment -t old SSH_AUTH_SOCK /tmp/ssh-gone/agent.2
inner set-environment -t plain SSH_AUTH_SOCK "$home/lives"
setup --yes >/dev/null
ok 'undone, while a login is there' setup --undo --yes
is "$(inner show-environment -g SSH_AUTH_SOCK)" "SSH_AUTH_SOCK=$home/one.agent" 'the server has that one in place of one that is gone'
is "$(pane_has old)" "$home/one.agent" 'so has a session'
is "$(pane_has plain)" "$home/lives" 'what is there still is given back'

# What the person has changed since is theirs.
setup --yes >/dev/null
inner set-environment -g SSH_AUTH_SOCK /tmp/mine.agent
inner set-environment -t old SSH_AUTH_SOCK /tmp/my.agent
inner set-option -ga update-environment MINE
setup --undo --yes >/dev/null
is "$(inner show-options -gv update-environment) $(inner show-environment -g SSH_AUTH_SOCK) $(inner show-environment -t old SSH_AUTH_SOCK)" \
    'DISPLAY
MINE SSH_AUTH_SOCK=/tmp/mine.agent SSH_AUTH_SOCK=/tmp/my.agent' 'what was changed since stays'
as pat relayctl unregister -q --all
end_inner

before=$(as pat tmux -f /dev/null -L names start-server \; show-options -gv update-environment | sort)
ok 'it does it again' setup --yes
inner new-session -d -s new
wait_for 20 server_leads
is "$(pane_has new)" "$socket" 'a server that starts by the configuration uses the relay'
ok 'undone' setup --undo --yes
ok 'the file is gone that setup made' not test -e "$home/.tmux.conf"
is "$(inner show-options -gv update-environment | sort)" "$before" 'the server copies the variables that it did'
is "$(inner show-environment -g SSH_AUTH_SOCK)" SSH_AUTH_SOCK=/tmp/login.agent 'and has what it was started with'
end_inner
as pat SSH_AUTH_SOCK="$socket" TMUX_TMPDIR="$home" tmux -f /dev/null new-session -d -s new
setup --yes >/dev/null
setup --undo --yes >/dev/null
like "$(inner show-environment -g SSH_AUTH_SOCK 2>&1)" unknown 'one that had the socket of the relay has none then'

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
