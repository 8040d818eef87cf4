#!/bin/sh
# The source can be read once, from the ground up: a wing uses only wings before it, and a file only
# files before it. The order is that of the lists in README.md files: relayd/README.md has the wings, each
# wing's own README.md its files. A header and its source are one entry.

set -eu
cd "$(dirname -- "$0")/../.."

# list README: the names in backticks that begin the items of its list.
# shellcheck disable=SC2016 # the backticks are Markdown's
list() {
    sed -n 's/^- `\([^`]*\)`.*/\1/p' "$1"
}

# expand FOLDER: its files in order; a wing stands for its own.
expand() {
    list "$1/README.md" | while read -r name; do
        case $name in
        */) expand "$1/${name%/}" ;;
        *) printf '%s/%s\n' "$1" "$name" ;;
        esac
    done
}

# Builds differ in the source of a module (systemd.c, systemd-none.c), not in its place.
stem='{ sub(/\.[ch]$/, ""); sub(/-none$/, ""); print }'
order=$(for folder in relayd relayctl; do expand "$folder"; done | awk "$stem")
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

existing=$(printf '%s\n' "$sources" | awk "$stem" | sort -u)
point 1 'the lists name every file once, and no other' "$(
    printf '%s\n' "$order" | sort | uniq -d | sed 's/$/ is listed twice/'
    for module in $existing; do
        printf '%s\n' "$order" | grep -qx "$module" || printf '%s is in no list\n' "$module"
    done
    for module in $order; do
        printf '%s\n' "$existing" | grep -qx "$module" || printf '%s does not exist\n' "$module"
    done
)"

# shellcheck disable=SC2086
point 2 'no file includes one that stands after it' "$(
    printf '%s\n' "$order" | awk '
        function stem(file) { sub(/\.[ch]$/, "", file); sub(/-none$/, "", file); return file }
        FILENAME == "-" { place[$0] = FNR; next }
        /^#include "(relayd|relayctl)\// {
            split($0, part, "\"")
            if (place[stem(part[2])] + 0 > place[stem(FILENAME)] + 0)
                print FILENAME " includes " part[2] ", which stands after it"
        }' - $sources
)"

exit "$result"
