#!/bin/sh
# SPDX-License-Identifier: MIT
# relayctl setup --follow: two people in one tmux are each served by their own agent, hooks of theirs
# stay, and all of it is taken back.

. "$(dirname "$0")/lib.sh"
world sshd tmux
patient
tmux_tells || skip_all 'tmux before 3.3 tells nobody who types'
socket=$(agent_socket pat)
home=$E2E/home/pat
sshd 22

setup() {
    as pat TMUX_TMPDIR="$home" relayctl setup "$@" 2>&1
}
# inner COMMAND...: to the server of pat's own.
inner() {
    as pat TMUX_TMPDIR="$home" tmux "$@"
}
# all: hooks and options of that server, whose variables are for setup-tmux.t to look at.
all() {
    inner show-hooks -g
    inner show-options -g | grep -v '^update-environment'
}
is_following() {
    [ "$(as pat relayctl status --json | grep -c '"following": true')" = 1 ]
}
attached() {
    [ "$(inner list-clients | wc -l)" -eq "$1" ]
}
# attaches NAME: that person, one after the other: tmux tells of a client only when it was not the last.
attaches() {
    were=$(inner list-clients | wc -l)
    tmux_of "$1" send-keys "TMUX_TMPDIR=~ tmux attach -t one" Enter
    wait_for 20 attached $((were + 1))
}

# --- what is said without it

said=$(setup --yes)
like "$said" 'relayctl setup --follow' 'where there is tmux, setup names it'
like "$(setup --yes)" 'relayctl setup --follow' 'also where there is nothing to do'
ok 'relayd follows nobody' not is_following
unlike "$(cat "$home/.tmux.conf")" 'relayd_follow' 'but does not do it unasked'
like "$(setup --follow --dry-run)" 'tmux\.conf +tmux tells relayd who types' 'with it, it says what more it is for'
setup --undo --yes >"$E2E/shared/undone"
like "$(as pat relayctl --name work setup --follow --yes 2>&1)" 'goes neither with' 'one with a name has no keyboard'

# --- a configuration and a running server with hooks of the person's

cat >"$E2E/shared/tmux.conf" <<'END'
set-hook -g client-attached 'set-option -g @mine attached'
set-hook -g client-detached[77] 'set-option -g @mine detached'
set-hook -g client-focus-in[3] 'set-option -g @mine "focus [78]"'
END
as pat cp "$E2E/shared/tmux.conf" .tmux.conf
as pat mkdir -p .config
as pat sh -c 'printf "patience 10s" >.config/relayd.conf'
inner new-session -d -s one
before=$(all)
like "$(setup --follow --dry-run)" 'tmux server default +it tells relayd who types' 'a dry run tells of the server'
is "$(all)" "$before" 'and changes nothing there'
ok 'it is done' setup --follow --yes
ok 'relayd follows' is_following
inner show-hooks -g >"$E2E/shared/hooks"
for mine in 'client-attached\[0\] set-option -g @mine attached' 'client-detached\[77\] set-option -g @mine detached' \
    'client-focus-in\[3\] set-option -g @mine "focus'; do
    ok "this hook stays: $mine" grep -q "^$mine" "$E2E/shared/hooks"
done
is "$(grep -c relayd_follow "$E2E/shared/hooks")" "$(grep -Ec '^client-(active|attached|session-changed|detached|focus-in)\[7[789]\] run' "$E2E/shared/hooks")" \
    'ours stand beside them'
made=$(cksum "$home/.tmux.conf" "$home/.config/relayd.conf"; all)
like "$(setup --follow --yes)" 'nothing to do' 'a second time there is nothing to do'
said=$(setup --yes)
like "$said" 'nothing to do' 'nor without the word'
unlike "$said" 'setup --follow' 'which is not named any more'
is "$(cksum "$home/.tmux.conf" "$home/.config/relayd.conf"; all)" "$made" 'and nothing is changed'

# --- whoever types

people home office
# shellcheck disable=SC2016
for name in home office; do
    typed "$name" 'echo "$RELAYD_UPSTREAM"' >"$E2E/shared/$name.socket"
    attaches "$name"
done
# followed NAME: whether that one is known to be at the keyboard.
followed() {
    as pat relayctl status --json | grep -q '"followed_s": [0-9]' &&
        [ "$(status pat path | head -n 1)" = "$(first_line "$E2E/shared/$1.socket")" ]
}
is_past() {
    [ "$(date +%s)" -gt "$1" ]
}
# changes N WHAT: the people take turns so often; each is listed his own. tmux tells when a client was
# used in whole seconds.
changes() {
    wrong=
    for turn in $(seq "$1"); do
        for name in home office; do
            wait_for 5 is_past "$(date +%s)"
            tmux_of "$name" send-keys Space
            wait_for 20 followed "$name" || wrong="$wrong unseen:$name($turn)"
            [ "$(typed "$name" "SSH_AUTH_SOCK=$socket ssh-add -l" | awk '{ print $3 }')" = "$name" ] || wrong="$wrong $name($turn)"
        done
    done
    is "$wrong" '' "$2"
}
changes 2 'each is served by his own agent'

# --- a server and a relay that start later

inner kill-server
wait_for 20 not inner list-sessions 2>/dev/null
# The server that ends may still have the socket.
wait_for 20 inner new-session -d -s one 2>/dev/null
wait_for 20 inner show-options -gv @relayd_follow
is "$(inner show-hooks -g | sort)" "$(sort "$E2E/shared/hooks")" 'a server that starts by the configuration has the same hooks'
as pat relayctl stop
rm -rf "$(dirname "$socket")"
wait_for 20 as pat relayctl register -q "$(first_line "$E2E/shared/home.socket")"
ok 'a relayd that starts anew follows' is_following

# --- undone

ok 'undone' setup --undo --yes
is "$(all)" "$before" "the server's hooks are as they were"
is "$(cat "$home/.tmux.conf"; echo .)" "$(cat "$E2E/shared/tmux.conf"; echo .)" 'and its configuration, byte for byte'
is "$(cat "$home/.config/relayd.conf"; echo .)" 'patience 10s.' "and relayd's options"
ok 'relayd follows nobody' not is_following
ok 'undone twice' setup --undo --yes

# --- options that setup cannot write

as pat sh -c 'mkdir dots && mv .config/relayd.conf dots && ln -s ../dots/relayd.conf .config/relayd.conf'
like "$(setup --follow --yes)" 'Left alone: ~/.config/relayd.conf, because it is a symlink' 'options in a symlink are left alone'
ok 'relayd is told all the same' is_following
setup --undo --yes >"$E2E/shared/undone"
ok 'and told otherwise when it is undone' not is_following
as pat rm -r dots .config/relayd.conf

# --- by the person's own lines; names that tmux and sh read otherwise

as pat sh -c 'printf "follow\n" >.config/relayd.conf'
as pat mkdir -p "$home/it's #{a} dir"
as pat cp "$(command -v relayctl)" "$home/it's #{a} dir/"
as pat cp "$(command -v relayd)" "$home/it's #{a} dir/"
odd=$home/it\'s\ \#\{a\}\ dir/relayctl
ok 'a program with an odd name' as pat TMUX_TMPDIR="$home" "$odd" setup --follow --yes
is "$(cat "$home/.config/relayd.conf")" follow 'the option stands there already'
inner kill-server
wait_for 20 not inner list-sessions 2>/dev/null
mv "$E2E/bin/relayctl" "$E2E/bin/relayctl.away"
wait_for 20 inner new-session -d -s one 2>/dev/null
for name in home office; do
    # Not C-c: the shell could take what is typed behind it for a part of the line that goes.
    tmux_of "$name" send-keys C-u
    attaches "$name"
done
wait_for 5 is_past "$(date +%s)"
tmux_of home send-keys Space
# odd_follows: whether home is seen by what the odd program says.
odd_follows() {
    as pat "$odd" status --json | tr -d '\n' | grep -Eq "\"path\": \"$(first_line "$E2E/shared/home.socket")\"[^}]*\"followed_s\": [0-9]"
}
ok 'is found by the hooks' wait_for 20 odd_follows
mv "$E2E/bin/relayctl.away" "$E2E/bin/relayctl"
inner kill-server

finish
