#!/bin/sh
# SPDX-License-Identifier: MIT
# clang's analyzer, by scan-build: what gcc.t looks for, by another mind; each finds what the other does not.

. "$(dirname -- "$0")/lib.sh"
needs scan-build
needs clang

# scan-build puts itself in the place of $CC. Beyond its defaults: loops that count in fractions, what the C library
# leaves open, and va_lists that are not begun or not ended, which has had two names.
valist=$(clang -cc1 -analyzer-checker-help 2>/dev/null | grep -oE '^ *(valist|security\.VAList)' | head -n 1 | tr -d ' ')
# shellcheck disable=SC2034 # lib.sh's
under="scan-build --use-cc=clang -o $scratch/reports
    -enable-checker security.FloatLoopCounter,optin.portability${valist:+,$valist}"
compile -O0 >"$scratch/said" 2>&1 || bail_out "scan-build: $(cat "$scratch/said")"
judge scan-build "$(clang --version | sed -n 's/.*version \([0-9]*\)\..*/\1/p')" 14
