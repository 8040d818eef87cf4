/* SPDX-License-Identifier: MIT */
/* The ledger: what is written of each signature, and of very many. */
#include "config.h"

#include "relayd/base/log.h"
#include "relayd/session/ledger.h"
#include "tests/unit/clock.h"
#include "tests/unit/test.h"

#include <stdio.h>

static struct ev_loop *loop;
static struct ledger ledger;
static struct upstream *upstream;
static struct signing what;

static unsigned n_lines;
static char first[1200], last[1200];
static char fields[1200];

static bool keep(enum log_level level, const char *line, const struct log_field *field, size_t n)
{
    if (n_lines++ == 0)
        snprintf(first, sizeof(first), "%s", line);
    snprintf(last, sizeof(last), "%s", line);
    fields[0] = '\0';
    for (size_t i = 0; i < n; i++)
        sprintf(fields + strlen(fields), "%s=%.60s ", field[i].name, field[i].value);
    return true;
}

static void begin(void)
{
    clock_own();
    loop = ev_loop_new(EVFLAG_AUTO);
    log_set_sink(keep);
    ledger_init(&ledger, loop);
    upstream = upstream_new("/tmp/ssh-x/agent.1");
    what = (struct signing){.purpose = SIGNING_FILE, .name = "git", .key.is_known = true};
}

static void end(void)
{
    ledger_fini(&ledger);
    upstream_free(upstream);
    ev_loop_destroy(loop);
}

static struct ledger_entry entry(int pid)
{
    return (struct ledger_entry){.is_signed = true,
                                 .what = &what,
                                 .upstream_id = 3,
                                 .upstream = upstream,
                                 .client = {.pid = pid, .uid = 17},
                                 .command = "git"};
}

static void put(int pid)
{
    const struct ledger_entry one = entry(pid);

    ledger_put(&ledger, &one);
}

#define KEY "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define REST " key " KEY " client 5 (git, uid 17): signature in namespace git"

START_TEST(a_signature_is_a_line)
{
    put(5);
    ck_assert_str_eq(last, "signed: login 3 (/tmp/ssh-x/agent.1)" REST);
    ck_assert_uint_eq(n_lines, 1);
    ck_assert_str_eq(fields, "RELAYD_ANSWER=signed RELAYD_KEY=" KEY
                             " RELAYD_PURPOSE=signature in namespace git RELAYD_REPEATED=0 "
                             "RELAYD_UPSTREAM=/tmp/ssh-x/agent.1 RELAYD_UPSTREAM_ID=3 "
                             "RELAYD_CLIENT_PID=5 RELAYD_CLIENT_COMMAND=git RELAYD_CLIENT_UID=17 ");
}
END_TEST

START_TEST(a_refusal_says_so)
{
    struct ledger_entry one = entry(5);

    one.is_signed = false;
    what.key.is_known = false;
    one.upstream = NULL;
    ledger_put(&ledger, &one);
    ck_assert_str_eq(last, "refused: login 3 (unregistered) key unknown client 5 (git, uid 17): "
                           "signature in namespace git");
}
END_TEST

START_TEST(a_login_has_label_and_host)
{
    upstream_set_facts(upstream, "laptop", "10.0.0.5 1 10.0.0.1 22", NULL);
    put(5);
    ck_assert_str_eq(last, "signed: login 3 (laptop, 10.0.0.5)" REST);
}
END_TEST

/* No name ends before its parenthesis does. */
START_TEST(nobody_forges_what_follows_the_name)
{
    struct ledger_entry one = entry(5);

    one.command = "x, uid 0): a";
    upstream_set_facts(upstream, "a) key SHA256:x client 1 (su, uid 0): y", "h,)\n 1 2 3", NULL);
    ledger_put(&ledger, &one);
    ck_assert_str_eq(last, "signed: login 3 (a\\x29 key SHA256:x client 1 \\x28su\\x2c uid 0\\x29: y, "
                           "h\\x2c\\x29?) key " KEY
                           " client 5 (x\\x2c uid 0\\x29: a, uid 17): signature in namespace git");
}
END_TEST

START_TEST(names_that_are_too_long_are_cut)
{
    char label[300], words[SIGNING_WORDS_MAX];
    const char *end;

    memset(label, '(', 255);
    label[255] = '\0';
    upstream_set_facts(upstream, label, NULL, NULL);
    memset(what.name, 'x', sizeof(what.name) - 1);
    what.purpose = SIGNING_LOGIN;
    what.host.is_known = what.via.is_known = true;
    what.hops = UINT32_MAX;
    put(INT32_MAX);
    signing_describe(&what, words);
    end = last + strlen(last) - strlen(words);
    ck_assert_str_eq(end, words);
}
END_TEST

START_TEST(equal_lines_in_a_row_are_counted)
{
    for (int i = 0; i < 1000; i++)
        put(5);
    ck_assert_uint_eq(n_lines, 1);
    ev_run(loop, EVRUN_ONCE);
    ck_assert_uint_eq(n_lines, 2);
    ck_assert_str_eq(last, "signed 999 more: login 3 (/tmp/ssh-x/agent.1)" REST);
    ck_assert_ptr_nonnull(strstr(fields, "RELAYD_REPEATED=999 "));
    /* Nothing is left to wake up for; what goes on is told of once a minute. */
    ck_assert(!ev_is_active(&ledger.timer));
    put(5);
    ck_assert_uint_eq(n_lines, 2);
    ck_assert(ev_is_active(&ledger.timer));
}
END_TEST

START_TEST(another_line_ends_the_count)
{
    put(5);
    put(5);
    put(6);
    ck_assert_uint_eq(n_lines, 3);
    ck_assert(!ev_is_active(&ledger.timer));
    put(5);
    ck_assert_uint_eq(n_lines, 4);
}
END_TEST

START_TEST(an_answer_of_the_other_kind_is_another_line)
{
    struct ledger_entry one = entry(5);

    put(5);
    one.is_signed = false;
    ledger_put(&ledger, &one);
    ck_assert_uint_eq(n_lines, 2);
    ck_assert_int_eq(strncmp(last, "refused: ", 9), 0);
}
END_TEST

/* A client that is another one each time cannot push the rest out of the log. */
START_TEST(a_flood_of_all_kinds_has_an_end)
{
    for (int i = 0; i < 100000; i++)
        put(i);
    ck_assert_uint_le(n_lines, LEDGER_BURST + 2);
    ck_assert_uint_ge(n_lines, LEDGER_BURST);
    n_lines = 0;
    ledger_fini(&ledger);
    ck_assert_uint_eq(n_lines, 1);
    ck_assert_int_eq(strncmp(last, "signed 99", 9), 0);
    ck_assert_ptr_nonnull(strstr(last, " more of many kinds: login 3 "));
    ck_assert_ptr_nonnull(strstr(last, " client 99999 (git, "));
}
END_TEST

/* Nor can a refusal at the end hide what was signed. */
START_TEST(a_flood_says_how_many_were_signed)
{
    struct ledger_entry one;

    for (int i = 0; i < LEDGER_BURST + 7; i++)
        put(i);
    for (int i = 0; i < 3; i++) {
        one = entry(1000 + i);
        one.is_signed = false;
        ledger_put(&ledger, &one);
    }
    n_lines = 0;
    ledger_fini(&ledger);
    ck_assert_uint_eq(n_lines, 2);
    ck_assert_int_eq(strncmp(first, "refused 3 more of many kinds: ", 30), 0);
    ck_assert_ptr_nonnull(strstr(first, " client 1002 (git, "));
    ck_assert_int_eq(strncmp(last, "signed 7 more of many kinds: ", 29), 0);
    ck_assert_ptr_nonnull(strstr(last, " client 506 (git, "));
}
END_TEST

START_TEST(the_store_fills_again)
{
    for (int i = 0; i < LEDGER_BURST + 10; i++)
        put(i);
    ledger_fini(&ledger);
    n_lines = 0;
    ledger.store_at -= 10 * LEDGER_REFILL;
    for (int i = 0; i < 9; i++)
        put(i);
    ck_assert_uint_eq(n_lines, 9);
}
END_TEST

START_TEST(what_was_counted_is_told_at_the_end)
{
    put(5);
    put(5);
    ledger_fini(&ledger);
    ck_assert_int_eq(strncmp(last, "signed 1 more: ", 15), 0);
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_test(tcase, a_signature_is_a_line);
    tcase_add_test(tcase, a_refusal_says_so);
    tcase_add_test(tcase, a_login_has_label_and_host);
    tcase_add_test(tcase, nobody_forges_what_follows_the_name);
    tcase_add_test(tcase, names_that_are_too_long_are_cut);
    tcase_add_test(tcase, equal_lines_in_a_row_are_counted);
    tcase_add_test(tcase, another_line_ends_the_count);
    tcase_add_test(tcase, an_answer_of_the_other_kind_is_another_line);
    tcase_add_test(tcase, a_flood_of_all_kinds_has_an_end);
    tcase_add_test(tcase, a_flood_says_how_many_were_signed);
    tcase_add_test(tcase, the_store_fills_again);
    tcase_add_test(tcase, what_was_counted_is_told_at_the_end);
}

int main(void)
{
    return run_tests("ledger", add);
}
