#!/bin/sh
# SPDX-License-Identifier: MIT
# clang's analyzer, by scan-build: what gcc.t looks for, by another mind; each finds what the other does not.

. "$(dirname -- "$0")/lib.sh"
needs scan-build
needs clang

# scan-build puts itself in the place of $CC. Beyond its defaults: va_lists that are not begun or not ended, loops
# that count in fractions, and what the C library leaves open.
# shellcheck disable=SC2034 # lib.sh's
under="scan-build --use-cc=clang -o $scratch/reports
    -enable-checker valist,security.FloatLoopCounter,optin.portability,nullability"
compile -O0 >"$scratch/said" 2>&1 || bail_out "scan-build: $(cat "$scratch/said")"
judge scan-build "$(clang --version | sed -n 's/.*version \([0-9]*\)\..*/\1/p')" 14
