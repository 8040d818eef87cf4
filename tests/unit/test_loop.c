/* SPDX-License-Identifier: MIT */
/* The loop: its memory, where there is none, its waits, and one that fails. */
#include "config.h"

#include "relayd/base/log.h"
#include "relayd/base/util.h"
#include "relayd/host/loop.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

static char line[512];
static int lines;

static bool keep(enum log_level level, const char *text, const struct log_field *fields, size_t n)
{
    snprintf(line, sizeof(line), "%s", text);
    lines++;
    return true;
}

static bool has_none;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *__wrap_malloc(size_t size)
{
    return has_none ? NULL : __real_malloc(size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return has_none ? NULL : __real_realloc(old, size);
}

static bool is_filled(const char *p, char with, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] != with)
            return false;
    }
    return true;
}

START_TEST(what_libev_has_can_grow)
{
    char *p = loop_memory(NULL, 100);

    memset(p, 'a', 100);
    has_none = true;
    p = loop_memory(p, 1000);
    has_none = false;
    ck_assert(p != NULL && is_filled(p, 'a', 100));
    memset(p, 'b', 1000);
    has_none = true;
    p = loop_memory(p, 10000);
    has_none = false;
    ck_assert(p != NULL && is_filled(p, 'b', 1000));
    memset(p, 'c', 10000);
    p = loop_memory(p, 20000);
    ck_assert(p != NULL && is_filled(p, 'c', 10000));
    ck_assert_ptr_null(loop_memory(p, 0));
}
END_TEST

START_TEST(what_libev_has_not_yet_can_be_had)
{
    char *a, *b;

    has_none = true;
    a = loop_memory(NULL, 1);
    b = loop_memory(NULL, 33);
    has_none = false;
    ck_assert(a != NULL && b != NULL && a != b);
    ck_assert_uint_eq((uintptr_t)a % _Alignof(max_align_t), 0);
    ck_assert_uint_eq((uintptr_t)b % _Alignof(max_align_t), 0);
    memset(b, 'b', 33);
    *a = 'a';
    ck_assert(is_filled(b, 'b', 33));
    ck_assert_ptr_null(loop_memory(a, 0));
    ck_assert_ptr_null(loop_memory(b, 0));
}
END_TEST

/* The reserve is whole again when all has been given back; else this would use it up. */
START_TEST(the_reserve_is_used_again)
{
    for (int i = 0; i < 1000; i++) {
        char *p;

        has_none = true;
        p = loop_memory(NULL, 5000);
        has_none = false;
        ck_assert_ptr_nonnull(p);
        ck_assert_ptr_null(loop_memory(p, 0));
    }
}
END_TEST

START_TEST(where_the_reserve_ends_there_is_none)
{
    char *p, *more;

    log_set_sink(keep);
    has_none = true;
    p = loop_memory(NULL, 100000);
    more = loop_memory(NULL, 200000);
    has_none = false;
    ck_assert_ptr_nonnull(p);
    ck_assert_ptr_null(more);
    ck_assert_ptr_nonnull(strstr(line, "out of memory"));
    ck_assert_ptr_null(loop_memory(p, 0));
}
END_TEST

/* libev's own descriptor. */
static int find_epoll(void)
{
    char path[64], target[64];
    ssize_t n;

    for (int fd = 3; fd < 256; fd++) {
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        n = readlink(path, target, sizeof(target) - 1);
        target[n < 0 ? 0 : n] = '\0';
        if (strcmp(target, "anon_inode:[eventpoll]") == 0)
            return fd;
    }
    return -1;
}

static bool is_heard;

static void on_byte(struct ev_loop *loop, ev_io *io, int events)
{
    is_heard = true;
    ev_io_stop(loop, io);
}

START_TEST(a_loop_that_cannot_wait_says_so_once_and_goes_on)
{
    struct ev_loop *loop = loop_new();
    int epoll, kept, fds[2];
    ev_io io;

    ck_assert_int_eq(pipe(fds), 0);
    ev_io_init(&io, on_byte, fds[0], EV_READ);
    ev_io_start(loop, &io);
    ev_run(loop, EVRUN_NOWAIT);
    log_set_sink(keep);
    ck_assert_int_ge(epoll = find_epoll(), 0);
    ck_assert_int_ge(kept = dup(epoll), 0);
    close(epoll);
    ev_run(loop, EVRUN_NOWAIT);
    ev_run(loop, EVRUN_NOWAIT);
    ck_assert_ptr_nonnull(strstr(line, "tried again"));
    ck_assert_int_eq(lines, 1);
    ck_assert_int_eq(dup2(kept, epoll), epoll);
    ck_assert_int_eq(write(fds[1], "x", 1), 1);
    ev_run(loop, EVRUN_ONCE);
    ck_assert(is_heard);
}
END_TEST

static int limit, times_set;
static double waited_at;
static bool is_refused, has_no_bell;

int __real_epoll_pwait(int epoll, struct epoll_event *events, int max, int limit_ms,
                       const sigset_t *mask);
int __wrap_epoll_pwait(int epoll, struct epoll_event *events, int max, int limit_ms,
                       const sigset_t *mask);
int __real_timerfd_settime(int fd, int flags, const struct itimerspec *due, struct itimerspec *old);
int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *due, struct itimerspec *old);

int __wrap_epoll_pwait(int epoll, struct epoll_event *events, int max, int limit_ms,
                       const sigset_t *mask)
{
    limit = limit_ms;
    waited_at = monotonic_seconds();
    return __real_epoll_pwait(epoll, events, max, limit_ms, mask);
}

int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *due, struct itimerspec *old)
{
    times_set++;
    if (!has_no_bell)
        return __real_timerfd_settime(fd, flags, due, old);
    errno = ENOMEM;
    return -1;
}

/* libev calls this one, too. */
int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
    if (!is_refused)
        return (int)syscall(SYS_epoll_ctl, epoll, operation, fd, event);
    errno = ENOMEM;
    return -1;
}

static bool is_due;

static void on_due(struct ev_loop *loop, ev_timer *timer, int events)
{
    is_due = true;
}

/* Waits while a timer runs that is due in so many seconds, or none for 0, and a byte is there. */
static void wait_for_byte(struct ev_loop *loop, double seconds)
{
    ev_timer timer;
    int fds[2];
    ev_io io;

    ck_assert_int_eq(pipe(fds), 0);
    ck_assert_int_eq(write(fds[1], "x", 1), 1);
    ev_io_init(&io, on_byte, fds[0], EV_READ);
    ev_timer_init(&timer, on_due, seconds, 0);
    ev_io_start(loop, &io);
    ev_now_update(loop);
    if (seconds > 0)
        ev_timer_start(loop, &timer);
    for (is_heard = false; !is_heard;)
        ev_run(loop, EVRUN_ONCE);
    ev_timer_stop(loop, &timer);
    close(fds[0]);
    close(fds[1]);
}

/* Here by a loop of its own. */
START_TEST(a_library_that_waits_before_there_is_a_loop_has_its_limit)
{
    struct ev_loop *other = ev_loop_new(EVFLAG_NOENV);
    ev_timer timer;

    ev_timer_init(&timer, on_due, 0.5, 0);
    ev_timer_start(other, &timer);
    ev_run(other, EVRUN_ONCE);
    ck_assert_int_ge(limit, 0); /* 0: this was stopped until it was due */
    ev_loop_destroy(other);
}
END_TEST

START_TEST(a_wait_has_no_limit_that_it_does_not_need)
{
    struct ev_loop *loop = loop_new();
    double began = monotonic_seconds();

    wait_for_byte(loop, 0);
    ck_assert_int_eq(limit, -1);
    for (int i = 0; i < 1000; i++) {
        wait_for_byte(loop, 0.9);
        ck_assert_int_le(limit, 0); /* 0: this was stopped until it was due */
    }
    ck_assert_int_ge(times_set, 1);
    ck_assert_int_le(times_set, 1 + (int)((monotonic_seconds() - began) / 0.9));
    wait_for_byte(loop, 500);
    ck_assert_int_gt(limit, 0);
    ck_assert_int_le(limit, 500001);
}
END_TEST

static void wait_until_due(struct ev_loop *loop, double seconds)
{
    double began = monotonic_seconds();
    ev_timer timer;

    ev_timer_init(&timer, on_due, seconds, 0);
    ev_now_update(loop);
    ev_timer_start(loop, &timer);
    for (is_due = false; !is_due;)
        ev_run(loop, EVRUN_ONCE);
    ck_assert_double_ge(monotonic_seconds() - began, seconds - 0.001);
}

START_TEST(a_timer_comes_due_whatever_ends_the_wait)
{
    struct ev_loop *loop = loop_new();
    double began;
    int was_set;

    wait_until_due(loop, 0.05);
    wait_until_due(loop, 1.1);
    wait_for_byte(loop, 0.1); /* for which the bell will ring */
    wait_until_due(loop, 0.3);
    began = monotonic_seconds();
    wait_for_byte(loop, 0.9);
    was_set = times_set;
    wait_until_due(loop, 0.05);
    /* Where this was stopped for so long, the bell was to ring in time. */
    ck_assert(limit >= 0 || times_set > was_set || waited_at - began > 0.8);
    has_no_bell = true;
    wait_until_due(loop, 0.05);
}
END_TEST

START_TEST(a_timer_comes_due_where_the_bell_is_not_heard)
{
    struct ev_loop *loop = loop_new();

    is_refused = true;
    ev_run(loop, EVRUN_NOWAIT);
    is_refused = false;
    wait_until_due(loop, 0.05);
    wait_for_byte(loop, 0.9);
    wait_until_due(loop, 0.05);
}
END_TEST

static void on_refusal(struct ev_loop *loop, ev_io *io, int events)
{
    is_heard = (events & EV_ERROR) != 0;
}

START_TEST(a_descriptor_that_cannot_be_watched_is_told)
{
    struct ev_loop *loop = loop_new();
    int fds[2];
    ev_io io;

    ev_run(loop, EVRUN_NOWAIT);
    ck_assert_int_eq(pipe(fds), 0);
    ev_io_init(&io, on_refusal, fds[0], EV_READ);
    ev_io_start(loop, &io);
    is_refused = true;
    ev_run(loop, EVRUN_ONCE);
    is_refused = false;
    ck_assert(is_heard);
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_test(tcase, what_libev_has_can_grow);
    tcase_add_test(tcase, what_libev_has_not_yet_can_be_had);
    tcase_add_test(tcase, the_reserve_is_used_again);
    tcase_add_test(tcase, where_the_reserve_ends_there_is_none);
    tcase_add_test(tcase, a_loop_that_cannot_wait_says_so_once_and_goes_on);
    tcase_add_test(tcase, a_library_that_waits_before_there_is_a_loop_has_its_limit);
    tcase_add_test(tcase, a_wait_has_no_limit_that_it_does_not_need);
    tcase_add_test(tcase, a_timer_comes_due_whatever_ends_the_wait);
    tcase_add_test(tcase, a_timer_comes_due_where_the_bell_is_not_heard);
    tcase_add_test(tcase, a_descriptor_that_cannot_be_watched_is_told);
}

int main(void)
{
    return run_tests("loop", add);
}
