#!/bin/sh
# SPDX-License-Identifier: MIT
# However low the limit of open files, and however many logins hold some: a client is served.

. "$(dirname "$0")/lib.sh"
not_in_valgrind 'it has descriptors of its own'
world python3
patient pat
home=$E2E/home/pat

# limited FILES [OPTION...]: a relay that may open so many.
limited() {
    files=$1
    shift
    start relay.pat pat sh -c "ulimit -n $files; exec relayd --verbose $*"
    wait_for 20 served pat
}

# listings N: how many of so many clients at once get one.
listings() {
    through pat sh -c "
        i=0
        while [ \$i -lt $1 ]; do timeout 30 ssh-add -l & i=\$((i + 1)); done
        wait" 2>&1 | grep -c ED25519 || :
}

start many pat python3 "$E2E/clients/one-server.py" 40 "$home/many"
wait_for 20 grep -qs listening "$E2E/log/many"

register_all() {
    # shellcheck disable=SC2016
    as pat sh -c 'i=0
        while [ $i -lt 40 ]; do
            for _ in 1 2 3 4 5; do if relayctl register -q "many$i"; then break; fi; done
            i=$((i + 1))
        done'
}

limited 64
register_all
known=$(status pat path | wc -l)
ok "with 64 files $known of 40 logins are kept" test "$known" -ge 4
is "$(status pat path | head -n 1)" "$home/many39" 'the newest is among them'
is "$(keys pat)" "$home/many39" 'and serves'
is "$(listings 12)" 12 'twelve clients at once are all served'
like "$(cat "$E2E/log/relay.pat")" 'limit of open files allows' 'the log tells of the limit'
# Each login may be held, and somebody forgot some that watch.
start watchers pat python3 -c '
import socket, sys, time
watchers = [socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(60)]
for watcher in watchers:
    watcher.connect(sys.argv[1])
    watcher.send(b"watch")
print("watching", flush=True)
time.sleep(86400)' "$(dirname "$(agent_socket pat)")/control.sock"
wait_for 20 grep -qs watching "$E2E/log/watchers"
is "$(keys pat)" "$home/many39" 'with 60 connections of relayctl too'
is "$(listings 12)" 12 'and at once'
ok 'a login is registered all the same' knows as pat relayctl register many39
ok 'and the status told' served pat
said=$(as pat timeout 20 relayctl watch 2>&1) && result=0 || result=$?
is "$result" 1 'one more is not let watch'
like "$said" 'too many wait for news already' 'and told why'
end watchers
end relay.pat

relay pat
register_all
is "$(status pat path | wc -l)" 40 'with more files all are kept'
end relay.pat
limited 64 --max-clients 100
like "$(cat "$E2E/log/relay.pat")" 'max-clients 100: the limit of open files allows' 'a relay that may open fewer says so'
is "$(status pat path | wc -l)" "$known" 'and takes up as many as it can'
is "$(status pat path | head -n 1)" "$home/many39" 'the newest of them'
is "$(listings 12)" 12 'and serves'
unlike "$(cat "$E2E/log/relay.pat")" 'login ended' 'none is said to have ended'

finish
