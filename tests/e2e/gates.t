#!/bin/sh
# SPDX-License-Identifier: MIT
# What a session and a question cost, in system calls and in instructions, is what it was, or up to 5 %
# more. It does not depend on how busy the machine is: whoever relayd talks to is quicker than it.

. "$(dirname "$0")/lib.sh"
not_in_valgrind 'there relayd has the instructions of another machine'
export E2E_ALSO='bench/load e2e/swift.so'
world strace valgrind
! has_sanitizers || skip_all 'the sanitizers add calls and instructions'
! has_counters || skip_all 'whoever counts lines adds instructions'

start agent pat agents agent 1
wait_for 20 test -S "$E2E/home/pat/agent1"
# relay_with [NAME=VALUE...] [COMMAND...]: a relay to which everybody is swift, run by that command.
relay_with() {
    start relay pat LD_PRELOAD=/usr/local/bin/swift.so "$@" relayd
    # In valgrind on a busy host it may take longer than a register waits.
    wait_for 60 served pat && wait_for 60 as pat relayctl register -q agent1 &&
        socket=$(agent_socket pat) && ask_for session 3
}
ended() {
    kill -s TERM "$(pid relay)"
    wait_for 60 gone "$(pid relay)"
}
# ask_for MODE COUNT [CLIENTS]
ask_for() {
    as pat load -t 60 "$1" "$socket" "$2" list ${3:+"$3"} >/dev/null
}

# --- system calls

# calls MODE COUNT [CLIENTS]: leaves in $calls how many relayd makes for that, of those counted.
counted=.
calls() {
    trace "$(pid relay)" -f -c -o "$E2E/calls" && ask_for "$@"
    kill -s INT "$tracer"
    wait "$tracer" || :
    calls=$(awk -v counted="$counted" '
        $4 ~ /^[0-9]+$/ && $NF !~ /^(total|select|pselect6|pselect6_time64)$/ && $NF ~ counted { n += $4 }
        END { print n + 0 }' "$E2E/calls")
}
# made MOST WHAT MODE COUNT [CLIENTS]: no more calls than that for each, which is in hundredths. Twice
# as many take twice as many: what else relayd does meanwhile is in both. How many of a crowd are met at once is
# up to the host: so that is tried again.
made() {
    most=$1 what=$2 mode=$3 count=$4
    shift 4
    for _ in 1 2 3 4 5; do
        calls "$mode" "$count" "$@"
        fewer=$calls
        calls "$mode" $((2 * count)) "$@"
        found=$(((calls - fewer) * 100 / count))
        note "$what makes $found hundredths of a system call"
        [ "$found" -le 100 ] || [ "$found" -gt "$most" ] || break
    done
    ok "$what makes no more than $most" test "$found" -gt 100 -a "$found" -le "$most"
}

relay_with
made 1365 'a session of one question' session 200
made 525 'a question' question 200
ended
# Who waits for others, or is done, has nothing to say.
relay_with SWIFT_MS=2
made 450 'a question, 200 clients at once,' crowd 1000 200
ended
# An agent that is far away, or on another processor, has never answered by the time that its question
# has gone: of the looks for an answer that are in vain, few are made.
relay_with SWIFT_EVERY=1000000
made 630 'a question whose answer takes its time' question 200
ended
# Where one in three has, they go on: one that finds an answer spares a turn of the loop.
relay_with SWIFT_EVERY=3
counted=epoll
made 175 'a question whose answer is there one time in three, of waits alone,' question 300
ended

# --- instructions

# recorded: how many there are. Another compiler or C library makes others of them: there they are only
# told, in a line as it would stand here. Who makes relayd do more writes the new numbers down, and why
# into the commit.
recorded() {
    cat <<'TXT'
x86_64, GNU C11 12.2.0 -O2, glibc 2.36, a session of one question: 6885
x86_64, GNU C11 12.2.0 -O2, glibc 2.36, a question: 2080
x86_64, GNU C11 12.2.0 -O2, glibc 2.36, a question, 200 clients at once: 2225
TXT
}
here=$(readelf --debug-dump=info "$E2E/bin/relayd" 2>/dev/null |
    sed -n '/DW_AT_producer/ { s/.*: \(GNU C[0-9]*\|.*clang version\) \([0-9.]*\).* \(-O[^ ]*\).*/\1 \2 \3/p; q; }')
here="$(uname -m), $here, $(getconf GNU_LIBC_VERSION 2>/dev/null)"

# instructions MODE COUNT [CLIENTS]: leaves in $instructions how many a relayd executes that does that.
instructions() {
    relay_with SWIFT_MS="$ms" valgrind --tool=callgrind --callgrind-out-file=/dev/null
    ask_for "$@"
    ended
    instructions=$(sed -n 's/.* Collected *: *\([0-9]*\)$/\1/p' "$E2E/log/relay")
}
# for_each MODE COUNT [CLIENTS]: leaves in $found how many one of them takes. It is so many that what else
# a relay does meanwhile, asked whether it serves already, is little of it.
for_each() {
    mode=$1 count=$2
    shift 2
    instructions "$mode" "$count" "$@"
    fewer=$instructions
    instructions "$mode" $((2 * count)) "$@"
    found=$(((instructions - fewer) / count))
}
# executed WHAT MODE COUNT [CLIENTS]: no more for each than is recorded, or little more. How many of a
# crowd are met at once is up to the host: so that is tried again.
executed() {
    what=$1
    shift
    most=$(recorded | sed -n "s/^$here, $what: //p")
    for _ in 1 2 3 4 5; do
        for_each "$@"
        note "$here, $what: $found instructions"
        if [ -z "$most" ]; then break; fi
        if [ "$found" -gt 100 ] && [ "$found" -le $((most * 105 / 100)) ]; then break; fi
    done
    if [ -n "$most" ]; then
        ok "$what executes no more than $most instructions and 5 %" test "$found" -gt 100 -a "$found" -le $((most * 105 / 100))
    else
        skip 1 "nothing is recorded for $here"
    fi
}
ms=999
executed 'a session of one question' session 2000
executed 'a question' question 2000
ms=2
executed 'a question, 200 clients at once' crowd 10000 200

finish
