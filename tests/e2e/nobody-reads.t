#!/bin/sh
# SPDX-License-Identifier: MIT
# A manager, a journal or a terminal that has stopped to read what the relay says keeps no client
# waiting.

. "$(dirname "$0")/lib.sh"
world systemd journald
journal
user_manager pat
systemctl_of pat start relayd.socket
start good pat fake-agent -n good good good
wait_for 20 test -S "$E2E/home/pat/good"
wait_for 20 as pat relayctl register --label good good >/dev/null
socket=$(agent_socket pat)
daemon=$(relay_pid pat)
told() {
    [ "$(systemctl_of pat show -P StatusText relayd.service)" = "$1" ]
}
ok 'the relay serves' wait_for 20 told '1 login, serving good, 0 clients'

# clients_for SECONDS: for so long, one after the other asks for a signature.
clients_for() {
    uptime
    over=$((up + $1))
    while [ "$up" -le "$over" ]; do
        as pat timeout 10 ask "$socket" sign | grep -q '^14 ' || return 1
        uptime
    done
}

manager=$(pgrep -x -U "$(id -u pat)" systemd)
journald=$(pgrep -x systemd-journal)
kill -s STOP "$manager" "$journald"
ok 'both are stopped: each client is served' clients_for 14
start client pat ask -k -t 600 "$socket" list
wait_for 20 grep -q '^12 ' "$E2E/log/client"
kill -s CONT "$manager" "$journald"
ok 'the manager goes on: it is told how things are now' wait_for 20 told '1 login, serving good, 1 client'
is "$(relay_pid pat)" "$daemon" 'by the same relay'
missing_said() {
    as pat timeout 10 ask "$socket" sign >"$E2E/got"
    journal_of pat -o cat | grep -Eq '^[0-9]+ lines are missing here'
}
ok 'the journal goes on: it has how many lines it missed' wait_for 20 missing_said
end client

# A pipe that is full when the relay starts.
account alex
as alex mkfifo pipe
exec 7<>"$E2E/home/alex/pipe"
yes | dd iflag=fullblock of="$E2E/home/alex/pipe" oflag=nonblock bs=4096 count=100 2>/dev/null || :
# shellcheck disable=SC2016
start full alex sh -c 'exec relayd --verbose 2>pipe'
ok 'stderr is a full pipe: a relay starts' wait_for 20 served alex
start good2 alex fake-agent -n good good good
wait_for 20 test -S "$E2E/home/alex/good"
wait_for 20 as alex relayctl register good >/dev/null
is "$(keys alex)" good 'and serves'
cat <&7 >"$E2E/log/pipe" &
reader=$!
missing_read() {
    keys alex >"$E2E/got"
    grep -aEq 'relayd: [0-9]+ lines are missing here' "$E2E/log/pipe"
}
ok 'somebody reads it: it has how many lines are missing' wait_for 20 missing_read
kill "$reader"
end full

# A terminal says that there is room when there is some, not when there is enough.
account eve
start terminal eve script -qc 'exec relayd --verbose' /dev/null
wait_for 20 served eve
start good3 eve fake-agent -n good good good
wait_for 20 test -S "$E2E/home/eve/good"
wait_for 20 as eve relayctl register good >/dev/null
socket=$(agent_socket eve)
kill -s STOP "$(pid terminal)"
asked() {
    as eve timeout 10 ask "$socket" sign | grep -q '^14 '
}
many_asked() {
    for _ in $(seq 100); do
        asked || return 1
    done
}
ok 'stderr is a terminal that nobody reads: each client is served' many_asked
kill -s CONT "$(pid terminal)"
terminal_read() {
    asked
    grep -aEq 'relayd: [0-9]+ lines are missing here' "$E2E/log/terminal"
}
ok 'somebody reads it: it has how many lines are missing' wait_for 20 terminal_read

finish
