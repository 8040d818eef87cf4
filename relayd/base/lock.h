/*
 * The lock: one daemon in a directory. It is an fcntl(2) lock, which the kernel
 * drops with its process, and which tells who holds it.
 */
#ifndef RELAYD_LOCK_H
#define RELAYD_LOCK_H

#include <stdbool.h>

/* Opens and locks path, making the file where it is missing. Returns a descriptor
 * that holds the lock while it is open (and any other of this process to that file
 * is not closed), or -errno: -EBUSY where another process holds it. */
int lock_take(const char *path);

/* The same for one who must serve in any case: tells the holder to end (SIGTERM),
 * and waits for that, at most 6 s; goes on without the lock then. Returns a
 * descriptor, or -errno where the file cannot be opened. */
int lock_take_over(const char *path);

/* Whether a lock that was taken is still the one at path: not where the file has been
 * removed or replaced. */
bool lock_is_in_place(int fd, const char *path);

/* The pid of who holds it; 0: nobody, -1: somebody whose pid is not known here, such
 * as one outside of a container. Makes nothing. Not for the holder itself, which would lose the lock. */
int lock_holder(const char *path);

#endif
