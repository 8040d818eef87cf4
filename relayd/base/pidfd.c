/* SPDX-License-Identifier: MIT */
/* pidfd_open(2) where the C library does not have it; configure decides. */
#include "config.h"

#include "relayd/base/pidfd.h"

#include <sys/syscall.h>
#include <unistd.h>

int pidfd_open(pid_t pid, unsigned flags)
{
    return (int)syscall(SYS_pidfd_open, pid, flags);
}
