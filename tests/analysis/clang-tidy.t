#!/bin/sh
# SPDX-License-Identifier: MIT
# clang-tidy: patterns that are seldom meant. Which, and which not and why: clang-tidy.yaml.

. "$(dirname -- "$0")/lib.sh"
needs clang-tidy

version=$(clang-tidy --version | sed -n 's/.* version \([0-9]*\)\..*/\1/p')
over_sources clang-tidy -p "$built" --config="$(cat tests/analysis/clang-tidy.yaml)" --quiet >"$scratch/said" 2>&1 ||
    bail_out "clang-tidy: $(cat "$scratch/said")"
judge clang-tidy "$version" 14
