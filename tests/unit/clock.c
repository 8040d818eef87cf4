/* SPDX-License-Identifier: MIT */
/* A clock of the test's own. libev and the daemon ask the C library for the time, and for what has
 * happened; here they find this in its place. */
#include "config.h"

#include "tests/unit/clock.h"

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000

static bool is_own;
static int64_t now; /* ns, since a moment as good as any */

static int look_at_host_s(clockid_t id, struct timespec *t)
{
#ifdef SYS_clock_gettime64
    if (sizeof(t->tv_sec) > sizeof(long))
        return (int)syscall(SYS_clock_gettime64, id, t);
#endif
    return (int)syscall(SYS_clock_gettime, id, t);
}

/* Whoever looks later sees a later time. */
int clock_gettime(clockid_t id, struct timespec *t)
{
    if (!is_own || id != CLOCK_MONOTONIC)
        return look_at_host_s(id, t);
    now += 1000;
    t->tv_sec = (time_t)(now / SECOND);
    t->tv_nsec = (long)(now % SECOND);
    return 0;
}

/* Whether such a sleep takes no time. */
static bool is_skipped(int ms)
{
    return is_own && ms > 0;
}

/* What was found after it; returns that. */
static int skip(int found, int ms)
{
    if (found == 0)
        now += (int64_t)ms * 1000000;
    return found;
}

static int look_for_events(int fd, struct epoll_event *events, int n, int ms)
{
    return (int)syscall(SYS_epoll_pwait, fd, events, n, ms, NULL, 0);
}

int epoll_wait(int fd, struct epoll_event *events, int n, int ms)
{
    if (is_skipped(ms))
        return skip(look_for_events(fd, events, n, 0), ms);
    return look_for_events(fd, events, n, ms);
}

static int look_at_fds(struct pollfd *fds, nfds_t n, int ms)
{
    const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    return ppoll(fds, n, ms < 0 ? NULL : &t, NULL);
}

int poll(struct pollfd *fds, nfds_t n, int ms)
{
    if (is_skipped(ms))
        return skip(look_at_fds(fds, n, 0), ms);
    return look_at_fds(fds, n, ms);
}

void clock_own(void)
{
    is_own = true;
    now = (int64_t)SECOND * 1000000;
}

void clock_pass(double seconds)
{
    now += (int64_t)(seconds * SECOND);
}
