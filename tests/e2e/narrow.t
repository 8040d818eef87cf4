#!/bin/sh
# SPDX-License-Identifier: MIT
# relayd --name narrow --read-only --behind-first: a narrower one, for containers and coding agents,
# that has whatever logins the first has.

. "$(dirname "$0")/lib.sh"
world sshd
patient
sshd 22
rc pat
as pat mkdir .config
printf 'read-only\nbehind-first\n' >"$E2E/home/pat/.config/relayd-narrow.conf"
narrow=$(as pat relayctl --name narrow path)
# asks COMMAND...: a client of the narrow one.
asks() {
    as pat SSH_AUTH_SOCK="$narrow" timeout 60 "$@" 2>&1
}
# lists KEY
lists() {
    [ "$(asks ssh-add -l | names)" = "$1" ]
}

start narrow pat relayd --verbose --name narrow
wait_for 20 test -S "$narrow"
like "$(asks ssh-add -l)" 'agent refused' 'the first does not run: a client is told that none is there'
ok 'and is not started for it' not test -S "$(agent_socket pat)"
arrives one
ok 'a login with the first: the next client has it' wait_for 20 lists one
is "$(as pat relayctl --name narrow status --json | sed -n 's/^ *"path": "\(.*\)",$/\1/p')" "$(agent_socket pat)" \
    'it has the first for its only login'
is "$(asks ssh localhost id -un)" pat 'which signs'
arrives two
ok 'it follows the newest login' lists two
as pat relayctl use "$(upstream one)"
ok 'and who is preferred there' lists one
as pat relayctl use --auto
asks ssh-add -D >/dev/null && result=0 || result=$?
is "$result $(keys pat)" '1 two' 'its clients change nothing'
refusal='client [0-9]+ \(ssh-add, uid [0-9]+\).*: .*remove.* in [0-9.]+ s: refused, for --read-only lets clients list and sign'
refused() {
    matches "$(as pat relayctl --name narrow why)" "$refusal"
}
ok 'why says what refused them' wait_for 20 refused
like "$(cat "$E2E/log/narrow")" "$refusal" 'so does the log'

# --- the first makes its socket again

before=$(stat -c %i "$(agent_socket pat)")
as pat relayctl stop >/dev/null
ok 'the first ends' wait_for 20 not served pat
like "$(asks ssh-add -l)" 'agent refused' 'a client is told so'
wait_for 20 in_login two relayctl register >/dev/null
note "its socket was $before, and is $(stat -c %i "$(agent_socket pat)")"
ok 'started again, it serves on' wait_for 20 lists two
rm "$(agent_socket pat)"
ok 'the first makes its socket again' wait_for 20 test -S "$(agent_socket pat)"
ok 'and serves on' wait_for 20 lists two
pkill -KILL -u pat -f '^relayd --daemon' || :
logout two
wait_for 20 in_login one relayctl register >/dev/null
ok 'a crash, too' wait_for 20 lists one
end narrow
start narrow pat relayd --verbose --name narrow
wait_for 20 test -S "$narrow"
ok 'and this one started again' wait_for 20 lists one
logout one
like "$(asks ssh-add -l)" 'agent refused' 'nobody is left: a client is told so'

finish
