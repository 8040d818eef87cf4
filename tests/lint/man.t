#!/bin/sh
# SPDX-License-Identifier: MIT
# The man pages are sound, and tell of every option and command that --help tells of.

set -eu
built=${abs_top_builddir:-$PWD}
relayd=${RELAYD:-$built/relayd/relayd}
relayctl=${RELAYCTL:-$built/relayctl/relayctl}
cd "$(dirname -- "$0")/../.."

if ! command -v mandoc >/dev/null; then
    [ "${RELAYD_TEST_STRICT-}" != 1 ] || { printf 'Bail out! mandoc is missing\n'; exit 1; }
    printf '1..0 # SKIP mandoc is missing\n'
    exit 0
fi

number=0
result=0

# point DESCRIPTION COMPLAINTS
point() {
    number=$((number + 1))
    if [ -z "$2" ]; then
        printf 'ok %d - %s\n' "$number" "$1"
    else
        printf 'not ok %d - %s\n' "$number" "$1"
        printf '%s\n' "$2" | sed 's/^/# /'
        result=1
    fi
}

page() {
    mandoc -Tascii "$1" | sed 's/.'"$(printf '\b')"'//g'
}

# unmentioned PAGE: the words on stdin that the page lacks.
unmentioned() {
    page "$1" >"$text"
    sort -u | while read -r word; do
        grep -Eq -- "(^|[^a-z-])$word([^a-z-]|\$)" "$text" || printf '%s\n' "$word"
    done
}

options() {
    grep -Eo -- '--[a-z][a-z-]*' || :
}

# The commands are what the usage indents and `help` knows.
commands() {
    "$relayctl" --help | sed -n 's/^  *\([a-z][a-z]*\) .*/\1/p' | sort -u | while read -r word; do
        ! "$relayctl" help "$word" >/dev/null 2>&1 || printf '%s\n' "$word"
    done
}

text=$(mktemp)
trap 'rm -f "$text"' EXIT

for page in relayd/*.[1-8] relayctl/*.[1-8]; do
    point "mandoc has no warning for $page" "$(mandoc -Tlint -Wwarning "$page" 2>&1 || :)"
done
# Ql is for what is typed or shown: within it a blank is written so that no line is broken there.
point 'no command is broken at the end of a line' "$(grep -nE '^\.Ql .*[^\ ] [^ ]{2,}' ./*/*.[1-8] || :)"
# What follows a comma there is within the quotes.
point 'no two words of a list are in one pair of quotes' "$(grep -nE '^\..*Ql .* , [^A-Z]' ./*/*.[1-8] || :)"
point 'no line is wider than a terminal of 80 columns' "$(
    for page in relayd/*.[1-8] relayctl/*.[1-8]; do
        page "$page" | awk -v page="$page" 'length > 80 { print page ": " $0 }'
    done
)"
point 'relayd.1 has every option of relayd' "$("$relayd" --help | options | unmentioned relayd/relayd.1)"
point 'relayctl.1 has every command of relayctl' "$(commands | unmentioned relayctl/relayctl.1)"
point 'relayctl.1 has every option of relayctl' "$(
    {
        "$relayctl" --help
        for command in $(commands); do "$relayctl" help "$command"; done
    } | options | unmentioned relayctl/relayctl.1
)"
point 'no --help is wider than a terminal of 80 columns' "$(
    {
        "$relayd" --help | sed 's/^/relayd: /'
        "$relayctl" --help | sed 's/^/relayctl: /'
        for command in $(commands) complete; do "$relayctl" help "$command" | sed "s/^/$command: /"; done
    } | LC_ALL=C.UTF-8 awk '{ line = $0; sub(/^[a-z]*: /, "", line) } length(line) > 80'
)"
point 'relayctl has commands' "$([ "$(commands | wc -l)" -gt 5 ] || printf 'none were found in its --help\n')"
printf '1..%d\n' "$number"
exit "$result"
