#!/bin/sh
# SPDX-License-Identifier: MIT
# A call of the kernel's that fails once must not cost the relay its ears, nor a whole processor.

. "$(dirname "$0")/lib.sh"
not_in_valgrind 'what is preloaded there is another'
world
! has_sanitizers || skip_all 'the sanitizers want to be loaded first'
start good pat fake-agent -n good good good
wait_for 20 test -S "$E2E/home/pat/good"
fault=$E2E/fault
has_keys() {
    [ "$(keys pat)" = "$1" ]
}
# faulty NAME=VALUE...: a relay to which that happens.
faulty() {
    : >"$E2E/log/relay"
    start relay pat LD_PRELOAD=/usr/local/bin/fault.so FAULT_FILE="$fault" "$@" relayd --verbose
}
says() {
    grep -Eq -- "$1" "$E2E/log/relay"
}
kill_relay() {
    kill -s KILL "$(pid relay)" 2>/dev/null || :
    wait_for 20 gone "$(pid relay)"
}

# Whichever of its watchers it hits.
all_well() {
    wait_for 20 served pat && wait_for 20 as pat relayctl register -q good && wait_for 20 has_keys good &&
        rm "$(agent_socket pat)" && wait_for 60 has_keys good
}
for n in 1 2 3 4 5 6 7 8; do
    faulty FAULT="epoll_ctl:$n:ENOSPC"
    ok "epoll_ctl fails the first time but $((n - 1)): both sockets serve, and are made again" all_well
    kill -s TERM "$(pid relay)"
    ok 'and it ends when it is told to' wait_for 20 gone "$(pid relay)"
    kill_relay
done

faulty
wait_for 20 served pat
for error in EPERM EPROTO EINVAL EMFILE; do
    printf 'accept4:1+:%s' "$error" >"$fault"
    : >"$E2E/log/client"
    start client pat timeout 60 ask "$(agent_socket pat)" list
    ok "accept fails with $error: it says so" wait_for 20 says 'agent.sock: .*: clients wait'
    ticks() {
        awk '{ print $14 + $15 }' "/proc/$(pid relay)/stat"
    }
    before=$(ticks)
    uptime
    until_then=$((up + 3))
    later() {
        uptime
        [ "$up" -gt "$until_then" ]
    }
    wait_for 20 later
    ok 'and waits' test $(($(ticks) - before)) -lt 40
    rm "$fault"
    ok 'the client is served then' wait_for 20 grep -q '^12 ' "$E2E/log/client"
    : >"$E2E/log/relay"
done
kill_relay

faulty FAULT=inotify_init1:1+2:EMFILE
wait_for 20 served pat
as pat relayctl register good >/dev/null
ok 'inotify is refused: it says why' wait_for 20 says 'relayd: cannot be watched: Too many open files$'
watched() {
    grep -q '^inotify ' /proc/"$(pid relay)"/fdinfo/*
}
rm "$(agent_socket pat)"
ok 'the agent socket is made again all the same' wait_for 20 has_keys good
ok 'once it is to be had, the directory is watched' wait_for 20 watched
kill_relay

faulty FAULT=setlk:1+:ENOLCK
ok 'there are no locks: it ends' wait_for 20 gone "$(pid relay)"
ok 'with the reason' says 'lock: No locks available$'

finish
