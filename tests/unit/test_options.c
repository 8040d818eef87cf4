/* SPDX-License-Identifier: MIT */
/* relayd's command line. */
#include "config.h"

#include "relayd/host/options.h"
#include "relayd/base/util.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct options options;

/* Parses one command line, of up to three words. What it says goes nowhere. */
static int parse(const char *a, const char *b, const char *c)
{
    char *argv[] = {(char *)"relayd", (char *)a, (char *)b, (char *)c, NULL};
    int argc = 1, saved = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY), r;

    while (argv[argc] != NULL)
        argc++;
    dup2(null, STDERR_FILENO);
    optind = 1;
    options_init(&options);
    r = options_parse(&options, argc, argv);
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(null);
    return r;
}

START_TEST(the_defaults_are_these)
{
    ck_assert_int_eq(parse(NULL, NULL, NULL), 0);
    ck_assert_ptr_null(options.place.dir);
    ck_assert(!options.is_daemon && !options.is_verbose && !options.is_read_only);
    ck_assert(!options.is_help && !options.is_version);
    ck_assert_double_eq(options.patience, 1);
    ck_assert_double_eq(options.dead_after, 10);
    ck_assert_uint_eq(options.max_clients, 0);
    ck_assert_int_eq(options.when_none, WHEN_NONE_CLOSE);
}
END_TEST

START_TEST(a_switch_is_set_alone)
{
    static const struct { const char *name; size_t offset; } switches[] = {
        {"--daemon", offsetof(struct options, is_daemon)},
        {"--verbose", offsetof(struct options, is_verbose)},
        {"--read-only", offsetof(struct options, is_read_only)},
        {"--check", offsetof(struct options, is_check)},
        {"--help", offsetof(struct options, is_help)},
        {"--version", offsetof(struct options, is_version)},
    };

    ck_assert_int_eq(parse(switches[_i].name, NULL, NULL), 0);
    for (size_t i = 0; i < ARRAY_SIZE(switches); i++)
        ck_assert(*(bool *)((char *)&options + switches[i].offset) == (i == (size_t)_i));
}
END_TEST

START_TEST(a_value_is_taken_in_both_forms)
{
    ck_assert_int_eq(parse("--dir=/x", NULL, NULL), 0);
    ck_assert_str_eq(options.place.dir, "/x");
    ck_assert_int_eq(parse("--dir", "/y", NULL), 0);
    ck_assert_str_eq(options.place.dir, "/y");
}
END_TEST

START_TEST(durations_are_taken)
{
    ck_assert_int_eq(parse("--patience=250ms", "--dead-after", "2m"), 0);
    ck_assert_double_eq(options.patience, 0.25);
    ck_assert_double_eq(options.dead_after, 120);
}
END_TEST

START_TEST(the_other_values_are_taken)
{
    ck_assert_int_eq(parse("--when-none=empty", "--max-clients=1", NULL), 0);
    ck_assert_int_eq(options.when_none, WHEN_NONE_EMPTY);
    ck_assert_uint_eq(options.max_clients, 1);
    ck_assert_int_eq(parse("--when-none=empty", "--when-none=close", NULL), 0);
    ck_assert_int_eq(options.when_none, WHEN_NONE_CLOSE);
    ck_assert_int_eq(parse("--max-clients", "1000000", NULL), 0);
    ck_assert_uint_eq(options.max_clients, 1000000);
}
END_TEST

START_TEST(a_bad_line_is_refused)
{
    static const char *const bad[] = {
        "--dir=", "--dir", "--patience=0", "--patience=-1s", "--patience=soon", "--patience=",
        "--patience", "--dead-after=0ms", "--dead-after=1y", "--dead-after", "--max-clients=0",
        "--max-clients=1000001", "--max-clients=-1", "--max-clients=many", "--max-clients=",
        "--when-none=maybe", "--when-none=", "--when-none", "--daemon=yes", "--read-only=1",
        "--nonsense", "-x", "word", "--help=x",
    };

    ck_assert_int_eq(parse(bad[_i], NULL, NULL), -EINVAL);
}
END_TEST

START_TEST(a_word_behind_options_is_refused)
{
    ck_assert_int_eq(parse("--verbose", "word", NULL), -EINVAL);
    ck_assert_int_eq(parse("--verbose", "--", "word"), -EINVAL);
}
END_TEST

START_TEST(what_is_wrong_is_said_once_with_its_name)
{
    char text[1024] = "", *argv[] = {(char *)"relayd", (char *)"--patience=soon", NULL};
    int pipe_fds[2];

    ck_assert_int_eq(pipe(pipe_fds), 0);
    dup2(pipe_fds[1], STDERR_FILENO);
    options_init(&options);
    ck_assert_int_eq(options_parse(&options, 2, argv), -EINVAL);
    ck_assert_int_gt(read(pipe_fds[0], text, sizeof(text) - 1), 0);
    ck_assert_str_eq(text, "relayd: --patience: not a DURATION: 'soon'\n");
}
END_TEST

START_TEST(the_usage_names_every_option)
{
    static const char *const names[] = {
        "--dir DIR", "--daemon", "--when-none close|empty", "--read-only", "--patience DURATION",
        "--dead-after DURATION", "--max-clients N", "--verbose", "--check", "--version", "--help",
    };
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    options_usage(out);
    fclose(out);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        ck_assert_ptr_nonnull(strstr(text, names[i]));
    free(text);
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_test(tcase, the_defaults_are_these);
    tcase_add_loop_test(tcase, a_switch_is_set_alone, 0, 6);
    tcase_add_test(tcase, a_value_is_taken_in_both_forms);
    tcase_add_test(tcase, durations_are_taken);
    tcase_add_test(tcase, the_other_values_are_taken);
    tcase_add_loop_test(tcase, a_bad_line_is_refused, 0, 24);
    tcase_add_test(tcase, a_word_behind_options_is_refused);
    tcase_add_test(tcase, what_is_wrong_is_said_once_with_its_name);
    tcase_add_test(tcase, the_usage_names_every_option);
}

int main(void)
{
    return run_tests("options", add);
}
