# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# What a test says: TAP on stdout, and on failure what helps to see why.

points=0
failures=0

note() {
    printf '%s\n' "$*" | sed 's/^/# /'
}

# ok DESCRIPTION COMMAND...: one point, passed when the command succeeds. What it says is shown
# when it does not.
ok() {
    description=$1
    shift
    points=$((points + 1))
    if "$@" >"$E2E/said" 2>&1; then
        printf 'ok %d - %s\n' "$points" "$description"
    else
        printf 'not ok %d - %s\n' "$points" "$description"
        failures=$((failures + 1))
        note "failed: $*"
        sed 's/^/#   /' "$E2E/said"
    fi
}

# is GOT WANTED DESCRIPTION
is() {
    ok "$3" test "$1" = "$2"
}

# like GOT PATTERN DESCRIPTION: the pattern is an extended regular expression.
like() {
    ok "$3" matches "$1" "$2"
}

unlike() {
    ok "$3" not matches "$1" "$2"
}

matches() {
    printf '%s\n' "$1" | grep -Eq -- "$2"
}

not() {
    ! "$@"
}

# skip POINTS REASON: so many points are not to be had here.
skip() {
    for _ in $(seq "$1"); do
        points=$((points + 1))
        printf 'ok %d # SKIP %s\n' "$points" "$2"
    done
}

skip_all() {
    printf '1..0 # SKIP %s\n' "$*"
    trap - EXIT
    exit 0
}

# finish: the last line of a test. Relays are ended, for leaks are looked for at the end of a process,
# untraced; what the sanitizers or valgrind report counts as one more point.
finish() {
    pkill -x strace || :
    wait_for 20 not pgrep -x strace >/dev/null
    pkill -CONT -x relayd || :
    told_to_end=
    ok 'every relay ends when it is told to' wait_for 20 each_ends
    ok 'neither sanitizers nor valgrind had anything to say' no_reports
    [ "$failures" -eq 0 ] || show_logs
    printf '1..%d\n' "$points"
    trap - EXIT
    [ "$failures" -eq 0 ]
    exit
}

# each_ends: each is told once. Where a client still waits at a socket of systemd's, that starts another.
each_ends() {
    for relay in $(pgrep -x relayd); do
        case " $told_to_end " in
        *" $relay "*) ;;
        *) kill "$relay" && told_to_end="$told_to_end $relay" ;;
        esac
    done
    not pgrep -x relayd
}

no_reports() {
    find "$E2E/reports" -type f -exec cat {} + | not grep .
}

show_logs() {
    for log in "$E2E"/log/* /run/user/*/relayd/log /tmp/relayd-*/log; do
        [ -s "$log" ] || continue
        note "--- the end of $log"
        tail -n 40 "$log" | sed 's/^/# /'
    done
}

died() {
    note "stopped after point $points"
    show_logs
    printf 'Bail out! the test itself stopped\n'
}
