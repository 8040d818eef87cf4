/* SPDX-License-Identifier: MIT */
/* Preloaded into programs that run in valgrind. As of 3.19 that knows no pidfd_open(2) and
 * fails it; this goes to the kernel past it. */
#include "config.h"

#include "relayd/base/pidfd.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <valgrind/valgrind.h>

/* On the real processor, where libc's own would have no errno to write to. */
static long past_valgrind(long thread, long pid, long flags)
{
    long result;

    (void)thread;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"((long)SYS_pidfd_open), "D"(pid), "S"(flags)
                     : "rcx", "r11", "memory");
    return result;
}

int pidfd_open(pid_t pid, unsigned flags)
{
    long result = VALGRIND_NON_SIMD_CALL2(past_valgrind, (long)pid, (long)flags);

    if (result >= 0)
        return (int)result;
    errno = (int)-result;
    return -1;
}
