#!/bin/sh
# SPDX-License-Identifier: MIT
# cppcheck: descriptors that are not closed, and what a line says of a value that another forgot.

. "$(dirname -- "$0")/lib.sh"
needs cppcheck

# Left out are complaints that a function is not reentrant: one thread runs here.
sources |
    cppcheck --quiet --std=c11 --library=posix --enable=warning,performance,portability -j "$(nproc)" \
        --suppress=readdirCalled --suppress=getpwnamCalled --suppress=getpwuidCalled --suppress=getgrgidCalled \
        --template='{file}:{line}:{column}: {severity}: {message} [{id}]' --template-location='' \
        -DHAVE_CONFIG_H -I. -I"$built" --file-list=- >"$scratch/said" 2>&1 || bail_out "cppcheck: $(cat "$scratch/said")"
judge cppcheck "$(cppcheck --version | sed 's/.* //')" 2.10
