#!/bin/sh
# SPDX-License-Identifier: MIT
# relayctl use by a label, --pid and --tty: the login that has it, or that a process or a terminal
# belongs to.

. "$(dirname "$0")/lib.sh"
world sshd tmux screen script
patient
relay pat
sshd 22
rc pat

# used ARGUMENT...: whose keys are listed after `relayctl use` with these, or what it says.
used() {
    as pat relayctl use --auto
    if as pat relayctl use "$@" >"$E2E/got" 2>&1; then
        keys pat
    else
        xargs -d '\n' <"$E2E/got"
    fi
}
arrives home -o SetEnv=LC_RELAYD_LABEL=home
arrives office
is "$(keys pat)" office 'the newest serves'

# --- labels

is "$(used home)" home 'the label of a login'
like "$(used hom)" '^relayctl: hom: no such login +name it by its number or its label in' 'one that nobody has: told so'
like "$(used '')" 'an empty name is no socket' 'none'
for twin in twin other; do
    start "$twin" pat fake-agent -n "$twin" good "$twin"
    wait_for 20 test -S "$E2E/home/pat/$twin"
    as pat relayctl register -q --label home "$twin"
done
like "$(used home)" '^relayctl: home: several logins have this label +name one by its number: [0-9]+, [0-9]+, [0-9]+$' \
    'several have it: told so, with their numbers'
is "$(as pat relayctl use home 2>/dev/null || echo $?)" 1 'and it fails'
as pat relayctl register -q --label twin other
is "$(used twin)" twin 'the socket of a login goes before a label'
as pat relayctl unregister home >"$E2E/got" 2>&1 || :
is "$(as pat relayctl status --json | grep -c '"label": "home"')" 2 'none of several is unregistered'
as pat relayctl register -q --label lonely other
as pat relayctl unregister lonely
is "$(as pat relayctl status --json | grep -c '"label": "lonely"')" 0 'one by its label is'
as pat relayctl unregister twin

# --- processes

shell_of() {
    first_line "$E2E/shared/$1.login"
}
is "$(used --pid "$(shell_of home)")" home 'the process of a login: by its socket'
as pat relayctl use --auto
start child pat SSH_AUTH_SOCK="$(agent_socket pat)" RELAYD_UPSTREAM="$(upstream home)" sleep 86400
sleeps child
is "$(used --pid "$(pid child)")" home 'one that uses the relay: by what env has kept'
start facts pat SSH_CONNECTION="$(connection home)" sleep 86400
sleeps facts
is "$(used --pid "$(pid facts)")" home 'one that has lost its socket: by its connection'
start label pat SSH_AUTH_SOCK=/tmp/gone SSH_CONNECTION='10.0.0.1 1 10.0.0.2 22' RELAYD_LABEL=home sleep 86400
sleeps label
is "$(used --pid "$(pid label)")" home 'one whose own login is over, as that of mosh: by the label'
start both pat SSH_AUTH_SOCK="$(upstream office)" SSH_CONNECTION="$(connection home)" RELAYD_LABEL=home sleep 86400
sleeps both
as pat relayctl use "$(upstream home)"
is "$(as pat relayctl use --pid "$(pid both)" >/dev/null && keys pat)" office 'its socket says more than the rest'
# shellcheck disable=SC2016
start nested pat SSH_AUTH_SOCK="$(upstream home)" sh -c 'env -i sleep 86400 & echo $!; wait'
wait_for 20 test -s "$E2E/log/nested"
wait_for 20 grep -qsx sleep "/proc/$(first_line "$E2E/log/nested")/comm"
is "$(used --pid "$(first_line "$E2E/log/nested")")" home 'one with an empty environment: by its parent'

start stranger pat sleep 86400
sleeps stranger
like "$(used --pid "$(pid stranger)")" "process $(pid stranger): it belongs to no login that is registered" \
    'one of no login: told so'
start laptops laptop sleep 86400
sleeps laptops
like "$(used --pid "$(pid laptops)")" 'no such process of yours' "another user's: told so"
end stranger
like "$(used --pid 4194000)" 'no such process of yours' 'one that is not there'
for pid in 0 -1 x 99999999999999999999 ''; do
    is "$(as pat relayctl use --pid "$pid" >/dev/null 2>&1 || echo $?)" 64 "no number of a process: '$pid'"
done
is "$(as pat relayctl use --pid 1 "$(upstream home)" >/dev/null 2>&1 || echo $?)" 64 'a socket besides: a usage error'

# --- terminals

start terminal laptop SSH_AUTH_SOCK=home.agent ssh -tt -A pat@localhost \
    "tty >'$E2E/shared/tty'; echo \$\$ >'$E2E/shared/tty.login'; exec sleep 86400"
wait_for 20 test -s "$E2E/shared/tty.login"
tty=$(first_line "$E2E/shared/tty")
arrives last
is "$(keys pat)" last 'a login with a terminal, then one without'
is "$(used --tty "$tty")" home 'a terminal: the login on it'
is "$(used --tty "${tty#/dev/}")" home 'by its short name'
start bytty pat SSH_TTY="$tty" sleep 86400
sleeps bytty
is "$(used --pid "$(pid bytty)")" home 'a process that knows nothing but its terminal'
end bytty
# A window of some kind, whose name the login was not given.
start window pat SSH_AUTH_SOCK="$(upstream home)" script -qc \
    "tty >'$E2E/shared/window.tty'; echo \$\$ >'$E2E/shared/window.shell'; exec sleep 86400" /dev/null
wait_for 20 test -s "$E2E/shared/window.shell"
sleeps_at "$(first_line "$E2E/shared/window.shell")"
is "$(used --tty "$(first_line "$E2E/shared/window.tty")")" home 'a terminal within a login: by the processes on it'
end window
as pat relayctl use --auto
as pat relayctl unregister "$(status pat path | sed -n 2p)"
like "$(used --tty "$tty")" "$tty: it belongs to no login that is registered" 'which is not registered: told so'
like "$(used --tty /dev/null)" 'belongs to no login' 'what no login is on'
wait_for 20 in_login office env SSH_TTY=/dev/null relayctl register >/dev/null
is "$(used --tty /dev/null)" office 'a terminal on which nothing runs: the login that has it'
like "$(used --tty /etc/passwd)" 'is no terminal' 'what is no terminal'
like "$(used --tty "$(printf '%04999d' 0)")" 'is no terminal' 'nor any name'
is "$(as pat relayctl use --tty >/dev/null 2>&1 || echo $?)" 64 'without a name: a usage error'

# --- within tmux and screen

as pat SSH_AUTH_SOCK="$(upstream home)" tmux -L t -f /dev/null new-session -d -x 80 -y 24 'sleep 86400'
pane=$(as pat tmux -L t list-panes -F '#{pane_pid}')
# Until it is what the pane runs it is a second tmux, with the environment of the first.
wait_for 20 grep -q '^TMUX=\|.TMUX=' "/proc/$pane/environ"
said=$(used --pid "$pane")
like "$said" "within tmux.*name tmux's client" "a pane belongs to whoever attaches: told so"
like "$said" '--pid \$\(tmux display-message -p .#\{client_pid\}.\)' 'and how the client is named'
as pat tmux -L t kill-server
# As tmpfiles.d has it.
mkdir -m 777 /run/screen
as pat SSH_AUTH_SOCK="$(upstream home)" screen -dmS s sh -c "echo \$\$ >'$E2E/shared/window'; exec sleep 86400"
wait_for 20 test -s "$E2E/shared/window"
sleeps_at "$(first_line "$E2E/shared/window")"
like "$(used --pid "$(first_line "$E2E/shared/window")")" "within screen" "so does screen's window"
as pat screen -S s -X quit

finish
