/* SPDX-License-Identifier: MIT */
/* The heap of a C library without malloc_trim(3), as musl, which gives pages back by itself. */
#include "config.h"

#include "relayd/base/heap.h"

void heap_trim(void)
{
}
