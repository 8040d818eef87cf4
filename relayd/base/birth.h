/* SPDX-License-Identifier: MIT */
/* When a file was made, which tells two apart that had one inode after the other. */
#ifndef RELAYD_BIRTH_H
#define RELAYD_BIRTH_H

#include <time.h>

/* Of the file that fd is, O_PATH or not. Returns 0 or -errno: -ENOTSUP where the file
 * system keeps none, or the C library cannot ask. */
int birth_of(int fd, struct timespec *birth);

#endif
