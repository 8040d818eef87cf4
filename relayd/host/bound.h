/* SPDX-License-Identifier: MIT */
/* Which file a listening socket is bound to, wherever that file is now, if it is anywhere. */
#ifndef RELAYD_BOUND_H
#define RELAYD_BOUND_H

#include <stdint.h>

/* Leaves in *inode the number of the file that the AF_UNIX socket fd is bound to; the kernel keeps its lower
 * half. Returns 0, or -errno: -ENOENT where it is bound to none or the kernel does not say, as for a
 * socket of another network namespace. Nobody notices. */
int bound_inode(int fd, uint32_t *inode);

#endif
