/* SPDX-License-Identifier: MIT */
/* The registry: the order of trying, and what a verdict does to it. */
#include "config.h"

#include "relayd/base/log.h"
#include "relayd/upstream/registry.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

static struct registry registry;
static unsigned events[REGISTRY_PAUSED + 1];
static uint64_t dropped;
static struct registry_observer observer;

static void count(struct registry_observer *self, const struct registry_event *event)
{
    events[event->type]++;
    if (event->type == REGISTRY_DROPPED)
        dropped = event->upstream->id;
}

static void begin(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    registry_init(&registry);
    registry_observe(&registry, &observer, count);
}

static void end(void)
{
    registry_fini(&registry);
    ck_assert_uint_eq(registry.n, 0);
}

static struct upstream *add_one(const char *path, bool is_fallback)
{
    struct upstream *u = upstream_new(path);

    u->login.is_fallback = is_fallback;
    registry_add(&registry, u);
    return u;
}

/* The order of trying, as the upstreams' paths in one word. */
static const char *order(void)
{
    static char text[REGISTRY_MAX + 1];
    struct upstream *u;
    unsigned n = 0;

    list_for_each(u, &registry.order, turn)
        text[n++] = u->path[0];
    text[n] = '\0';
    return text;
}

static void silence(struct upstream *u, double now)
{
    registry_set_silent(&registry, u, now, CAUSE_NO_ANSWER, 1);
}

START_TEST(the_newest_comes_first)
{
    ck_assert_str_eq(order(), "");
    add_one("a", false);
    add_one("b", false);
    add_one("c", false);
    ck_assert_str_eq(order(), "cba");
    ck_assert_uint_eq(events[REGISTRY_ADDED], 3);
}
END_TEST

START_TEST(fallbacks_stand_behind_all_others)
{
    add_one("x", true);
    add_one("a", false);
    add_one("y", true);
    add_one("b", false);
    ck_assert_str_eq(order(), "bayx");
}
END_TEST

START_TEST(moving_to_the_front_stays_among_its_kind)
{
    struct upstream *x = add_one("x", true), *a = add_one("a", false);

    add_one("y", true);
    add_one("b", false);
    registry_move_front(&registry, x);
    ck_assert_str_eq(order(), "baxy");
    registry_move_front(&registry, a);
    ck_assert_str_eq(order(), "abxy");
}
END_TEST

START_TEST(the_preferred_one_comes_before_all)
{
    struct upstream *x = add_one("x", true);

    add_one("a", false);
    add_one("b", false);
    registry_prefer(&registry, x->id);
    ck_assert_str_eq(order(), "xba");
    registry_prefer(&registry, 0);
    ck_assert_str_eq(order(), "bax");
    registry_prefer(&registry, x->id);
    registry_drop(&registry, x, "test");
    ck_assert(registry.preferred == 0);
    ck_assert_str_eq(order(), "ba");
}
END_TEST

START_TEST(silent_ones_stand_behind_in_the_same_order)
{
    struct upstream *x = add_one("x", true), *a = add_one("a", false), *b = add_one("b", false);

    add_one("c", false);
    silence(b, 0);
    ck_assert_str_eq(order(), "caxb");
    silence(x, 0);
    ck_assert_str_eq(order(), "cabx");
    registry_prefer(&registry, a->id);
    silence(a, 0);
    ck_assert_str_eq(order(), "cabx");
    registry_forgive(&registry, b);
    ck_assert_str_eq(order(), "cbax");
    registry_set_alive(&registry, a, 1);
    ck_assert_str_eq(order(), "acbx");
    registry_drop(&registry, a, "test");
    ck_assert_str_eq(order(), "cbx");
    registry_move_front(&registry, b);
    ck_assert_str_eq(order(), "bcx");
    registry_replace(&registry, b, add_one("d", false), "test");
    ck_assert_str_eq(order(), "dcx");
}
END_TEST

/* Ids far apart may meet where they are looked up. */
START_TEST(each_is_found_by_its_id)
{
    const uint64_t ids[] = {1, 1 + REGISTRY_MAX, 2, 1 + 2 * REGISTRY_MAX};

    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        struct upstream *u = upstream_new("a");

        u->id = ids[i];
        registry_append(&registry, u);
    }
    registry_drop(&registry, registry_find(&registry, 1 + REGISTRY_MAX), "test");
    ck_assert_uint_eq(registry_find(&registry, 1)->id, 1);
    ck_assert_ptr_null(registry_find(&registry, 1 + REGISTRY_MAX));
    ck_assert_uint_eq(registry_find(&registry, 1 + 2 * REGISTRY_MAX)->id, 1 + 2 * REGISTRY_MAX);
    ck_assert_uint_eq(registry_find(&registry, 2)->id, 2);
    ck_assert_ptr_null(registry_find(&registry, 0));
}
END_TEST

START_TEST(past_the_limit_the_oldest_goes)
{
    struct upstream *u;

    for (int i = 0; i < REGISTRY_MAX; i++)
        add_one("a", false);
    ck_assert_uint_eq(events[REGISTRY_DROPPED], 0);
    u = add_one("b", false);
    ck_assert_uint_eq(registry.n, REGISTRY_MAX);
    ck_assert_uint_eq(events[REGISTRY_DROPPED], 1);
    ck_assert_uint_eq(dropped, 1);
    ck_assert_ptr_null(registry_find(&registry, 1));
    ck_assert_uint_eq(u->id, REGISTRY_MAX + 1);
    ck_assert_ptr_eq(registry_find(&registry, u->id), u);
}
END_TEST

START_TEST(past_the_limit_the_oldest_of_the_silent_goes_first)
{
    struct upstream *older, *newer;

    registry.max = 5;
    add_one("a", false)->login.registered_at = 1;
    older = add_one("b", false);
    older->login.registered_at = 2;
    add_one("c", true)->login.registered_at = 3;
    newer = add_one("d", true);
    newer->login.registered_at = 4;
    add_one("e", false)->login.registered_at = 5;
    silence(newer, 6);
    silence(older, 7);
    add_one("f", false)->login.registered_at = 8;
    ck_assert_str_eq(order(), "feacd");
    add_one("g", false)->login.registered_at = 9;
    ck_assert_str_eq(order(), "gfeac");
    add_one("h", false)->login.registered_at = 10;
    ck_assert_str_eq(order(), "hgfec");
    ck_assert(registry_is_full(&registry));
}
END_TEST

START_TEST(an_id_is_never_used_again)
{
    struct upstream *a = add_one("a", false), *kept;

    ck_assert_uint_eq(a->id, 1);
    registry_drop(&registry, a, "test");
    ck_assert_uint_eq(add_one("b", false)->id, 2);
    kept = upstream_new("c");
    kept->id = 40;
    registry_append(&registry, kept);
    ck_assert_uint_eq(kept->id, 40);
    ck_assert_uint_eq(add_one("d", false)->id, 41);
    ck_assert_str_eq(order(), "dbc");
}
END_TEST

START_TEST(an_upstream_is_found_by_each_of_its_marks)
{
    struct upstream *a = add_one("a", false), *b = add_one("b", false);
    struct pin pin = {.dev = 1, .ino = 2};

    a->pin = pin;
    a->pin.fd = -1;
    ck_assert_ptr_eq(registry_find(&registry, a->id), a);
    ck_assert_ptr_null(registry_find(&registry, 99));
    ck_assert_ptr_eq(registry_find_path(&registry, "b"), b);
    ck_assert_ptr_null(registry_find_path(&registry, "bb"));
    ck_assert_ptr_eq(registry_find_nonce(&registry, upstream_next_nonce(a)), a);
    ck_assert(upstream_next_nonce(a) != upstream_next_nonce(a));
    ck_assert_ptr_null(registry_find_nonce(&registry, 99ULL << 32));
    pin.fd = 77; /* no mark */
    ck_assert_ptr_eq(registry_find_pin(&registry, &pin), a);
    pin.dev = 9;
    ck_assert_ptr_null(registry_find_pin(&registry, &pin));
    pin = (struct pin){.dev = 1, .ino = 9};
    ck_assert_ptr_null(registry_find_pin(&registry, &pin));
}
END_TEST

START_TEST(silence_lasts_longer_each_time_up_to_ten_minutes)
{
    static const double lasts[] = {30, 60, 120, 240, 480, 600, 600};
    struct upstream *u = add_one("a", false);
    double now = 1000;

    for (size_t i = 0; i < ARRAY_SIZE(lasts); i++) {
        silence(u, now);
        silence(u, now + 1); /* is no second one */
        ck_assert(!upstream_is_due(u, now + lasts[i] - 0.001));
        ck_assert(upstream_is_due(u, now + lasts[i]));
        u->load[UPSTREAM_PROMPT].n = 1;
        ck_assert(!upstream_is_due(u, now + lasts[i]));
        u->load[UPSTREAM_PROMPT].n = 0;
        now += 10000;
        registry_forgive(&registry, u);
        ck_assert(!upstream_is_due(u, now));
    }
    registry_set_alive(&registry, u, now);
    silence(u, now);
    ck_assert(upstream_is_due(u, now + 30));
}
END_TEST

START_TEST(time_forgives_only_where_the_link_is_unknown)
{
    struct upstream *u = add_one("a", false);

    silence(u, 0);
    u->tcp.state = LINK_UP;
    ck_assert(!upstream_is_due(u, 1e6));
    u->tcp.state = LINK_DOWN;
    ck_assert(!upstream_is_due(u, 1e6));
    registry_set_silent(&registry, u, 0, CAUSE_LOOP, 0);
    ck_assert(upstream_is_due(u, 1e6));
}
END_TEST

/* A laptop that types while its agent is mute says nothing about the agent. */
START_TEST(a_chatty_link_forgives_by_time_alone)
{
    struct upstream *u = add_one("a", false);

    u->tcp.state = LINK_UP;
    u->tcp.data_at = 94.995; /* within the wait, as far as can be told */
    registry_set_silent(&registry, u, 100, CAUSE_NO_ANSWER, 5);
    ck_assert(u->silence.is_chatty);
    ck_assert(!upstream_is_due(u, 129));
    ck_assert(upstream_is_due(u, 130));
    registry_forgive(&registry, u);
    registry_set_silent(&registry, u, 200, CAUSE_NO_ANSWER, 5);
    ck_assert(!u->silence.is_chatty);
}
END_TEST

START_TEST(an_answer_is_noted)
{
    struct upstream *u = add_one("a", false);

    ck_assert_int_eq(u->state, UPSTREAM_UNTRIED);
    ck_assert(!u->is_heard);
    upstream_note_rtt(u, 0.25, true);
    upstream_prove(u, 5);
    registry_set_alive(&registry, u, 5);
    ck_assert_int_eq(u->state, UPSTREAM_ALIVE);
    ck_assert(u->is_heard);
    ck_assert_double_eq(u->rtt, 0.25);
    ck_assert_double_eq(u->proven_at, 5);
    registry_set_alive(&registry, u, 9); /* no ping: the measure stays */
    ck_assert_double_eq(u->rtt, 0.25);
    ck_assert_double_eq(u->proven_at, 5);
    registry_set_silent(&registry, u, 10, CAUSE_LOOP, 0);
    ck_assert(!u->is_heard);
}
END_TEST

START_TEST(only_what_is_new_is_told)
{
    struct upstream *u = add_one("a", false);

    registry_set_alive(&registry, u, 1);
    ck_assert_uint_eq(events[REGISTRY_JUDGED], 1);
    registry_set_alive(&registry, u, 2);
    ck_assert_uint_eq(events[REGISTRY_JUDGED], 1);
    silence(u, 3);
    silence(u, 4);
    ck_assert_uint_eq(events[REGISTRY_JUDGED], 2);
    ck_assert_double_eq(u->silence.since, 3);
    registry_set_silent(&registry, u, 5, CAUSE_LINK_DOWN, 1);
    ck_assert_uint_eq(events[REGISTRY_JUDGED], 3);
    ck_assert_double_eq(u->silence.since, 3);
}
END_TEST

static char said[1024];

static bool keep(enum log_level level, const char *line, const struct log_field *fields, size_t n)
{
    strncat(said, line, sizeof(said) - strlen(said) - 2);
    strcat(said, "\n");
    return true;
}

/* Whether it was tried again because of its time, its link or a person's word. */
START_TEST(the_end_of_a_silence_is_logged)
{
    struct upstream *u = add_one("a", false);

    log_set_level(LOG_LEVEL_INFO);
    log_set_sink(keep);
    registry_set_alive(&registry, u, 1);
    ck_assert_str_eq(said, "");
    registry_set_silent(&registry, u, 2, CAUSE_CLOSED, 0);
    said[0] = '\0';
    registry_set_alive(&registry, u, 3);
    ck_assert_str_eq(said, "login 1 (a): answers again\n");
    registry_set_silent(&registry, u, 4, CAUSE_CLOSED, 0);
    said[0] = '\0';
    registry_forgive(&registry, u);
    ck_assert_str_eq(said, "");
    registry_set_alive(&registry, u, 5);
    ck_assert_str_eq(said, "login 1 (a): answers again\n");
    registry_set_alive(&registry, u, 6);
    ck_assert_str_eq(said, "login 1 (a): answers again\n");
    log_set_level(LOG_LEVEL_ERROR);
    log_set_sink(log_stderr);
}
END_TEST

START_TEST(a_registry_is_usable_while_one_is_not_silent)
{
    struct upstream *a, *b;

    ck_assert(!registry_is_usable(&registry));
    a = add_one("a", false);
    b = add_one("b", true);
    ck_assert(registry_is_usable(&registry));
    silence(a, 0);
    ck_assert(registry_is_usable(&registry));
    silence(b, 0);
    ck_assert(!registry_is_usable(&registry));
    registry_set_alive(&registry, b, 1);
    registry_pause(&registry, true, 60);
    ck_assert(!registry_is_usable(&registry));
    ck_assert_double_eq(registry.paused_until, 60);
    registry_pause(&registry, false, 60);
    ck_assert(registry_is_usable(&registry));
    ck_assert_double_eq(registry.paused_until, 0);
}
END_TEST

START_TEST(facts_follow_from_the_connection)
{
    struct upstream *u = add_one("a", false);

    ck_assert_int_eq(upstream_set_facts(u, "laptop", "10.0.0.5 50022 10.0.0.9 22", "/dev/pts/3"), 0);
    ck_assert_str_eq(u->login.label, "laptop");
    ck_assert_str_eq(u->login.host, "10.0.0.5");
    ck_assert_str_eq(u->login.tty, "/dev/pts/3");
    ck_assert_uint_eq(u->tcp.tuple.local_port, 22);
    ck_assert_int_eq(upstream_set_facts(u, NULL, NULL, "/dev/pts/4"), 0);
    ck_assert_str_eq(u->login.label, "laptop");
    ck_assert_str_eq(u->login.host, "10.0.0.5");
    ck_assert_uint_eq(u->tcp.tuple.local_port, 22);
    ck_assert_str_eq(u->login.tty, "/dev/pts/4");
    ck_assert_int_eq(upstream_set_facts(u, NULL, "10.0.0.6 50023 10.0.0.9 2222", NULL), 0);
    ck_assert_str_eq(u->login.host, "10.0.0.6");
    ck_assert_uint_eq(u->tcp.tuple.local_port, 2222);
}
END_TEST

START_TEST(a_name_is_the_best_known)
{
    struct upstream *u = add_one("/tmp/s", false);
    char name[64];

    ck_assert_str_eq(upstream_name(u, name, sizeof(name)), "login 1 (/tmp/s)");
    upstream_set_facts(u, NULL, "10.0.0.5 1 10.0.0.9 22", NULL);
    ck_assert_str_eq(upstream_name(u, name, sizeof(name)), "login 1 (10.0.0.5)");
    upstream_set_facts(u, "laptop", "10.0.0.5 1 10.0.0.9 22", NULL);
    ck_assert_str_eq(upstream_name(u, name, sizeof(name)), "login 1 (laptop)");
    ck_assert_str_eq(upstream_name(u, name, 6), "login");
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_test(tcase, the_newest_comes_first);
    tcase_add_test(tcase, fallbacks_stand_behind_all_others);
    tcase_add_test(tcase, moving_to_the_front_stays_among_its_kind);
    tcase_add_test(tcase, the_preferred_one_comes_before_all);
    tcase_add_test(tcase, silent_ones_stand_behind_in_the_same_order);
    tcase_add_test(tcase, each_is_found_by_its_id);
    tcase_add_test(tcase, past_the_limit_the_oldest_goes);
    tcase_add_test(tcase, past_the_limit_the_oldest_of_the_silent_goes_first);
    tcase_add_test(tcase, an_id_is_never_used_again);
    tcase_add_test(tcase, an_upstream_is_found_by_each_of_its_marks);
    tcase_add_test(tcase, silence_lasts_longer_each_time_up_to_ten_minutes);
    tcase_add_test(tcase, time_forgives_only_where_the_link_is_unknown);
    tcase_add_test(tcase, a_chatty_link_forgives_by_time_alone);
    tcase_add_test(tcase, an_answer_is_noted);
    tcase_add_test(tcase, only_what_is_new_is_told);
    tcase_add_test(tcase, the_end_of_a_silence_is_logged);
    tcase_add_test(tcase, a_registry_is_usable_while_one_is_not_silent);
    tcase_add_test(tcase, facts_follow_from_the_connection);
    tcase_add_test(tcase, a_name_is_the_best_known);
}

int main(void)
{
    return run_tests("registry", add);
}
