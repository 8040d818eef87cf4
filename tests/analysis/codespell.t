#!/bin/sh
# SPDX-License-Identifier: MIT
# codespell: words that are often misspelt, in code, comments, man pages and all other text. Words that only look so
# stand in codespell.words.

. "$(dirname -- "$0")/lib.sh"
needs codespell

# Pictures and corpora hold no words.
find .ci LICENSE Makefile.am README.md configure.ac contrib relayctl relayd tests \
    \( -name corpus -o -name codespell.words -o -name '*.svg' \) -prune -o -type f -print0 |
    xargs -0 codespell --ignore-words=tests/analysis/codespell.words >"$scratch/words" 2>"$scratch/said" || :
[ ! -s "$scratch/said" ] || bail_out "codespell: $(cat "$scratch/said")"
sed 's/^\([^:]*:[0-9]*\): \(.*\)/\1:1: spelling: \2 [codespell]/' "$scratch/words" >"$scratch/said"
judge codespell "$(codespell --version)" 2.2.2
