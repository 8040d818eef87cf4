#!/bin/sh
# SPDX-License-Identifier: MIT
# The first login starts the relay, and the relay outlives it.

. "$(dirname "$0")/lib.sh"
world sshd
sshd 22

relays() {
    pgrep -c -u "$1" -x relayd
}

# pipes PID...: the pipes and terminals that these processes hold.
pipes() {
    for process; do
        find "/proc/$process/fd" -mindepth 1 -printf '%l\n' | grep -E '^pipe:|^/dev/pts/' || :
    done | sort -u
}

# from_laptop COMMAND: a command over ssh, with the agent. Its end is the end of all that hold its
# pipes.
agent one
from_laptop() {
    as laptop SSH_AUTH_SOCK=one.agent timeout 20 ssh -A pat@localhost "$1"
}

# shellcheck disable=SC2016
start login laptop SSH_AUTH_SOCK=one.agent ssh -A pat@localhost \
    'relayctl register; echo $$ >login.pid; exec sleep 86400'
wait_for 20 test -s "$E2E/home/pat/login.pid"
is "$(relays pat)" 1 'a login starts a relay'
daemon=$(relay_pid pat)
shell=$(cat "$E2E/home/pat/login.pid")
pipes "$daemon" >"$E2E/held"
pipes "$shell" "$(ps -o ppid= -p "$shell" | xargs)" >"$E2E/of_login"
ok 'the login has pipes' test -s "$E2E/of_login"
is "$(comm -12 "$E2E/held" "$E2E/of_login")" '' 'the relay holds none of them'
is "$(readlink "/proc/$daemon/cwd")" / 'nor its directory'
unlike "$(ps -o sid= -p "$daemon")" "^ *$(ps -o sid= -p "$shell" | xargs)\$" 'nor its session'
kill "$shell"
ok 'the login ends' wait_for 20 gone "$(pid login)"
is "$(relay_pid pat)" "$daemon" 'the relay outlives it'

ok 'stop ends it' as pat relayctl stop
ok 'and it goes' wait_for 20 gone "$daemon"
ok 'a command that starts the relay over ssh does not wait for it' from_laptop 'relayctl register'
is "$(relays pat)" 1 'and leaves it'
as pat relayctl stop
wait_for 20 not pgrep -u pat -x relayd >/dev/null

rc pat
arrives one
daemon=$(relay_pid pat)
is "$(relays pat)" 1 'rc starts a relay'
login two
ok 'the second login finds the same relay' wait_for 20 newest pat "$(upstream two)"
is "$(relay_pid pat)" "$daemon" 'and starts none'

account bob
start a bob fake-agent -n a good a.agent
start b bob fake-agent -n b good b.agent
wait_for 20 test -S "$E2E/home/bob/a.agent"
wait_for 20 test -S "$E2E/home/bob/b.agent"
for round in 1 2 3 4 5; do
    start register.a bob relayctl register a.agent
    start register.b bob relayctl register b.agent
    wait_for 20 gone "$(pid register.a)"
    wait_for 20 gone "$(pid register.b)"
    is "$(relays bob) $(status bob path | wc -l)" '1 2' \
        "two at once start one relay, and both are registered ($round)"
    as bob relayctl stop
    wait_for 20 not pgrep -u bob -x relayd >/dev/null
    rm -f "/run/user/$(id -u bob)/relayd/upstreams"
done

ok 'register --no-start starts none' not as bob relayctl register --no-start a.agent
is "$(relays bob || :)" 0 'and none is there'

finish
