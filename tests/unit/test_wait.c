/* SPDX-License-Identifier: MIT */
/* What becomes of silent upstreams while sessions come: whose link is asked about, and whom time
 * forgives. The links are of connections that the kernel does not have. */
#include "config.h"

#include "relayd/base/log.h"
#include "relayd/upstream/wait.h"
#include "tests/unit/test.h"

static struct registry registry;

static void begin(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    registry_init(&registry);
}

static void end(void)
{
    registry_fini(&registry);
}

static struct upstream *add_silent(const char *connection, double now)
{
    struct upstream *u = upstream_new("a");

    ck_assert_int_eq(upstream_set_facts(u, NULL, connection, NULL), 0);
    registry_add(&registry, u);
    registry_set_silent(&registry, u, now, CAUSE_NO_ANSWER, 1);
    return u;
}

static struct upstream *add_linked(double now)
{
    return add_silent("192.0.2.1 1 192.0.2.2 2", now);
}

/* The kernel said that its link is up. */
static void link_is_up(struct upstream *u)
{
    u->tcp.state = LINK_UP;
}

static void refresh(double now)
{
    wait_refresh(&registry, now, 1);
}

START_TEST(each_has_its_turn_and_none_comes_soon_after_another)
{
    struct upstream *all[3];

    for (int i = 0; i < 3; i++)
        all[i] = add_linked(1);
    add_silent(NULL, 1);
    for (int i = 0; i < 6; i++) {
        double now = 2 + i * PATIENCE_TICK;

        refresh(now);
        refresh(now + PATIENCE_TICK / 2);
        ck_assert_double_eq(all[i % 3]->tcp.asked_at, now);
        for (int other = 0; other < 3; other++)
            ck_assert_double_le(all[other]->tcp.asked_at, now);
    }
}
END_TEST

START_TEST(who_is_silent_no_more_has_no_turn)
{
    struct upstream *a = add_linked(1), *b = add_linked(1);

    registry_set_alive(&registry, a, 2);
    refresh(3);
    ck_assert_double_eq(a->tcp.asked_at, 0);
    ck_assert_double_eq(b->tcp.asked_at, 3);
    registry_drop(&registry, b, "test");
    refresh(4);
    registry_set_silent(&registry, a, 5, CAUSE_CLOSED, 1);
    refresh(6);
    ck_assert_double_eq(a->tcp.asked_at, 6);
}
END_TEST

START_TEST(time_forgives_each_when_it_is_due)
{
    struct upstream *a = add_silent(NULL, 1), *b = add_silent(NULL, 3);

    refresh(0.9 + UPSTREAM_SILENCE_MIN);
    ck_assert_int_eq(a->state, UPSTREAM_SILENT);
    refresh(1 + UPSTREAM_SILENCE_MIN);
    ck_assert_int_eq(a->state, UPSTREAM_UNTRIED);
    ck_assert_int_eq(b->state, UPSTREAM_SILENT);
    refresh(3 + UPSTREAM_SILENCE_MIN);
    ck_assert_int_eq(b->state, UPSTREAM_UNTRIED);
}
END_TEST

START_TEST(one_that_was_saved_silent_is_forgiven_too)
{
    struct upstream *u = upstream_new("a");

    u->state = UPSTREAM_SILENT;
    u->silence.forgive_at = 5;
    registry_append(&registry, u);
    refresh(4);
    ck_assert_int_eq(u->state, UPSTREAM_SILENT);
    refresh(5);
    ck_assert_int_eq(u->state, UPSTREAM_UNTRIED);
}
END_TEST

START_TEST(a_link_that_is_known_no_longer_leaves_it_to_time)
{
    struct upstream *a = add_linked(1), *b = add_linked(1);

    link_is_up(a);
    link_is_up(b);
    wait_forgive_due(&registry, 100);
    ck_assert_int_eq(a->state, UPSTREAM_SILENT);
    refresh(101);
    refresh(102);
    ck_assert_int_eq(a->state, UPSTREAM_UNTRIED);
    ck_assert_int_eq(b->state, UPSTREAM_UNTRIED);
}
END_TEST

/* What the kernel said was of the connection before. */
START_TEST(one_that_has_lost_its_connection_is_left_to_time)
{
    struct upstream *u = add_linked(1);

    link_is_up(u);
    registry_forgive(&registry, u);
    ck_assert_int_eq(upstream_set_facts(u, NULL, "UNKNOWN 65535 UNKNOWN 65535", NULL), 0);
    registry_set_silent(&registry, u, 2, CAUSE_CLOSED, 0);
    refresh(u->silence.forgive_at);
    ck_assert_int_eq(u->state, UPSTREAM_UNTRIED);
}
END_TEST

START_TEST(the_end_of_a_prompt_leaves_it_to_time)
{
    struct upstream *u = add_silent(NULL, 1);

    upstream_begin(u, UPSTREAM_PROMPT, 1);
    refresh(100);
    ck_assert_int_eq(u->state, UPSTREAM_SILENT);
    upstream_end(u, UPSTREAM_PROMPT, 101);
    refresh(102);
    ck_assert_int_eq(u->state, UPSTREAM_UNTRIED);
}
END_TEST

START_TEST(a_silence_of_another_kind_leaves_it_to_time)
{
    struct upstream *u = add_silent(NULL, 1);

    link_is_up(u);
    refresh(100);
    ck_assert_int_eq(u->state, UPSTREAM_SILENT);
    registry_set_silent(&registry, u, 101, CAUSE_LOOP, 1);
    refresh(102);
    ck_assert_int_eq(u->state, UPSTREAM_UNTRIED);
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_test(tcase, each_has_its_turn_and_none_comes_soon_after_another);
    tcase_add_test(tcase, who_is_silent_no_more_has_no_turn);
    tcase_add_test(tcase, time_forgives_each_when_it_is_due);
    tcase_add_test(tcase, one_that_was_saved_silent_is_forgiven_too);
    tcase_add_test(tcase, a_link_that_is_known_no_longer_leaves_it_to_time);
    tcase_add_test(tcase, the_end_of_a_prompt_leaves_it_to_time);
    tcase_add_test(tcase, one_that_has_lost_its_connection_is_left_to_time);
    tcase_add_test(tcase, a_silence_of_another_kind_leaves_it_to_time);
}

int main(void)
{
    return run_tests("wait", add);
}
