/* SPDX-License-Identifier: MIT */
/* Small things that C lacks. */
#ifndef RELAYD_UTIL_H
#define RELAYD_UTIL_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define container_of(ptr, type, member) \
    ((type *)(void *)((char *)(ptr) - offsetof(type, member)))

/* close(2) where fd >= 0, keeping errno; always returns -1, so that
 * `fd = close_fd(fd)` leaves no stale number behind. */
int close_fd(int fd);

/* Opens /dev/null where a standard descriptor is missing: a socket or a file would take its
 * place, and be read or written as if it were the terminal. For main(), first of all. */
void fill_standard_fds(void);

/* Has children be there to wait for: where who started us ignores SIGCHLD, so do we, and the kernel
 * forgets each child, and how it ended, at once. For main(). */
void heed_children(void);

/* Seconds of CLOCK_MONOTONIC, the one clock that durations are measured on: nobody sets it,
 * it stands while the host sleeps, and all processes of a host share it. */
double monotonic_seconds(void);

/* localtime_r(3) of any time: what another program or a file says may be beyond all calendars, for
 * which there is no struct tm. Such a time becomes one of a thousand million years from now, or ago. */
struct tm local_time(time_t at);

/* The time so many seconds ago, the epoch at the earliest. */
time_t time_ago(uint64_t seconds);

/* Closes every descriptor from `lowest` up but `keep` (-1: none), in a child that has
 * just been forked. Not close_range(2): kernels before 5.9 lack it, and so does musl. */
void close_from(int lowest, int keep);

/* A DURATION as options and commands take it: a number with "ms", "s", "m" or
 * "h", a bare number is seconds; fractions are allowed ("1.5s").
 * Sets *seconds, 0 up to a year; returns 0 or -EINVAL. */
int parse_duration(const char *text, double *seconds);

/* A decimal number, 0 to UINT64_MAX, nothing before or after it.
 * Returns 0 or -EINVAL. */
int parse_u64(const char *text, uint64_t *value);

#endif
