/* SPDX-License-Identifier: MIT */
/*
 * The directories above a file: made where they are missing, and taken back. Paths are absolute and
 * shorter than PATH_MAX.
 */
#ifndef RELAYCTL_DIRS_H
#define RELAYCTL_DIRS_H

#include <stddef.h>

/* Ends path above its last name; "" is the root. */
void dirs_up(char *path);

/* Makes the lowest n directories of dir, 0700 for .ssh, else 0755 less the umask. One that somebody
 * has made meanwhile will do. Returns 0, and in *made how many of the lowest are ours; or -errno, and
 * nothing is left of it. */
int dirs_make(const char *dir, int n, int *made);

/* Removes the lowest n directories of dir, as far as they are empty and below its first root_size
 * bytes. */
void dirs_remove(const char *dir, size_t root_size, int n);

#endif
