/* SPDX-License-Identifier: MIT */
/* The loop's memory, where there is none. */
#include "config.h"

#include "relayd/host/loop.h"
#include "tests/unit/test.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

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

static void add(TCase *tcase)
{
    tcase_add_test(tcase, what_libev_has_can_grow);
    tcase_add_test(tcase, what_libev_has_not_yet_can_be_had);
    tcase_add_test(tcase, the_reserve_is_used_again);
}

int main(void)
{
    return run_tests("loop", add);
}
