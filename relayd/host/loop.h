/* SPDX-License-Identifier: MIT */
/*
 * The loop. It does not end where libev would end the program: out of memory, or when the kernel
 * refuses it a descriptor of its own. It wakes up for nothing, and sleeps over nothing.
 *
 * There is one for each process.
 */
#ifndef RELAYD_LOOP_H
#define RELAYD_LOOP_H

#include <ev.h>

/* The caller destroys it. NULL where it cannot be made, which is said. */
struct ev_loop *loop_new(void);

/* Takes memory as libev does: old may be NULL, and size 0 gives it back. Does not fail as long as
 * the reserve suffices. Only for libev, and for tests. */
void *loop_memory(void *old, long size);

#endif
