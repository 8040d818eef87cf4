# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# What the analyses share: each is one tool over all sources, and one point.

set -eu
export LC_ALL=C.UTF-8
built=${abs_top_builddir:-$PWD}
# shellcheck disable=SC1007
cd "$(CDPATH= cd -- "$(dirname -- "$0")/../.." && pwd -P)"

# Whatever runs beside it goes first.
renice -n 10 $$ >/dev/null 2>&1 || :

scratch=$(mktemp -d)
export flags="$scratch/flags"
trap 'rm -rf "$scratch"' EXIT

bail_out() {
    printf 'Bail out! %s\n' "$*"
    exit 1
}

# needs TOOL: skips the file where it is missing.
needs() {
    command -v "$1" >/dev/null && return
    [ "${RELAYD_TEST_STRICT-}" != 1 ] || bail_out "$1 is missing"
    printf '1..0 # SKIP %s is missing\n' "$1"
    exit 0
}

# flags: the arguments that the build compiles with, one a line.
flags() {
    cat "$built/compile_flags.txt" || bail_out 'run make analyse, which makes it' >&2
}

sources() {
    find relayd relayctl -name '*.c' | sort
}

# over_sources COMMAND...: runs the command with some sources behind it, on all cores; all of that by $under.
over_sources() {
    # shellcheck disable=SC2086 # words
    sources | ${under-} xargs -P "$(nproc 2>/dev/null || printf 1)" -n 4 "$@"
}

# compile FLAG...: each source by $CC, to nowhere. A flag of the build may hold blanks and quotes.
# shellcheck disable=SC2016 # for the inner shell
compile() {
    { flags && printf '%s\n' "$@"; } >"$flags"
    over_sources sh -c '
        set -f
        IFS="
"
        for source; do "$CC" $(cat "$flags") -c -o /dev/null "$source" || exit 255; done
    ' sh
}

# findings: of what a tool says on stdin, its findings, each once: FILE:LINE:COLUMN: KIND: TEXT [CHECK].
findings() {
    sed -n "s|^$PWD/||; s|^\./||; /^[^ ]*:[0-9]*:[0-9]*: [a-z ]*: .*\]\$/p" | grep -v ': note: ' | sort -u || :
}

# unexplained: the findings on stdin at whose line, or in the line before it, the source does not name the
# check and why it is mistaken: "NOLINT(check): why", "NOLINTNEXTLINE(check): why".
unexplained() {
    while IFS= read -r finding; do
        file=${finding%%:*}
        line=${finding#*:}
        line=${line%%:*}
        check=${finding##*[}
        check=${check%]}
        awk -v line="$line" -v check="(${check#-W}): " '
            FNR == line && index($0, "NOLINT" check) { found = 1 }
            FNR == line - 1 && index($0, "NOLINTNEXTLINE" check) { found = 1 }
            END { exit !found }' "$file" || printf '%s\n' "$finding"
    done
}

# judge TOOL VERSION KNOWN...: the one point, by what the tool said in $scratch/said. What another
# version than the known ones finds is told, and is no failure: nobody has looked at all of it yet.
judge() {
    tool=$1 version=$2 todo=
    shift 2
    case " $* " in
    *" $version "*) ;;
    *) todo=" # TODO version $version was never looked at; known are: $*" ;;
    esac
    findings <"$scratch/said" >"$scratch/all"
    unexplained <"$scratch/all" >"$scratch/findings"
    found=$(wc -l <"$scratch/findings")
    printf '1..1\n# figures: %s | %s | %d | %d\n' "$tool" "$version" "$found" $(($(wc -l <"$scratch/all") - found))
    if [ "$found" = 0 ]; then
        printf 'ok 1 - %s finds nothing\n' "$tool"
        exit 0
    fi
    printf 'not ok 1 - %s finds nothing%s\n' "$tool" "$todo"
    sed 's/^/# /' "$scratch/findings"
    printf '# --- all that it said\n'
    sed 's/^/#   /' "$scratch/said"
    exit 1
}
