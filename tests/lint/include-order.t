#!/bin/sh
# A file includes only what stands before it in the reading order, so that the source can be read
# once, from top to bottom. The order is the list of files, in backticks, in README.md's section of
# that name; a module's header and source are one entry.

set -eu
cd "$(dirname -- "$0")/../.."

# shellcheck disable=SC2016 # the backticks are Markdown's
order=$(awk 'tolower($0) ~ /^#+ .*reading order/ { on = 1; next } /^#/ { on = 0 } on' README.md |
    grep -o '`[a-z]*/[a-z-]*\.[ch]`' | tr -d '`')
sources=$(find relayd relayctl -name '*.[ch]' | sort)

printf '1..2\n'
result=0

# point NUMBER DESCRIPTION COMPLAINTS
point() {
    if [ -z "$3" ]; then
        printf 'ok %d - %s\n' "$1" "$2"
    else
        printf 'not ok %d - %s\n' "$1" "$2"
        printf '%s\n' "$3" | sed 's/^/# /'
        result=1
    fi
}

# Builds may differ in the source of a module (systemd.c, systemd-none.c), not in its place.
stem='{ sub(/\.[ch]$/, ""); sub(/-none$/, ""); print }'
listed=$(printf '%s\n' "$order" | awk "$stem" | sort -u)
existing=$(printf '%s\n' "$sources" | awk "$stem" | sort -u)
point 1 'the reading order in README.md names every module, and no other' "$(
    for module in $existing; do
        printf '%s\n' "$listed" | grep -qx "$module" || printf '%s is not in it\n' "$module"
    done
    for module in $listed; do
        printf '%s\n' "$existing" | grep -qx "$module" || printf '%s does not exist\n' "$module"
    done
)"

# shellcheck disable=SC2086
point 2 'no file includes one that stands after it' "$(
    printf '%s\n' "$order" | awk '
        function stem(file) { sub(/\.[ch]$/, "", file); sub(/-none$/, "", file); return file }
        FILENAME == "-" { if (!(stem($0) in place)) place[stem($0)] = FNR; next }
        /^#include "[a-z]*\// {
            split($0, part, "\"")
            if (place[stem(part[2])] + 0 > place[stem(FILENAME)] + 0)
                print FILENAME " includes " part[2] ", which stands after it"
        }' - $sources
)"
exit "$result"
