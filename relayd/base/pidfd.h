/* SPDX-License-Identifier: MIT */
/* pidfd_open(2), declared here: C libraries before glibc 2.36 have no <sys/pidfd.h>. */
#ifndef RELAYD_PIDFD_H
#define RELAYD_PIDFD_H

#include <sys/types.h>

/* Returns a descriptor, close-on-exec, that is readable once the process has ended; or -1
 * with errno: ENOSYS where the kernel, or the headers of the build, are older than Linux 5.3. */
int pidfd_open(pid_t pid, unsigned flags);

#endif
