#!/bin/sh
# SPDX-License-Identifier: MIT
# The benchmark in its quick form: each case runs, with each program that is here, and the table and the
# pictures come out. What it measures here says nothing, so nothing is held to it.

set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=${abs_top_builddir:-$PWD}
skip_all() {
    printf '1..0 # SKIP %s\n' "$1"
    exit 0
}
[ "${RELAYD_TEST_VALGRIND-}" != yes ] || skip_all 'in valgrind nothing can be measured'
! grep -q __asan_init "${RELAYD:-$build/relayd/relayd}" || skip_all 'with sanitizers nothing can be measured'
others=
[ "${RELAYD_TEST_STRICT-}" != 1 ] || others='socat strace systemd-socket-activate'
for program in python3 ssh-agent ssh-keygen setpriv taskset $others; do
    command -v "$program" >/dev/null && continue
    [ "${RELAYD_TEST_STRICT-}" != 1 ] || { printf 'Bail out! %s is missing\n' "$program"; exit 1; }
    skip_all "$program is missing"
done

E2E=$(mktemp -d /tmp/bench.XXXXXX)
trap 'rm -rf "$E2E"' EXIT
trap 'exit 1' INT TERM HUP
# shellcheck source=tests/e2e/tap.sh
. "$here/../e2e/tap.sh"
mkdir "$E2E/tmp"
before=$(cat "$here/../../README.md" "$here/RESULTS.md" | cksum)

ok 'it runs' env TMPDIR="$E2E/tmp" timeout 900 "$here/bench" --quick --out "$E2E/out" "$build"
[ "$failures" -eq 0 ] || { printf 'Bail out! it does not run\n'; exit 1; }
results=$E2E/out/results.tsv
skipped=$(sed -n 's/^Skipped: //p' "$E2E/out/RESULTS.md")
[ -z "$skipped" ] || note "skipped: $skipped"

# measured CASE PROGRAM: whether it has a figure, or says what it did instead.
measured() {
    awk -F '\t' -v case="$1" -v program="$2" '
        $1 == case && $2 == program { found = $3 != "" || $8 != "" } END { exit !found }' "$results"
}
# all_measured PROGRAMS: each case of the lines on stdin.
all_measured() {
    missing=0
    while read -r case; do
        for program in $1; do
            measured "$case" "$program" || { printf 'not there: %s of %s\n' "$case" "$program"; missing=1; }
        done
    done
    return "$missing"
}

ok 'each program has each case on the host' all_measured 'direct floor duties relayd proxyd socat' <<'END'
session, 1 CPU
question, 1 CPU
list 1, 1 CPU
list 16, 1 CPU
list 200, 1 CPU
list 1000, 1 CPU
sign 1, 1 CPU
sign 16, 1 CPU
sign 200, 1 CPU
frame 4K, 1 CPU
frame 256K, 1 CPU
first answer, newest mute
tenth answer, newest mute
first answer, newest refused
first answer, newest missing
answered of 500 at the same time
END
ok 'and the barest relay on libev has those where it says something' all_measured loop <<'END'
question, 1 CPU
list 1, 1 CPU
list 200, 1 CPU
END
ok 'and its insides are looked at' all_measured 'floor duties relayd proxyd socat' <<'END'
memory, idle
system calls, a session
END
ok 'relayd has what is its own' all_measured relayd <<'END'
session, link known, 1 CPU
question, link known, 1 CPU
list 200, link known, 1 CPU
session of 4000, 1 CPU
session, 0 silent
session, 8 silent
session, 4 upstreams, all but the oldest good
session, 4 upstreams, all but the oldest refused
session, 4 upstreams, all but the oldest missing
second session, 4 upstreams, all but the oldest mute
wake-ups while idle
END
if [ -n "$skipped" ]; then
    skip 1 "$skipped"
else
    ok 'over ssh' all_measured 'direct relayd' <<'END'
list over 25 ms
sign over 25 ms
onward login over 25 ms
onward login over 250 ms
onward login over 250 ms, round trips
questions at the agent, in five sessions
a login, relayd in its rc
first answer, newest link down
tenth answer, newest link down
END
fi

# Whatever the others do, what is asked through relayd is answered.
unanswered() {
    awk -F '\t' '$2 == "relayd" && $3 == "" && $8 != "takes root"' "$results" | not grep .
}
ok 'relayd answered all of it' unanswered

for name in light dark; do
    picture=$E2E/out/bench-$name.svg
    ok "$name: the picture is sound" python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' "$picture"
    ok "$name: all of it was measured" not grep -q 'not measured' "$picture"
done
# part: what stands between the markers.
part() {
    sed -n '/^<!-- bench -->$/,/^<!-- \/bench -->$/p' "$E2E/out/README.md"
}
like "$(part)" '^\| connect, list, close \| .* µs \| .* µs \| .* µs ' 'README has the table'
like "$(part)" 'bench-dark.svg' 'and the picture'
like "$(part)" "Linux $(uname -r), .*, $(date -u +%Y)-" 'and says where and when'
is "$(cat "$here/../../README.md" "$here/RESULTS.md" | cksum)" "$before" 'the tree is as it was'
is "$(ls "$E2E/tmp")" '' 'nothing is left behind'
ok 'and nothing runs on' not pgrep -f "$E2E/tmp"

printf '1..%d\n' "$points"
[ "$failures" -eq 0 ]
