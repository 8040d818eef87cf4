#!/bin/sh
# SPDX-License-Identifier: MIT
# Who mistypes, or asks for another's relay, is told what to type instead.

. "$(dirname "$0")/lib.sh"
world script

# said COMMAND...: what pat is told, in one line.
said() {
    as pat timeout 20 "$@" 2>&1 | xargs -d '\n' || :
}
like "$(said relayctl stauts)" 'stauts: unknown command +did you mean status\? try: relayctl help$' \
    'a command with a slip: the one that was meant'
like "$(said relayctl unreg)" 'did you mean unregister\?' 'the beginning of one too'
like "$(said relayctl help pasue)" 'did you mean pause\?' 'also where help is asked for'
like "$(said relayctl regster --quiet)" 'did you mean register\?' 'the nearest, where two are near'
like "$(said relayctl list)" 'did you mean status\?' 'a word that other programs have: what it is called here'
like "$(said relayctl start)" 'did you mean register, which starts relayd\?' 'another one'
like "$(said relayctl undo)" 'did you mean setup --undo\?' 'one that is an option here'
for word in x exit wat u frobnicate "$(printf '%0100d' 0)"; do
    unlike "$(said relayctl "$word")" 'did you mean' "nothing is suggested for $(printf '%.12s' "$word")"
done
like "$(said relayctl status --jsno)" '--jsno: unknown option +did you mean --json\? try: relayctl help status$' \
    'an option with a slip'
like "$(said relayctl register --lable=x)" 'did you mean --label\?' 'one with an argument'
unlike "$(said relayctl status --label)" 'did you mean' 'not one of another command'
is "$(as pat relayctl stauts >/dev/null 2>&1 || echo $?)" 64 'exit 64 as ever'

# A terminal of 80 columns.
on_terminal() {
    as pat script -qec "stty cols 80; $*" /dev/null </dev/null | tr -d '\r'
}
long=$(printf '%060d' 7)
on_terminal "relayctl --dir /tmp/$long/$long status" >"$E2E/shared/screen" || :
is "$(LC_ALL=C.UTF-8 wc -L <"$E2E/shared/screen")" 80 'on a terminal a long word goes on in the next line'
like "$(on_terminal relayctl --dir "/tmp/$long" status)" '^ +start one: *$' 'a hint is below'
like "$(said relayctl --dir "/tmp/$long" status)" "start one: relayctl --dir /tmp/$long register, in a login made by ssh -A\$" \
    'and names the relay that was asked for'
as pat install -d -m 700 /tmp/r
for n in 1 5 9 13 17 21 25 29; do
    columns=$((44 + n))
    as pat script -qec "stty cols $columns; relayctl --dir /tmp/r status" /dev/null </dev/null || :
done >"$E2E/shared/screen"
is "$(grep -c 'relayctl --dir /tmp/r register' "$E2E/shared/screen") $(grep -c 'ssh -A' "$E2E/shared/screen")" '8 8' \
    'however wide it is, no command is broken'

relay pat
directory=$(dirname "$(agent_socket pat)")
root_said() {
    timeout 20 "$@" 2>&1 | xargs -d '\n' || :
}
like "$(root_said relayctl --dir "$directory" status)" "belongs to another user +ask as that user: sudo -u pat relayctl$" \
    'root at the directory of another: how to ask as that user'
like "$(root_said relayctl --dir "$directory" path)" 'sudo -u pat relayctl$' 'whatever is asked'
as pat install -d -m 700 own
like "$(root_said relayctl --dir "$E2E/home/pat/own" status)" "sudo -u pat relayctl --dir $E2E/home/pat/own\$" \
    'with the directory, where it is not the usual one'
like "$(root_said env -u SUDO_USER relayctl status)" "no relayd answers here +here it is root's: for a user's, sudo -u NAME relayctl" \
    'root who has no relay: whose it would be'
like "$(root_said env SUDO_USER=pat relayctl status)" "here it is root's: for pat's, leave sudo away" 'who came by sudo: to leave it away'
unlike "$(as laptop relayctl --dir "$directory" status 2>&1)" 'sudo' 'another user is told nothing of the kind'

finish
