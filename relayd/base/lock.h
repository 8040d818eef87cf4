/* SPDX-License-Identifier: MIT */
/*
 * The lock: one daemon in a directory. It is an fcntl(2) lock, which the kernel
 * drops with its process, and which tells who holds it.
 */
#ifndef RELAYD_LOCK_H
#define RELAYD_LOCK_H

#include <stdbool.h>

/* Opens and locks path, making the file where it is missing. Returns a descriptor, or
 * -errno: -EBUSY where another process holds the lock. The lock is held until this process
 * closes the descriptor, or any other one that it has for the file. */
int lock_take(const char *path);

/* The same for one who must serve in any case: tells the holder to end (SIGTERM), waits
 * for that, at most 6 s, and then goes on without the lock. Returns a descriptor, or -errno
 * where the file cannot be opened. */
int lock_take_over(const char *path);

/* Whether fd is still the file at path. It is not where that was removed or replaced. */
bool lock_is_in_place(int fd, const char *path);

/* The pid of who holds it; 0: nobody, -1: somebody whose pid is not known here, such as
 * one outside of a container. Makes no file. The holder must not call it: it would lose the
 * lock. */
int lock_holder(const char *path);

#endif
