/* SPDX-License-Identifier: MIT */
/* The log: what of a line is kept, which lines are, and the file. */
#include "config.h"

#include "relayd/base/log.h"
#include "relayd/base/utf8.h"
#include "relayd/host/daemonize.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char last_line[2048];
static enum log_level last_level;
static const struct log_field *last_fields;
static size_t last_n;
static int lines;

static bool is_taken = true;

static bool keep(enum log_level level, const char *line, const struct log_field *fields, size_t n)
{
    snprintf(last_line, sizeof(last_line), "%s", line);
    last_level = level;
    last_fields = fields;
    last_n = n;
    lines++;
    return is_taken;
}

START_TEST(bytes_that_confuse_a_terminal_are_replaced)
{
    log_set_sink(keep);
    log_info("%s", "a\nb\tc\x1b[2J\x7f\r\xc3\xa4 ~");
    ck_assert_str_eq(last_line, "a?b?c?[2J??\xc3\xa4 ~");
}
END_TEST

START_TEST(a_long_line_is_cut)
{
    char text[4000];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    log_set_sink(keep);
    log_info("%s", text);
    ck_assert_uint_ge(strlen(last_line), 990);
    ck_assert_uint_le(strlen(last_line), 1000);
    for (size_t i = 1; i + 1 < sizeof(text); i += 2)
        memcpy(text + i, "\xc3\xa4", 2);
    log_info("%s", text);
    ck_assert_uint_ge(strlen(last_line), 990);
    ck_assert(utf8_is_clean(last_line));
}
END_TEST

START_TEST(less_urgent_lines_are_not_kept)
{
    log_set_sink(keep);
    log_debug("no");
    ck_assert_int_eq(lines, 0);
    log_info("yes");
    ck_assert_int_eq(lines, 1);
    log_set_level(LOG_LEVEL_WARNING);
    log_notice("no");
    log_info("no");
    ck_assert_int_eq(lines, 1);
    log_warning("yes");
    ck_assert_int_eq(last_level, LOG_LEVEL_WARNING);
    log_error("yes");
    ck_assert_int_eq(last_level, LOG_LEVEL_ERROR);
    ck_assert_int_eq(lines, 3);
}
END_TEST

START_TEST(a_level_is_on_with_all_that_are_more_urgent)
{
    log_set_level(LOG_LEVEL_NOTICE);
    ck_assert(log_is_on(LOG_LEVEL_ERROR));
    ck_assert(log_is_on(LOG_LEVEL_NOTICE));
    ck_assert(!log_is_on(LOG_LEVEL_INFO));
    log_set_level(LOG_LEVEL_DEBUG);
    ck_assert(log_is_on(LOG_LEVEL_DEBUG));
}
END_TEST

START_TEST(lines_that_nobody_takes_are_counted)
{
    log_set_sink(keep);
    is_taken = false;
    for (int i = 0; i < 3; i++)
        log_info("lost");
    is_taken = true;
    lines = 0;
    log_info("here");
    ck_assert_int_eq(lines, 2);
    ck_assert_str_eq(last_line, "here");
    log_info("again");
    ck_assert_int_eq(lines, 3);
}
END_TEST

/* A pipe that nobody reads, and one that nobody can. */
START_TEST(text_is_put_at_once_or_not_at_all)
{
    char page[4096] = "";
    int fds[2];

    ck_assert_int_eq(pipe(fds), 0);
    ck_assert(log_put(fds[1], "text"));
    memset(page, 'x', sizeof(page) - 1);
    for (int i = 0; log_put(fds[1], page); i++)
        ck_assert_int_lt(i, 1000);
    close(fds[0]);
    signal(SIGPIPE, SIG_IGN);
    ck_assert(!log_put(fds[1], "text"));
    close(fds[1]);
    ck_assert(!log_put(fds[1], "text"));
}
END_TEST

START_TEST(fields_reach_the_sink)
{
    static const struct log_field fields[] = {{"UPSTREAM", "3"}, {"PID", "17"}};

    log_set_sink(keep);
    log_fields(LOG_LEVEL_NOTICE, fields, 2, "%d of them", 2);
    ck_assert_str_eq(last_line, "2 of them");
    ck_assert_ptr_eq(last_fields, fields);
    ck_assert_uint_eq(last_n, 2);
    log_info("none");
    ck_assert_uint_eq(last_n, 0);
}
END_TEST

START_TEST(a_file_has_lines_with_the_time_in_front)
{
    const char *path = scratch_path("log");
    unsigned year, month, day, hour, minute, second;
    int end = 0;
    char *text;

    umask(0);
    ck_assert_int_eq(log_open_file(path), 0);
    ck_assert_uint_eq(scratch_mode(path), 0600);
    log_set_sink(log_to_file);
    log_info("hello");
    text = scratch_read(path, NULL);
    ck_assert_int_eq(sscanf(text, "%4u-%2u-%2u %2u:%2u:%2u %n", &year, &month, &day, &hour,
                            &minute, &second, &end), 6);
    ck_assert_str_eq(text + end, "hello\n");
    free(text);
}
END_TEST

START_TEST(a_file_goes_on_where_it_ended)
{
    const char *path = scratch_path("log");
    char *text;

    scratch_write(path, "before\n", 7);
    ck_assert_int_eq(log_open_file(path), 0);
    log_set_sink(log_to_file);
    log_info("after");
    text = scratch_read(path, NULL);
    ck_assert_int_eq(strncmp(text, "before\n", 7), 0);
    ck_assert_ptr_nonnull(strstr(text, "after\n"));
    free(text);
}
END_TEST

/* Whoever typed relayd --daemon, and was killed. */
START_TEST(the_file_has_it_that_nobody_waits_for_the_start)
{
    const char *path = scratch_path("log");
    int fds[2];
    char *text;

    signal(SIGPIPE, SIG_IGN);
    ck_assert_int_eq(pipe(fds), 0);
    close(fds[0]);
    daemonize_log(path);
    ck_assert_int_eq(daemonize_end(fds[1]), -1);
    text = scratch_read(path, NULL);
    ck_assert_ptr_nonnull(strstr(text, "the starting process has gone\n"));
    free(text);
}
END_TEST

START_TEST(a_full_file_makes_way_for_a_new_one)
{
    const char *path = scratch_path("log"), *older = scratch_path("log.old");
    static char full[256 * 1024];
    size_t n;
    char *text;

    memset(full, 'x', sizeof(full));
    scratch_write(older, "oldest\n", 7);
    scratch_write(path, full, sizeof(full) - 1);
    ck_assert_int_eq(log_open_file(path), 0);
    log_set_sink(log_to_file);
    log_info("still fits");
    text = scratch_read(older, NULL);
    ck_assert_str_eq(text, "oldest\n");
    free(text);
    log_info("first of the new");
    text = scratch_read(older, &n);
    ck_assert_uint_ge(n, sizeof(full));
    ck_assert_ptr_nonnull(strstr(text, "still fits\n"));
    free(text);
    text = scratch_read(path, &n);
    ck_assert_uint_lt(n, 100);
    ck_assert_ptr_nonnull(strstr(text, "first of the new\n"));
    free(text);
    ck_assert_uint_eq(scratch_mode(path), 0600);
}
END_TEST

static off_t size_of(const char *path)
{
    struct stat st;

    ck_assert_int_eq(stat(path, &st), 0);
    return st.st_size;
}

static void log_much(void)
{
    static char line[900];

    memset(line, 'x', sizeof(line) - 1);
    for (int i = 0; i < 700; i++)
        log_info("%s", line);
}

START_TEST(a_file_that_cannot_make_way_grows_no_larger)
{
    const char *path = scratch_path("log");

    ck_assert_int_eq(mkdir(scratch_path("log.old"), 0700), 0);
    ck_assert_int_eq(log_open_file(path), 0);
    log_set_sink(log_to_file);
    log_much();
    log_info("the last");
    ck_assert_int_lt(size_of(path), 300 * 1024);
    ck_assert_int_gt(size_of(path), 0);
}
END_TEST

/* Another relayd may write there by then. */
START_TEST(a_full_file_that_is_elsewhere_moves_no_other)
{
    const char *path = scratch_path("log"), *moved = scratch_path("moved");
    char *text;

    ck_assert_int_eq(log_open_file(path), 0);
    log_set_sink(log_to_file);
    ck_assert_int_eq(rename(path, moved), 0);
    scratch_write(path, "another's\n", 10);
    log_much();
    text = scratch_read(path, NULL);
    ck_assert_str_eq(text, "another's\n");
    free(text);
    ck_assert_int_lt(size_of(moved), 300 * 1024);
}
END_TEST

START_TEST(nobody_is_waited_for_at_a_fifo)
{
    const char *path = scratch_path("log");

    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_lt(log_open_file(path), 0);
    log_set_sink(log_to_file);
    log_info("nobody reads this");
}
END_TEST

START_TEST(a_symlink_is_not_written_through)
{
    ck_assert_int_eq(symlink("elsewhere", "log"), 0);
    ck_assert_int_eq(log_open_file("log"), -ELOOP);
    ck_assert_int_eq(access("elsewhere", F_OK), -1);
}
END_TEST

START_TEST(without_a_file_a_line_is_not_taken)
{
    ck_assert(!log_to_file(LOG_LEVEL_INFO, "nobody reads this", NULL, 0));
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_test(tcase, without_a_file_a_line_is_not_taken);
    scratch_add(tcase);
    tcase_add_test(tcase, bytes_that_confuse_a_terminal_are_replaced);
    tcase_add_test(tcase, a_long_line_is_cut);
    tcase_add_test(tcase, less_urgent_lines_are_not_kept);
    tcase_add_test(tcase, a_level_is_on_with_all_that_are_more_urgent);
    tcase_add_test(tcase, lines_that_nobody_takes_are_counted);
    tcase_add_test(tcase, text_is_put_at_once_or_not_at_all);
    tcase_add_test(tcase, fields_reach_the_sink);
    tcase_add_test(tcase, a_file_has_lines_with_the_time_in_front);
    tcase_add_test(tcase, a_file_goes_on_where_it_ended);
    tcase_add_test(tcase, the_file_has_it_that_nobody_waits_for_the_start);
    tcase_add_test(tcase, a_full_file_makes_way_for_a_new_one);
    tcase_add_test(tcase, a_file_that_cannot_make_way_grows_no_larger);
    tcase_add_test(tcase, a_full_file_that_is_elsewhere_moves_no_other);
    tcase_add_test(tcase, nobody_is_waited_for_at_a_fifo);
    tcase_add_test(tcase, a_symlink_is_not_written_through);
}

int main(void)
{
    return run_tests("log", add);
}
