/* SPDX-License-Identifier: MIT */
/* Records: what a name in systemd's descriptor store can hold. */
#include "config.h"

#include "relayd/session/record.h"
#include "relayd/base/util.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Each field with another value. */
static struct record make_record(uint64_t first)
{
    uint64_t field[sizeof(struct record) / sizeof(uint64_t)];
    struct record record;

    for (size_t i = 0; i < ARRAY_SIZE(field); i++)
        field[i] = first + i;
    memcpy(&record, field, sizeof(record));
    return record;
}

START_TEST(what_is_written_is_read)
{
    struct record record = make_record(UINT32_MAX - 100), copy;
    char name[RECORD_NAME_SIZE];

    ck_assert_int_eq(record_write(&record, name), 0);
    ck_assert_int_eq(record_read(&copy, name), 0);
    ck_assert_mem_eq(&record, &copy, sizeof(record));
}
END_TEST

START_TEST(a_name_is_one_that_systemd_takes)
{
    struct record record = make_record(7);
    char name[RECORD_NAME_SIZE];

    record.age_ms = 1795557603890; /* a time of our days */
    ck_assert_int_eq(record_write(&record, name), 0);
    ck_assert_uint_le(strlen(name), 255);
    ck_assert_uint_eq(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-"), strlen(name));
}
END_TEST

START_TEST(what_does_not_fit_is_refused)
{
    struct record record = make_record(UINT64_MAX / 2);
    char name[RECORD_NAME_SIZE];

    ck_assert_int_eq(record_write(&record, name), -ENAMETOOLONG);
}
END_TEST

START_TEST(other_names_are_refused)
{
    struct record record = {0}, copy;
    char name[RECORD_NAME_SIZE], odd[RECORD_NAME_SIZE + 8];

    ck_assert_int_eq(record_write(&record, name), 0);
    for (size_t n = 0; n < strlen(name); n++) {
        snprintf(odd, sizeof(odd), "%.*s", (int)n, name);
        ck_assert_int_eq(record_read(&copy, odd), -EBADMSG);
    }
    for (const char *const *end = (const char *const[]){".0", ".", "x", " ", NULL}; *end != NULL; end++) {
        snprintf(odd, sizeof(odd), "%s%s", name, *end);
        ck_assert_int_eq(record_read(&copy, odd), -EBADMSG);
    }
    name[strlen("relayd-session-")] = '3'; /* another version */
    ck_assert_int_eq(record_read(&copy, name), -EBADMSG);
    ck_assert_int_eq(record_read(&copy, "relayd.socket"), -EBADMSG);
}
END_TEST

/* The version before kept stamps of the wall clock. */
START_TEST(stamps_of_the_version_before_become_ages)
{
    struct record record = make_record(7), copy;
    const uint64_t then = (uint64_t)time(NULL) - 90;
    char name[RECORD_NAME_SIZE];

    record.age_ms = then * 1000;
    record.waited_ms = 0;
    ck_assert_int_eq(record_write(&record, name), 0);
    name[strlen("relayd-session-")] = '1';
    ck_assert_int_eq(record_read(&copy, name), 0);
    ck_assert_uint_ge(copy.age_ms, 90000);
    ck_assert_uint_le(copy.age_ms, ((uint64_t)time(NULL) + 1 - then) * 1000);
    ck_assert_uint_eq(copy.waited_ms, 0);
    ck_assert_uint_eq(copy.owed, record.owed);
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_test(tcase, what_is_written_is_read);
    tcase_add_test(tcase, a_name_is_one_that_systemd_takes);
    tcase_add_test(tcase, what_does_not_fit_is_refused);
    tcase_add_test(tcase, other_names_are_refused);
    tcase_add_test(tcase, stamps_of_the_version_before_become_ages);
}

int main(void)
{
    return run_tests("record", add);
}
