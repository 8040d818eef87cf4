#!/bin/sh
# SPDX-License-Identifier: MIT
# What the log says of calls that fail again and again, and what is asked of logins meanwhile. That
# relayd lives, sleeps and serves through them all, faults.t shows.

. "$(dirname "$0")/../e2e/lib.sh"
not_in_valgrind 'what is preloaded there is another'
world
! has_sanitizers || skip_all 'the sanitizers want to be loaded first'
# It takes its time, so that its answer is waited for.
start good pat fake-agent -a 0.2 -c questions -n good good good
wait_for 20 test -S "$E2E/home/pat/good"
fault=$E2E/fault
# faulty NAME=VALUE...: a relay to which that happens.
faulty() {
    start relay pat LD_PRELOAD=/usr/local/bin/fault.so FAULT_FILE="$fault" "$@" relayd --verbose
}
says() {
    grep -Eq -- "$1" "$E2E/log/relay"
}
# fails CALLS: from now on.
fails() {
    printf '%s' "$1" >"$fault.new"
    mv "$fault.new" "$fault"
}
has_keys() {
    [ "$(keys pat)" = good ]
}
kill_relay() {
    kill -s KILL "$(pid relay)" 2>/dev/null || :
    wait_for 20 gone "$(pid relay)"
}

faulty
wait_for 20 served pat
wait_for 20 as pat relayctl register good >/dev/null
fails 'accept4:1+:EMFILE'
start client pat timeout 60 ask "$(agent_socket pat)" list
ok 'accept fails: it says so' wait_for 20 says 'agent.sock: Too many open files: clients wait'
rm "$fault"
ok 'the client is served then' wait_for 20 grep -q '^12 ' "$E2E/log/client"

fails 'epoll_ctl:1+:ENOSPC'
start deaf pat ask -k -t 60 "$(agent_socket pat)" raw:00
ok 'no client can be watched: it is ended' wait_for 20 grep -Eq 'end|reset' "$E2E/log/deaf"
ok 'the log says why' says 'could not be watched'
: >"$E2E/home/pat/questions"
fails 'epoll_ctl:2+:ENOSPC'
start waits pat ask -b -t 60 "$(agent_socket pat)" sign
ok 'no login can be watched: the log says so' wait_for 20 says 'dial: .*cannot be watched'
uptime
enough=$((up + 2))
is_past() {
    uptime
    [ "$up" -gt "$enough" ]
}
wait_for 20 is_past
ok 'it is asked again now and then' test "$(wc -l <"$E2E/home/pat/questions")" -lt 60
rm "$fault"
ok 'and answers the client then' wait_for 20 grep -q '^14 ' "$E2E/log/waits"
kill_relay

faulty FAULT=inotify_init1:1+2:EMFILE
wait_for 20 served pat
wait_for 20 as pat relayctl register good >/dev/null
ok 'inotify is refused: it says why' wait_for 20 says 'relayd: cannot be watched: Too many open files$'
watched() {
    grep -q '^inotify ' /proc/"$(pid relay)"/fdinfo/*
}
rm "$(agent_socket pat)"
ok 'the agent socket is made again all the same' wait_for 20 has_keys
ok 'once it is to be had, the directory is watched' wait_for 20 watched
kill_relay

faulty FAULT=setlk:1+:ENOLCK
ok 'there are no locks: it ends' wait_for 20 gone "$(pid relay)"
ok 'with the reason' says 'lock: No locks available$'

finish
