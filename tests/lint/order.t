#!/bin/sh
# SPDX-License-Identifier: MIT
# The source can be read once, from the ground up: a wing uses only wings before it, and a file only
# files before it. The order is that of the lists in README.md files: relayd/README.md has the wings, each
# wing's own README.md its files. A header and its source are one entry. What a file uses is what it includes
# and what it names of other files' functions, for a call may go round the includes.

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

printf '1..3\n'
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

# A function is defined where its name begins a line of a source, behind its type; whoever names it uses it.
# shellcheck disable=SC2086
code=$(printf '%s\n' "$sources" | grep '\.c$')
# shellcheck disable=SC2086
point 3 'no file calls a function that stands in a file after it' "$(
    printf '%s\n' "$order" | awk '
        function stem(file) { sub(/\.[ch]$/, "", file); sub(/-none$/, "", file); return file }
        FILENAME == "-" { place[$0] = FNR; next }
        FNR == 1 { files++; comment = 0 }
        # The first half of the arguments is read for definitions, the second for uses.
        files <= n_files {
            if ($0 ~ /^[a-z].*[ *][a-z_0-9]+\(/ && $0 !~ /^static / && $0 !~ /;$/) {
                name = $0
                sub(/\(.*/, "", name)
                sub(/.*[ *]/, "", name)
                if (name != "main")
                    home[name] = stem(FILENAME)
            }
            next
        }
        {
            line = $0
            if (line ~ /^ *\/\*/) comment = 1
            if (comment) {
                if (line ~ /\*\//) comment = 0
                next
            }
            gsub(/"[^"]*"/, "", line)
            while (match(line, /[a-z_][a-z_0-9]*/)) {
                name = substr(line, RSTART, RLENGTH)
                line = substr(line, RSTART + RLENGTH)
                here = stem(FILENAME)
                if (name in home && home[name] != here && place[home[name]] + 0 > place[here] + 0 &&
                    !((here, name) in told)) {
                    told[here, name] = 1
                    print FILENAME " uses " name "() of " home[name] ", which stands after it"
                }
            }
        }' n_files="$(printf '%s\n' "$code" | wc -l)" - $code $code
)"
exit "$result"
