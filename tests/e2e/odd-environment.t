#!/bin/sh
# SPDX-License-Identifier: MIT
# What a relay is started with is none of its clients' business: descriptors that are closed, signals
# that are ignored or blocked, limits, and variables that other programs' libraries look at.

. "$(dirname "$0")/lib.sh"
not_in_valgrind 'its report would take the place of what is closed'
world script
start good pat fake-agent -n good good good
wait_for 20 test -S "$E2E/home/pat/good"
runtime=/run/user/$(id -u pat)/relayd

# Lines for a stderr that is closed must not go to the file that has got its number.
start relay pat sh -c 'exec relayd --verbose 2>&-'
ok 'without stderr a relay serves' wait_for 20 served pat
wait_for 20 as pat relayctl register good >/dev/null
is "$(keys pat)" good 'keys too'
is "$(wc -c <"$runtime/lock")" 0 'and no line of its log goes to a file that is none'
end relay

ok 'so does one in the background, which returns' as pat timeout 20 sh -c 'exec relayd --daemon <&- >&- 2>&-'
is "$(keys pat)" good 'and serves'
as pat relayctl stop

# Whoever started it may have had signals blocked, or files limited.
start relay pat env --block-signal relayd --verbose
ok 'with all signals blocked it serves' wait_for 20 served pat
ok 'and ends when it is told to' end relay
start relay pat sh -c '(ulimit -f 0; exec relayd --verbose) 2>&1 | cat'
ok 'where no file may grow it serves' wait_for 20 served pat
wait_for 20 as pat relayctl register good >/dev/null
is "$(keys pat)" good 'keys too'
ok 'says so' wait_for 20 grep -q 'upstreams: not saved: File too large' "$E2E/log/relay"
ok 'and ends when it is told to' as pat relayctl stop

# A terminal may stop those in the background that write to it.
start terminal pat script -qc 'bash -mc "stty tostop; relayd --verbose & wait"' /dev/null
ok 'in the background of a terminal that wants to be left alone it serves' wait_for 20 served pat
as pat relayctl stop

# What systemd says of stderr is true, and its journal is not to be reached.
: >"$E2E/log/relay"
start relay pat JOURNAL_STREAM="$(stat -c %d:%i "$E2E/log/relay")" relayd
ok 'without the journal it serves' wait_for 20 served pat
like "$(cat "$E2E/log/relay")" '^<6>.*serving' 'and its log is on stderr, with the priorities'
end relay

# Who ignores SIGCHLD has no children to wait for, and hands that on.
printf 'cat <<END\n' >"$E2E/home/pat/.profile"
chown pat "$E2E/home/pat/.profile"
sed -i '/^pat:/s|:[^:]*$|:/bin/dash|' /etc/passwd
as pat timeout 300 env --ignore-signal=CHLD relayctl setup --dry-run >"$E2E/got" 2>&1 || :
like "$(tr '\n' ' ' <"$E2E/got")" 'Left alone: [~]/.profile, because something is left open' \
    'where SIGCHLD is ignored setup still hears what a shell says of its file'

# LIBEV_FLAGS chooses libev's backend; that of 128, io_uring, aborts under many clients.
start relay pat LIBEV_FLAGS=128 relayd
wait_for 20 served pat
is "$(find "/proc/$(pid relay)/fd" -lname 'anon_inode:*io_uring*')" '' 'LIBEV_FLAGS chooses nothing'
start clients pat crowd -n 200 -e 20 -q 0 odd "$(agent_socket pat)"
ok 'many clients are served' wait_for 60 grep -q asking "$E2E/log/clients"
end clients
like "$(tail -n 1 "$E2E/log/clients")" '0 wrong' 'and each has its answers'
note "$(tail -n 1 "$E2E/log/clients")"

finish
