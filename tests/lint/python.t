#!/bin/sh
# SPDX-License-Identifier: MIT
# No Python of ours has a name that is not there, that nobody uses, or that is made twice.

set -eu
cd "$(dirname -- "$0")/../.."

if ! command -v pyflakes3 >/dev/null; then
    [ "${RELAYD_TEST_STRICT-}" != 1 ] || { printf 'Bail out! pyflakes3 is missing\n'; exit 1; }
    printf '1..0 # SKIP pyflakes3 is missing\n'
    exit 0
fi

files=$(find contrib tests -path tests/fuzz/corpus -prune -o -type f -print | sort |
    while read -r file; do
        case $file in
        *.py) printf '%s\n' "$file" ;;
        *) ! head -n 1 "$file" | grep -Eaq '^#!.*python' || printf '%s\n' "$file" ;;
        esac
    done)
printf '1..%d\n' "$(printf '%s\n' "$files" | wc -l)"
number=0
result=0
for file in $files; do
    number=$((number + 1))
    if said=$(pyflakes3 "$file" 2>&1); then
        printf 'ok %d - %s\n' "$number" "$file"
    else
        printf 'not ok %d - %s\n' "$number" "$file"
        printf '%s\n' "$said" | sed 's/^/# /'
        result=1
    fi
done
exit "$result"
