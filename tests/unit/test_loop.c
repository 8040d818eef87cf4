/* SPDX-License-Identifier: MIT */
/* The loop: its memory, where there is none, and a wait that fails. */
#include "config.h"

#include "relayd/base/log.h"
#include "relayd/host/loop.h"
#include "tests/unit/test.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static void add(TCase *tcase)
{
    tcase_add_test(tcase, what_libev_has_can_grow);
    tcase_add_test(tcase, what_libev_has_not_yet_can_be_had);
    tcase_add_test(tcase, the_reserve_is_used_again);
    tcase_add_test(tcase, where_the_reserve_ends_there_is_none);
    tcase_add_test(tcase, a_loop_that_cannot_wait_says_so_once_and_goes_on);
}

int main(void)
{
    return run_tests("loop", add);
}
