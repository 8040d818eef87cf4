/* SPDX-License-Identifier: MIT */
/* Preloaded into relayctl where it runs in valgrind, which makes it and the relay slow: its
 * time passes as slowly, so that it does not give up on a relay that is only slow. */
#include "config.h"

#include <poll.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define TIMES_SLOWER 10

int clock_gettime(clockid_t id, struct timespec *t)
{
    int r = (int)syscall(SYS_clock_gettime, id, t);

    if (r == 0 && id == CLOCK_MONOTONIC) {
        t->tv_nsec = (t->tv_sec % TIMES_SLOWER * 1000000000L + t->tv_nsec) / TIMES_SLOWER;
        t->tv_sec /= TIMES_SLOWER;
    }
    return r;
}

int poll(struct pollfd *fds, nfds_t n, int ms)
{
    int64_t us = (int64_t)ms * TIMES_SLOWER * 1000;
    struct timespec t = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};

    return ppoll(fds, n, ms < 0 ? NULL : &t, NULL);
}
