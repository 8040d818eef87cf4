/* SPDX-License-Identifier: MIT */
/* The heap of glibc. */
#include "config.h"

#include "relayd/base/heap.h"

#include <malloc.h>

void heap_trim(void)
{
    malloc_trim(0);
}
