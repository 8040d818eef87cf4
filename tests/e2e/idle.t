#!/bin/sh
# SPDX-License-Identifier: MIT
# An idle relay sleeps: with ten logins, one of them silent and one with a dead link, it makes no
# system call at all. Neither does one whose client has its answers and stays.

. "$(dirname "$0")/lib.sh"
world sshd strace
sshd 22
far train
# What they do is done when a client asks.
relay pat --dead-after 1s --discover --patience 10s
as pat relayctl follow
for name in 1 2 3 4 5 6 7 8 good; do
    start "$name" pat fake-agent -n "$name" good "$name"
    wait_for 20 test -S "$E2E/home/pat/$name"
done
start silent pat fake-agent -p silent silent
wait_for 20 test -S "$E2E/home/pat/silent"
for name in 1 2 3 4 5 6 7 8 silent; do
    knows as pat relayctl register "$name"
done
login_from train lost
knows in_login lost relayctl register
cut_link train
is "$(keys pat)" 8 'a client is served'
is "$(status pat state | sort | uniq -c | xargs)" '8 alive 2 silent' 'and two of ten logins are silent'

trace=$E2E/trace
: >"$trace"
trace "$(relay_pid pat)" -f -o "$trace"
calls() {
    wc -l <"$trace"
}
# That a tracer comes wakes it, and so did whoever asked for its pid.
settled() {
    before=$(calls)
    sleep 1
    [ "$(calls)" -eq "$before" ]
}
# idles SECONDS: how long it is watched, not a wait for something.
idles() {
    wait_for 20 settled
    before=$(calls)
    sleep "$1"
    tail -n "+$((before + 1))" "$trace"
    [ "$(calls)" -eq "$before" ]
}

ok 'it makes no system call in 15 s' idles 15
start client pat ask -k -t 600 "$(agent_socket pat)" list
answered() {
    grep -q '^12 ' "$E2E/log/client"
}
ok 'the trace shows when a client comes' wait_for 20 answered
ok 'and there is more in it' test "$(calls)" -gt "$before"
ok 'nor in 5 s with a client that has its answer' idles 5
kill "$tracer"

finish
