#!/bin/sh
# SPDX-License-Identifier: MIT
# Each source says under which licence it is, in its first two lines. What people paste into files of
# their own does not.

set -eu
cd "$(dirname -- "$0")/../.."

printf '1..1\n'
silent=$(find relayd relayctl tests contrib/common.sh contrib/coverage contrib/demo contrib/install contrib/package contrib/proof contrib/test contrib/version Makefile.am configure.ac \
    \( -name '*.md' -o -path tests/fuzz/corpus \) -prune -o -type f -exec awk 'FNR <= 2 && /SPDX-License-Identifier: MIT/ { found[FILENAME] = 1 }
        FNR == 1 { n++; all[n] = FILENAME }
        END { for (i = 1; i <= n; i++) if (!(all[i] in found)) print all[i] }' {} + |
    grep -E '\.([chtg1]|sh|py|go|am|ac)$|/(coverage|demo|install|memcheck|package|proof|report|run|test|version)$' || :)
if [ -z "$silent" ]; then
    printf 'ok 1 - each source names its licence\n'
else
    printf 'not ok 1 - each source names its licence\n'
    printf '%s\n' "$silent" | sed 's/^/# /'
    exit 1
fi
