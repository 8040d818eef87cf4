#!/bin/sh
# SPDX-License-Identifier: MIT
# Connections that the kernel will not watch (epoll_ctl fails): each is answered or ended, none is left
# waiting and none takes a whole processor.

. "$(dirname "$0")/lib.sh"
not_in_valgrind 'what is preloaded there is another'
world
! has_sanitizers || skip_all 'the sanitizers want to be loaded first'
# It takes its time, so that its answer is waited for.
start good pat fake-agent -a 0.2 -c questions -n good good good
wait_for 20 test -S "$E2E/home/pat/good"
fault=$E2E/fault
start relay pat LD_PRELOAD=/usr/local/bin/fault.so FAULT_FILE="$fault" relayd
wait_for 20 served pat
as pat relayctl register good >/dev/null
socket=$(agent_socket pat)
relay=$(pid relay)

# fails CALLS: which calls of epoll_ctl fail from now on.
fails() {
    printf 'epoll_ctl:%s:ENOSPC' "$1" >"$fault.new"
    mv "$fault.new" "$fault"
}
fails_no_more() {
    rm "$fault"
}
ticks() {
    awk '{ print $14 + $15 }' "/proc/$relay/stat"
}
# sleeps: in three seconds it takes less than 0.4 s of a processor.
sleeps() {
    before=$(ticks)
    uptime
    enough=$((up + 3))
    wait_for 20 is_past
    [ $(($(ticks) - before)) -lt 40 ]
}
is_past() {
    uptime
    [ "$up" -gt "$enough" ]
}
says() {
    grep -Eq -- "$1" "$E2E/log/relay"
}
# late QUESTION...: they come in pieces, so that the client is watched before its login is.
late() {
    as pat ask -b -k -h -t 20 "$socket" "$@" 2>&1
}

fails 1+
start deaf pat ask -k -t 60 "$socket" raw:00
ok 'no client can be watched: the relay sleeps' sleeps
ok 'the client is ended' wait_for 20 grep -Eq 'end|reset' "$E2E/log/deaf"
ok 'the log says why' says 'could not be watched'
like "$(as pat ask -k -t 60 "$socket" raw:00)" 'end|reset' 'so is the next'
fails 2+
start waits pat ask -b -t 60 "$socket" sign
ok 'no login can be watched: the relay sleeps' sleeps
# Four times a second, of which there may be many on a busy machine.
ok 'and tries again now and then' test "$(wc -l <"$E2E/home/pat/questions")" -lt $((60 + 8 * (up - enough)))
ok 'the log says so' says 'dial: .*cannot be watched'
fails_no_more
ok 'it is asked again later: the client has its answer' wait_for 20 grep -q '^14 ' "$E2E/log/waits"
is "$(keys pat)" good 'the next is served'

for call in 1 2 3 4 5 6; do
    fails "$call"
    unlike "$(late list sign list)" nothing \
        "call $call fails: a client is answered or ended"
done
fails 1+
start status pat timeout 20 ask -s -t 8 "$(dirname "$socket")/control.sock" text:status
ok 'no control connection can be watched: the relay sleeps' sleeps
ok 'it is ended, before its time is up' wait_for 20 grep -Eq 'end|reset' "$E2E/log/status"
fails_no_more
is "$(keys pat)" good 'a client is served'
is "$(status pat state)" alive 'and so is relayctl'

finish
