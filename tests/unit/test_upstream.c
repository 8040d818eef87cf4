/* SPDX-License-Identifier: MIT */
/* What people are told of an upstream: no more than is known. */
#include "config.h"

#include "relayd/upstream/upstream.h"
#include "tests/unit/test.h"

#include <string.h>

/* 2001-09-09 01:46:40 UTC. */
#define THEN 1000000000.0

static struct upstream *u;

static void begin(void)
{
    setenv("TZ", "UTC", 1);
    u = upstream_new("/tmp/s");
}

static void end(void)
{
    memset(u->load, 0, sizeof(u->load));
    upstream_free(u);
}

static void check_text(double now, const char *wanted)
{
    char text[200];

    ck_assert_ptr_eq(upstream_explain(u, now, text, sizeof(text)), text);
    ck_assert_str_eq(text, wanted);
}

START_TEST(untried_is_explained)
{
    check_text(THEN, "not heard from yet");
    u->silence.cause = CAUSE_CLOSED;
    check_text(THEN, "was silent, will be tried again");
}
END_TEST

START_TEST(alive_is_explained_by_its_round_trip)
{
    u->state = UPSTREAM_ALIVE;
    check_text(THEN, "alive");
    u->rtt = 0.0234;
    check_text(THEN, "alive, 23 ms");
    u->rtt = 0.0004;
    check_text(THEN, "alive, 0.4 ms");
    u->has_no_ping = true;
    check_text(THEN, "alive, 0.4 ms, no ping");
}
END_TEST

/* It was alive, but nothing is known since. */
START_TEST(a_question_that_waits_is_told_of)
{
    u->state = UPSTREAM_ALIVE;
    u->load[UPSTREAM_QUESTION].n = 1;
    u->load[UPSTREAM_QUESTION].since = THEN - 0.5;
    check_text(THEN, "alive");
    u->load[UPSTREAM_QUESTION].since = THEN - 12;
    check_text(THEN, "asked 12 s ago, no answer yet");
    u->tcp.state = LINK_UP;
    check_text(THEN, "asked 12 s ago, no answer yet, connection up");
    u->tcp.state = LINK_DOWN;
    check_text(THEN, "asked 12 s ago, no answer yet, its connection acknowledges nothing");
}
END_TEST

START_TEST(a_long_prompt_is_explained_by_its_link)
{
    u->state = UPSTREAM_ALIVE;
    u->load[UPSTREAM_PROMPT].n = 1;
    u->load[UPSTREAM_PROMPT].since = THEN - 0.5;
    check_text(THEN, "alive");
    u->load[UPSTREAM_PROMPT].since = THEN - 17;
    check_text(THEN, "no answer for 17 s: a prompt on the laptop?");
    u->tcp.state = LINK_UP;
    check_text(THEN, "no answer for 17 s, connection up: a prompt on the laptop?");
    u->tcp.state = LINK_DOWN;
    check_text(THEN, "no answer for 17 s, and its connection acknowledges nothing");
}
END_TEST

START_TEST(silence_is_explained_by_its_cause)
{
    static const struct { enum upstream_cause cause; const char *text; } rows[] = {
        {CAUSE_NONE, "silent since 01:46"},
        {CAUSE_NO_ANSWER, "silent since 01:46: no answer for 4 s"},
        {CAUSE_LINK_DOWN, "silent since 01:46: nothing was acknowledged"},
        {CAUSE_CLOSED, "silent since 01:46: forwards no working agent at the moment"},
        {CAUSE_NONSENSE, "silent since 01:46: its answer was not the agent protocol"},
        {CAUSE_LOOP, "leads back to this relayd"},
    };

    u->state = UPSTREAM_SILENT;
    u->silence.since = u->silence.at = THEN;
    u->silence.waited = 4;
    u->silence.cause = rows[_i].cause;
    check_text(THEN + 60, rows[_i].text);
}
END_TEST

START_TEST(silence_says_what_its_link_says)
{
    u->state = UPSTREAM_SILENT;
    u->silence.since = u->silence.at = THEN;
    u->silence.waited = 0.2;
    u->silence.cause = CAUSE_NO_ANSWER;
    u->tcp.state = LINK_UP;
    check_text(THEN, "silent since 01:46: no answer for 0.2 s, connection up");
    u->silence.cause = CAUSE_LINK_DOWN;
    check_text(THEN, "silent since 01:46: nothing was acknowledged");
    u->tcp.state = LINK_DOWN;
    u->tcp.quiet_since = THEN - 3;
    check_text(THEN + 60, "silent since 01:46: nothing acknowledged for 63 s");
}
END_TEST

START_TEST(a_silence_over_a_day_has_its_date)
{
    u->state = UPSTREAM_SILENT;
    u->silence.since = u->silence.at = THEN;
    u->silence.cause = CAUSE_CLOSED;
    check_text(THEN + 86399, "silent since 01:46: forwards no working agent at the moment");
    check_text(THEN + 86400,
               "silent since 2001-09-09 01:46: forwards no working agent at the moment");
}
END_TEST

START_TEST(a_text_stays_in_its_room)
{
    char text[16];

    memset(text, 'x', sizeof(text));
    u->state = UPSTREAM_SILENT;
    u->silence.cause = CAUSE_CLOSED;
    upstream_explain(u, THEN, text, 10);
    ck_assert_str_eq(text, "silent si");
    ck_assert_int_eq(text[10], 'x');
}
END_TEST

START_TEST(a_round_trip_falls_at_once_and_rises_slowly)
{
    upstream_note_rtt(u, 5, true); /* a busy agent */
    ck_assert_double_eq(u->rtt, 5);
    upstream_note_rtt(u, 0.02, false);
    ck_assert_double_eq(u->rtt, 0.02);
    upstream_note_rtt(u, 40, false); /* a person unlocked it */
    ck_assert_double_eq(u->rtt, 0.02);
    upstream_note_rtt(u, 0.1, true);
    ck_assert(u->rtt > 0.02 && u->rtt < 0.04);
    for (int i = 0; i < 30; i++)
        upstream_note_rtt(u, 0.1, true); /* a longer path */
    ck_assert(u->rtt > 0.09 && u->rtt <= 0.1);
}
END_TEST

START_TEST(an_empty_fact_leaves_what_is_known)
{
    ck_assert_int_eq(upstream_set_facts(u, "laptop", "192.0.2.1 1 192.0.2.2 2", "/dev/pts/1"), 0);
    u->tcp.state = LINK_UP;
    ck_assert_int_eq(upstream_set_facts(u, "", "", ""), 0);
    ck_assert_str_eq(u->login.label, "laptop");
    ck_assert_str_eq(u->login.connection, "192.0.2.1 1 192.0.2.2 2");
    ck_assert_int_eq(u->tcp.tuple.family, AF_INET);
    ck_assert_int_eq(u->tcp.state, LINK_UP);
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_test(tcase, untried_is_explained);
    tcase_add_test(tcase, alive_is_explained_by_its_round_trip);
    tcase_add_test(tcase, a_question_that_waits_is_told_of);
    tcase_add_test(tcase, a_long_prompt_is_explained_by_its_link);
    tcase_add_loop_test(tcase, silence_is_explained_by_its_cause, 0, 6);
    tcase_add_test(tcase, silence_says_what_its_link_says);
    tcase_add_test(tcase, a_silence_over_a_day_has_its_date);
    tcase_add_test(tcase, a_text_stays_in_its_room);
    tcase_add_test(tcase, a_round_trip_falls_at_once_and_rises_slowly);
    tcase_add_test(tcase, an_empty_fact_leaves_what_is_known);
}

int main(void)
{
    return run_tests("upstream", add);
}
