#!/bin/sh
# SPDX-License-Identifier: MIT
# Everything that a Bourne shell runs is clean by shellcheck.

set -eu
cd "$(dirname -- "$0")/../.."

if ! command -v shellcheck >/dev/null; then
    [ "${RELAYD_TEST_STRICT-}" != 1 ] || { printf 'Bail out! shellcheck is missing\n'; exit 1; }
    printf '1..0 # SKIP shellcheck is missing\n'
    exit 0
fi

version=$(shellcheck --version | sed -n 's/^version: //p')
if ! printf '0.8\n%s\n' "$version" | sort -V -C; then
    printf '1..0 # SKIP shellcheck %s is too old: 0.8 knows this shell\n' "$version"
    exit 0
fi

# Their first line says that they are: a shebang, or shellcheck's own word. What fuzzers are given is none.
files=$(find contrib tests .ci -path tests/fuzz/corpus -prune -o -type f -print 2>/dev/null | sort |
    while read -r file; do
        ! head -n 1 "$file" | grep -Eaq '^#!.*/(ba)?sh( |$)|^# shellcheck shell=' || printf '%s\n' "$file"
    done)
printf '1..%d\n' "$(printf '%s\n' "$files" | wc -l)"

# SC2317: functions that ok() and wait_for() call by name look unreachable.
# SC2119, SC2120: functions whose arguments may be left out.
number=0
result=0
for file in $files; do
    number=$((number + 1))
    # What it sources is checked by itself: to follow it from each test takes ten times as long. So
    # SC1091, and SC2154: variables from there look unassigned. set -u finds those that are.
    followed=
    ! grep -q '^\. ' "$file" || followed=,SC1091,SC2154
    if said=$(shellcheck -e "SC2317,SC2329,SC2119,SC2120$followed" "$file"); then
        printf 'ok %d - %s\n' "$number" "$file"
    else
        printf 'not ok %d - %s\n' "$number" "$file"
        printf '%s\n' "$said" | sed 's/^/# /'
        result=1
    fi
done
exit "$result"
