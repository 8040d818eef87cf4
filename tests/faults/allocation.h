/* SPDX-License-Identifier: MIT */
/* What a test and the library that it preloads (allocation.c) share. */
#ifndef FAULTS_ALLOCATION_H
#define FAULTS_ALLOCATION_H

#include <stdbool.h>

struct allocation {
    bool is_armed;
    unsigned first, last; /* which allocations fail, counted from 1 */
    unsigned seen, hits;
};

#endif
