/* SPDX-License-Identifier: MIT */
/* The heap, beyond malloc(3). */
#ifndef RELAYD_HEAP_H
#define RELAYD_HEAP_H

/* Gives back to the kernel what was freed between things that live, as far as the C library
 * can: of itself it gives back only what lies above them all. */
void heap_trim(void);

#endif
