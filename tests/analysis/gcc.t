#!/bin/sh
# SPDX-License-Identifier: MIT
# gcc -fanalyzer: what is leaked, freed twice, or used when it is NULL, along each path through a file.

. "$(dirname -- "$0")/lib.sh"
needs gcc

# At -O1: without it inline functions are strangers, and with more it forgets who holds what was put on a list.
export CC=gcc
compile -fanalyzer -O1 >"$scratch/said" 2>&1 || bail_out "gcc: $(cat "$scratch/said")"
judge 'gcc -fanalyzer' "$(gcc -dumpversion)" 12
