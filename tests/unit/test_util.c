/* SPDX-License-Identifier: MIT */
/* Durations and numbers, as options and commands take them. */
#include "config.h"

#include "relayd/base/util.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

START_TEST(a_duration_is_read)
{
    static const struct { const char *text; double seconds; } good[] = {
        {"0", 0}, {"10", 10}, {"10s", 10}, {"500ms", 0.5}, {"1.5s", 1.5}, {"5m", 300},
        {"2h", 7200}, {"0.25", 0.25}, {".5s", 0.5}, {"8784h", 366 * 86400.0},
    };
    double seconds = -1;

    ck_assert_int_eq(parse_duration(good[_i].text, &seconds), 0);
    ck_assert_double_eq_tol(seconds, good[_i].seconds, 1e-9);
}
END_TEST

START_TEST(a_bad_duration_is_refused)
{
    static const char *const bad[] = {
        "", " 1", "1 ", "1 s", "s", "ms", "-1", "+1", "1d", "1ss", "1sm", "1e3", "0x10", "nan",
        "inf", "1.2.3", ".", "8785h", "1e9", "1,5", "99999999999999999999",
    };
    double seconds = -1;

    ck_assert_int_eq(parse_duration(bad[_i], &seconds), -EINVAL);
    ck_assert_double_eq(seconds, -1);
}
END_TEST

START_TEST(a_number_is_read)
{
    static const struct { const char *text; uint64_t value; } good[] = {
        {"0", 0}, {"7", 7}, {"007", 7}, {"4294967296", 4294967296},
        {"18446744073709551615", UINT64_MAX},
    };
    uint64_t value = 1;

    ck_assert_int_eq(parse_u64(good[_i].text, &value), 0);
    ck_assert(value == good[_i].value);
}
END_TEST

START_TEST(a_bad_number_is_refused)
{
    static const char *const bad[] = {
        "", " 1", "1 ", "-1", "+1", "0x1", "1.0", "one", "18446744073709551616", "1\n",
    };
    uint64_t value;

    ck_assert_int_eq(parse_u64(bad[_i], &value), -EINVAL);
}
END_TEST

START_TEST(closing_keeps_errno_and_leaves_no_number)
{
    int fd = open("/dev/null", O_RDONLY);
    int old = fd;

    errno = ENOENT;
    fd = close_fd(fd);
    ck_assert_int_eq(fd, -1);
    ck_assert_int_eq(errno, ENOENT);
    ck_assert_int_eq(fcntl(old, F_GETFD), -1);
    errno = ENOENT;
    ck_assert_int_eq(close_fd(old), -1); /* close(2) would say EBADF */
    ck_assert_int_eq(errno, ENOENT);
    ck_assert_int_eq(close_fd(-1), -1);
    ck_assert_int_eq(errno, ENOENT);
}
END_TEST

START_TEST(descriptors_are_closed_from_one_on)
{
    int below = fcntl(open("/dev/null", O_RDONLY), F_DUPFD, 500), kept, above;

    ck_assert_int_ge(below, 500);
    kept = fcntl(below, F_DUPFD, 600);
    above = fcntl(below, F_DUPFD, 700);
    close_from(below + 1, kept);
    ck_assert_int_ge(fcntl(below, F_GETFD), 0);
    ck_assert_int_ge(fcntl(kept, F_GETFD), 0);
    ck_assert_int_lt(fcntl(above, F_GETFD), 0);
    close_from(below, -1);
    ck_assert_int_lt(fcntl(below, F_GETFD), 0);
    ck_assert_int_lt(fcntl(kept, F_GETFD), 0);
}
END_TEST

START_TEST(descriptors_are_closed_where_none_is_left_to_list_them)
{
    const struct rlimit files = {.rlim_cur = 40, .rlim_max = 40};
    int last = -1, fd;

    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &files), 0);
    while ((fd = open("/dev/null", O_RDONLY)) >= 0)
        last = fd;
    close_from(last - 3, last - 1);
    ck_assert_int_ge(fcntl(last - 4, F_GETFD), 0);
    ck_assert_int_lt(fcntl(last - 3, F_GETFD), 0);
    ck_assert_int_ge(fcntl(last - 1, F_GETFD), 0);
    ck_assert_int_lt(fcntl(last, F_GETFD), 0);
}
END_TEST

START_TEST(a_member_leads_to_its_container)
{
    struct { int a; char b; } outer;

    ck_assert_ptr_eq(container_of(&outer.b, __typeof__(outer), b), &outer);
}
END_TEST

START_TEST(every_time_is_one_of_a_calendar)
{
    static const time_t times[] = {0, -1, (time_t)INT64_MAX, (time_t)INT64_MIN};
    char text[64];

    setenv("TZ", "UTC", 1);
    for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
        struct tm tm = local_time(times[i]);

        ck_assert_uint_gt(strftime(text, sizeof(text), "%F %T", &tm), 0);
        ck_assert(i != 1 || strcmp(text, "1969-12-31 23:59:59") == 0);
        ck_assert(i != 3 || tm.tm_year < -1000000);
    }
}
END_TEST

START_TEST(what_is_long_ago_was_at_the_epoch)
{
    time_t before = time(NULL), ago = time_ago(60), after = time(NULL);

    ck_assert_int_eq(time_ago(UINT64_MAX), 0);
    ck_assert_int_eq(time_ago((uint64_t)INT64_MAX + 1), 0);
    ck_assert_int_ge(ago, before - 60);
    ck_assert_int_le(ago, after - 60);
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_loop_test(tcase, a_duration_is_read, 0, 10);
    tcase_add_loop_test(tcase, a_bad_duration_is_refused, 0, 21);
    tcase_add_loop_test(tcase, a_number_is_read, 0, 5);
    tcase_add_loop_test(tcase, a_bad_number_is_refused, 0, 10);
    tcase_add_test(tcase, closing_keeps_errno_and_leaves_no_number);
    tcase_add_test(tcase, descriptors_are_closed_from_one_on);
    if (!in_valgrind())
        tcase_add_test(tcase, descriptors_are_closed_where_none_is_left_to_list_them);
    tcase_add_test(tcase, a_member_leads_to_its_container);
    tcase_add_test(tcase, every_time_is_one_of_a_calendar);
    tcase_add_test(tcase, what_is_long_ago_was_at_the_epoch);
}

int main(void)
{
    return run_tests("util", add);
}
