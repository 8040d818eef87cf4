/* SPDX-License-Identifier: MIT */
/* Lines of relayd's log, read again; and points in time, as people name them. */
#include "config.h"

#include "relayctl/log/entries.h"
#include "relayctl/log/files.h"
#include "relayctl/when.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>

#define CLIENT " client 812 (git, uid 1000): "
#define LINE "signed: login 3 (laptop, 10.0.0.5) key SHA256:abc" CLIENT "ssh login as git to host key X"

static struct entry entry;

static bool parse(const char *text)
{
    static char line[1000];

    snprintf(line, sizeof(line), "%s", text);
    return entry_parse(&entry, line);
}

START_TEST(a_line_is_taken_apart)
{
    ck_assert(parse(LINE));
    ck_assert(entry.is_signed && !entry.is_certificate && entry.more == 0);
    ck_assert_uint_eq(entry.id, 3);
    ck_assert_str_eq(entry.login, "laptop");
    ck_assert_str_eq(entry.host, "10.0.0.5");
    ck_assert_str_eq(entry.key, "SHA256:abc");
    ck_assert_uint_eq(entry.pid, 812);
    ck_assert_str_eq(entry.command, "git");
    ck_assert_uint_eq(entry.uid, 1000);
    ck_assert_str_eq(entry.words, "ssh login as git to host key X");
}
END_TEST

START_TEST(many_are_one_line)
{
    ck_assert(parse("refused 17 more: login 3 (/tmp/x) certificate unknown" CLIENT "unknown data"));
    ck_assert(!entry.is_signed && entry.is_certificate && !entry.is_mixed);
    ck_assert_uint_eq(entry.more, 17);
    ck_assert_ptr_null(entry.host);
    ck_assert(parse("signed 17 more of many kinds: login 3 (x) key k" CLIENT "unknown data"));
    ck_assert(entry.is_mixed);
}
END_TEST

/* The words are the client's, and end the line whatever they look like. */
START_TEST(words_may_look_like_anything)
{
    ck_assert(parse(LINE " client 1 (x, uid 0): y"));
    ck_assert_uint_eq(entry.pid, 812);
    ck_assert_str_eq(entry.words, "ssh login as git to host key X client 1 (x, uid 0): y");
}
END_TEST

START_TEST(any_other_line_is_none)
{
    static const char *const others[] = {
        "", "signed", "signed:", "signed: login", "signed: login 3", "signed: login x (a) key k",
        "signed: login 3 (laptop", "signed: login 3 (laptop) ", "signed: login 3 (laptop) key",
        "signed: login 3 (laptop) key k", "signed: login 3 (laptop) key k client x (git, uid 1): y",
        "signed: login 3 (laptop) key k client 8 (git): y",
        "signed: login 3 (laptop) key k client 8 (git, uid x): y",
        "signed: login 3 (laptop) key k client 8 (git, uid 1) y",
        "signed 0 more: login 3 (a) key k" CLIENT "y", "signed more: login 3 (a) key k" CLIENT "y",
        "signed 99999999999999999999999999 more: login 3 (a) key k" CLIENT "y",
        "signed: login 99999999999999999999 (a) key k" CLIENT "y",
        "client 812 (git, uid 1000) at login 3 (laptop): 1 list, 1 sign in 0.10 s: done",
        " " LINE,
        /* Where the disk was full, a line has only its beginning, and the next goes on there. */
        "signed: login 3 (lap2026-11-27 10:00:01 " LINE,
        "signed: login 3 (laptop) key k client 8 (g2026-11-27 10:00:01 " LINE,
    };

    ck_assert(!parse(others[_i]));
}
END_TEST

#define N_OTHERS 22

/* However a line is cut or changed, it is read within its bounds. */
START_TEST(no_line_is_believed)
{
    size_t n = strlen(LINE);

    for (size_t at = 0; at < n; at++) {
        for (int c = 0; c < 256; c += 5) {
            char *line = strdup(LINE);

            line[at] = (char)c;
            entry_parse(&entry, line);
            free(line);
        }
    }
}
END_TEST

START_TEST(a_login_is_known_by_what_it_is_called)
{
    ck_assert(parse("signed: login 3 (my \\x28a\\x2c b\\x29, 10.0.0.5) key k" CLIENT "y"));
    ck_assert(entry_is_of(&entry, "3"));
    ck_assert(entry_is_of(&entry, "my (a, b)"));
    ck_assert(entry_is_of(&entry, "10.0.0.5"));
    ck_assert(!entry_is_of(&entry, "my"));
    ck_assert(!entry_is_of(&entry, ""));
    ck_assert(!entry_is_of(&entry, "30"));
}
END_TEST

static char shown[100];

static void show(const struct entry *one, void *arg)
{
    strcat(shown, one->words);
}

START_TEST(entries_come_in_the_order_of_their_time)
{
    struct entries entries = {.since_us = 5, .login = "3"};
    static const struct { int64_t at; const char *words; unsigned id; } lines[] = {
        {9, "e", 3}, {10, "f", 3}, {4, "a", 3}, {5, "b", 3}, {8, "c", 3}, {8, "d", 3}, {8, "x", 4},
    };

    for (size_t i = 0; i < 7; i++) {
        char line[100];

        snprintf(line, sizeof(line), "signed: login %u (a) key k" CLIENT "%s", lines[i].id,
                 lines[i].words);
        entries_add(&entries, line, lines[i].at);
    }
    entries_add(&entries, "another line", 8);
    entries_show(&entries, show, NULL);
    ck_assert_str_eq(shown, "bcdef");
    entries_show(&entries, show, NULL);
    ck_assert_str_eq(shown, "bcdef");
}
END_TEST

/* What a crash left of a log may have zeros in it. */
START_TEST(zeros_in_a_log_hide_no_line)
{
    static const char log[] = "2026-11-27 10:00:00 sign\0\0\0"
                              "2026-11-27 10:00:01 " LINE "1\n\0\n"
                              "2026-11-27 10:00:02 " LINE "2\n";
    struct files files = {.path = scratch_path("log"), .fd = -1};
    struct entries entries = {.n = 0};

    scratch_write(files.path, log, sizeof(log) - 1);
    ck_assert_int_eq(files_read(&files, &entries), 0);
    ck_assert_uint_eq(entries.n, 2);
    files_fini(&files);
    entries_fini(&entries);
}
END_TEST

/* Now is 2026-11-27 10:20:30, in a place that is two hours ahead. */
#define NOW 1795767630

START_TEST(a_time_is_named_in_many_ways)
{
    static const struct { const char *text; long at; } times[] = {
        {"2h", NOW - 7200}, {"5m", NOW - 300}, {"0", NOW}, {"90", NOW - 90},
        {"today", NOW - 10 * 3600 - 20 * 60 - 30},
        {"yesterday", NOW - 10 * 3600 - 20 * 60 - 30 - 86400},
        {"2026-11-27", NOW - 10 * 3600 - 20 * 60 - 30},
        {"2026-11-26", NOW - 10 * 3600 - 20 * 60 - 30 - 86400},
        {"2026-11-27 10:20", NOW - 30}, {"2026-11-27 10:20:30", NOW},
        {"2026-11-27T10:20", NOW - 30}, {"10:20", NOW - 30}, {"10:20:31", NOW + 1},
    };
    time_t when;

    setenv("TZ", "UTC-2", 1);
    tzset();
    ck_assert_int_eq(when_parse(times[_i].text, NOW, &when), 0);
    ck_assert_int_eq(when, times[_i].at);
}
END_TEST

START_TEST(what_is_no_time_is_refused)
{
    static const char *const others[] = {"", "x", "tomorrowish", "2026-13-01", "2026-11-27 25:00",
                                         "2026-11-27 10:00 x", "-5m", "10:", "2026-11"};
    time_t when;

    ck_assert_int_eq(when_parse(others[_i], NOW, &when), -EINVAL);
}
END_TEST

static void add(TCase *tcase)
{
    scratch_add(tcase);
    tcase_add_test(tcase, a_line_is_taken_apart);
    tcase_add_test(tcase, many_are_one_line);
    tcase_add_test(tcase, words_may_look_like_anything);
    tcase_add_loop_test(tcase, any_other_line_is_none, 0, N_OTHERS);
    tcase_add_test(tcase, no_line_is_believed);
    tcase_add_test(tcase, a_login_is_known_by_what_it_is_called);
    tcase_add_test(tcase, entries_come_in_the_order_of_their_time);
    tcase_add_test(tcase, zeros_in_a_log_hide_no_line);
    tcase_add_loop_test(tcase, a_time_is_named_in_many_ways, 0, 13);
    tcase_add_loop_test(tcase, what_is_no_time_is_refused, 0, 9);
}

int main(void)
{
    return run_tests("entry", add);
}
