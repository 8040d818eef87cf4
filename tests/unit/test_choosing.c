/* SPDX-License-Identifier: MIT */
/* Choosing: who is asked a first question, in which order, and how often. What counts
 * most is that an unsafe question never reaches two. */
#include "config.h"

#include "relayd/base/util.h"
#include "tests/unit/scratch.h"
#include "tests/unit/stage.h"
#include "tests/unit/test.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const enum fake_behaviour failing[] = {
    FAKE_CLOSES, FAKE_CLOSES_HALFWAY, FAKE_IS_OVERSIZE, FAKE_IS_EMPTY, FAKE_TALKS_NONSENSE,
    FAKE_SAYS_NOTHING, FAKE_STOPS_HALFWAY,
};

START_TEST(a_safe_question_goes_on_to_the_next)
{
    add_both();
    fake_behave(&a, failing[_i]);
    begin_client();
    ASK(list);
    HEAR(list_by_b);
    ck_assert_uint_eq(a.asked[AGENT_KIND_LIST], 1);
    ck_assert_uint_eq(b.asked[AGENT_KIND_LIST], 1);
    ck_assert_uint_eq(a.open, 0); /* closed, whatever it still does */
    ck_assert_uint_eq(b.open, 1);
    ck_assert_int_eq(registry_find_path(&registry, a.path)->state, UPSTREAM_SILENT);
    ck_assert_int_eq(registry_find_path(&registry, b.path)->state, UPSTREAM_ALIVE);
}
END_TEST

/* After the choice there is nobody else: what may still come is waited for, and a
 * frame of whatever type is passed on. */
static bool is_staying(enum fake_behaviour behaviour)
{
    return behaviour == FAKE_SAYS_NOTHING || behaviour == FAKE_STOPS_HALFWAY ||
           behaviour == FAKE_TALKS_NONSENSE;
}

START_TEST(an_unsafe_question_never_reaches_a_second)
{
    add_both();
    a.on[AGENT_KIND_SIGN] = failing[_i];
    begin_client();
    ASK(sign);
    outlast_patience();
    ck_assert_uint_eq(sessions.n, is_staying(failing[_i]));
    ck_assert_uint_eq(a.asked[AGENT_KIND_PING], 1);
    ck_assert_uint_eq(a.asked[AGENT_KIND_SIGN], 1);
    ck_assert_uint_eq(b.asked[AGENT_KIND_SIGN], 0);
    check_quiet(&b);
}
END_TEST

START_TEST(an_unsafe_question_goes_where_the_ping_was_answered)
{
    add_both();
    a.on[AGENT_KIND_PING] = a.on[AGENT_KIND_LIST] = failing[_i];
    begin_client();
    ASK(sign);
    HEAR(sign_by_b);
    ck_assert_uint_eq(a.asked[AGENT_KIND_SIGN], 0);
    ck_assert_uint_eq(b.asked[AGENT_KIND_PING], 1);
    ck_assert_uint_eq(b.asked[AGENT_KIND_SIGN], 1);
    ck_assert_uint_eq(a.open, 0);
}
END_TEST

START_TEST(an_unsafe_question_after_a_safe_one_stays_with_its_upstream)
{
    add_both();
    a.on[AGENT_KIND_SIGN] = FAKE_CLOSES;
    begin_client();
    ASK(list);
    HEAR(list_by_a);
    ASK(sign);
    check_end();
    ck_assert_uint_eq(a.asked[AGENT_KIND_SIGN], 1);
    check_quiet(&b);
}
END_TEST

START_TEST(two_questions_at_once_are_asked_in_order_of_one)
{
    uint8_t both[sizeof(list) + sizeof(sign)];
    uint8_t wanted[sizeof(list_by_b) + sizeof(sign_by_b)], got[64];
    size_t have = 0;

    memcpy(both, list, sizeof(list));
    memcpy(both + sizeof(list), sign, sizeof(sign));
    memcpy(wanted, list_by_b, sizeof(list_by_b));
    memcpy(wanted + sizeof(list_by_b), sign_by_b, sizeof(sign_by_b));
    add_both();
    fake_behave(&a, FAKE_CLOSES);
    begin_client();
    ASK(both);
    while (have < sizeof(wanted)) {
        turn_until(loop, has_answer, NULL);
        have += (size_t)recv(the_client, got + have, sizeof(got) - have, 0);
    }
    ck_assert_mem_eq(got, wanted, sizeof(wanted));
    ck_assert_uint_eq(a.asked[AGENT_KIND_SIGN], 0);
    ck_assert_uint_eq(b.asked[AGENT_KIND_SIGN], 1);
}
END_TEST

START_TEST(a_silent_one_is_asked_last_from_then_on)
{
    add_both();
    fake_behave(&a, FAKE_SAYS_NOTHING);
    begin_client();
    ASK(list);
    HEAR(list_by_b);
    close(the_client);
    begin_client();
    ASK(list);
    HEAR(list_by_b);
    ck_assert_uint_eq(a.n_asked, 1);
    ck_assert_uint_eq(b.n_asked, 2);
}
END_TEST

START_TEST(the_preferred_one_is_asked_first)
{
    add_both();
    registry_prefer(&registry, registry_find_path(&registry, b.path)->id);
    begin_client();
    ASK(list);
    HEAR(list_by_b);
    check_quiet(&a);
}
END_TEST

START_TEST(where_a_person_may_be_at_a_prompt_nobody_else_is_asked)
{
    struct upstream *u;

    add_both();
    u = registry_find_path(&registry, a.path);
    upstream_begin(u, UPSTREAM_PROMPT, monotonic_seconds());
    fake_behave(&a, FAKE_SAYS_NOTHING);
    begin_client();
    ASK(list);
    outlast_patience();
    ck_assert_uint_eq(a.n_asked, 1);
    check_quiet(&b);
    ck_assert_uint_eq(sessions.n, 1);
    upstream_end(u, UPSTREAM_PROMPT, monotonic_seconds());
}
END_TEST

START_TEST(one_never_heard_from_is_pinged_first)
{
    struct upstream *u;

    add_both();
    u = registry_find_path(&registry, a.path);
    u->is_heard = false;
    begin_client();
    ASK(list);
    HEAR(list_by_a);
    ck_assert_uint_eq(a.connections, 1);
    ck_assert_uint_eq(a.asked[AGENT_KIND_PING], 1);
    ck_assert_uint_eq(a.asked[AGENT_KIND_LIST], 1);
    ck_assert(u->is_heard);
    check_quiet(&b);
}
END_TEST

START_TEST(one_without_pings_is_asked_for_a_listing_before_an_unsafe_question)
{
    add_both();
    a.on[AGENT_KIND_PING] = FAKE_CLOSES;
    begin_client();
    ASK(sign);
    HEAR(sign_by_a);
    ck_assert_uint_eq(a.asked[AGENT_KIND_PING], 1);
    ck_assert_uint_eq(a.asked[AGENT_KIND_LIST], 1);
    ck_assert_uint_eq(a.asked[AGENT_KIND_SIGN], 1);
    ck_assert(registry_find_path(&registry, a.path)->has_no_ping);
    check_quiet(&b);
}
END_TEST

START_TEST(the_late_answer_of_the_first_is_good_while_the_next_says_nothing)
{
    add_both();
    fake_behave(&b, FAKE_SAYS_NOTHING);
    fake_behave(&a, FAKE_SAYS_NOTHING);
    begin_client();
    ASK(list);
    outlast_patience();
    ck_assert_uint_eq(b.n_asked, 1);
    ck_assert_uint_eq(a.open, 1); /* still waited for */
    fake_say(&a, list_by_a, sizeof(list_by_a));
    HEAR(list_by_a);
    ck_assert_uint_eq(a.n_asked, 1);
    ck_assert_uint_eq(b.open, 0);
}
END_TEST

static const uint8_t no_keys[] = {0, 0, 0, 5, 12, 0, 0, 0, 0};

/* a says so much to a listing, which b would answer. */
static void let_a_say(const uint8_t *answer, size_t size)
{
    a.on[AGENT_KIND_LIST] = FAKE_SAYS_NOTHING;
    begin_client();
    ASK(list);
    turn_while_busy(loop);
    ck_assert_uint_eq(a.asked[AGENT_KIND_LIST], 1);
    fake_say(&a, answer, size);
}

START_TEST(an_empty_list_does_not_hide_one_with_keys)
{
    add_both();
    let_a_say(_i == 0 ? no_keys : failure, _i == 0 ? sizeof(no_keys) : sizeof(failure));
    HEAR(list_by_b);
    ck_assert_uint_eq(a.open, 0);
    ck_assert_int_eq(registry_find_path(&registry, a.path)->state, UPSTREAM_ALIVE);
    ck_assert_int_eq(registry_find_path(&registry, a.path)->keys, _i == 0 ? 0 : -1);
    ck_assert_int_eq(registry_find_path(&registry, b.path)->keys, 1);
}
END_TEST

START_TEST(an_empty_list_is_good_where_no_other_answers_in_time)
{
    add_both();
    b.on[AGENT_KIND_LIST] = FAKE_SAYS_NOTHING;
    let_a_say(no_keys, sizeof(no_keys));
    turn_while_busy(loop);
    ck_assert(!has_answer(NULL));
    HEAR(no_keys);
    ck_assert_uint_eq(b.open, 0);
    ck_assert_uint_eq(a.open, 1);
}
END_TEST

/* How the other one is, that is not asked. */
static void make_unfit(struct upstream *u, int how)
{
    switch (how) {
    case 0:
        registry_set_silent(&registry, u, monotonic_seconds(), CAUSE_NO_ANSWER, 1);
        break;
    case 1:
        u->state = UPSTREAM_UNTRIED;
        break;
    default:
        upstream_begin(u, UPSTREAM_PROMPT, monotonic_seconds());
    }
}

START_TEST(only_who_is_alive_and_at_no_prompt_is_asked_for_keys)
{
    struct upstream *u;

    add_both();
    u = registry_find_path(&registry, b.path);
    make_unfit(u, _i);
    let_a_say(no_keys, sizeof(no_keys));
    HEAR(no_keys);
    check_quiet(&b);
    if (upstream_uses(u, UPSTREAM_PROMPT) > 0)
        upstream_end(u, UPSTREAM_PROMPT, monotonic_seconds());
}
END_TEST

START_TEST(a_bind_does_not_choose)
{
    static const uint8_t bind[] = {
        0, 0, 0, 42, 27, 0, 0, 0, 24, 's', 'e', 's', 's', 'i', 'o', 'n', '-', 'b', 'i', 'n', 'd', '@',
        'o', 'p', 'e', 'n', 's', 's', 'h', '.', 'c', 'o', 'm', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};

    add_both();
    begin_client();
    ASK(bind);
    HEAR(failure);
    check_quiet(&a);
    a.on[AGENT_KIND_LIST] = FAKE_SAYS_NOTHING;
    ASK(list);
    turn_while_busy(loop);
    fake_say(&a, no_keys, sizeof(no_keys));
    HEAR(list_by_b);
    ck_assert_uint_eq(a.asked[AGENT_KIND_BIND], 1);
    ck_assert_uint_eq(b.asked[AGENT_KIND_BIND], 1);
}
END_TEST

static struct upstream *silence(struct fake *fake)
{
    struct upstream *u = registry_find_path(&registry, fake->path);

    registry_set_silent(&registry, u, monotonic_seconds(), CAUSE_NO_ANSWER, 30);
    return u;
}

START_TEST(all_who_are_silent_are_pinged_together_and_not_for_long)
{
    add_both();
    silence(&a);
    silence(&b);
    a.on[AGENT_KIND_PING] = b.on[AGENT_KIND_PING] = FAKE_SAYS_NOTHING;
    begin_client();
    ASK(list);
    turn_while_busy(loop);
    ck_assert_uint_eq(a.asked[AGENT_KIND_PING], 1);
    ck_assert_uint_eq(b.asked[AGENT_KIND_PING], 1);
    ck_assert_uint_eq(a.n_asked + b.n_asked, 2);
    HEAR(failure); /* turn_until() has a bound of some seconds */
    ck_assert_uint_eq(sessions.refused, 1);
}
END_TEST

START_TEST(a_silent_one_that_answers_its_ping_has_its_full_wait)
{
    struct upstream *u;

    add_both();
    registry_drop(&registry, registry_find_path(&registry, b.path), "test");
    u = silence(&a);
    a.on[AGENT_KIND_LIST] = FAKE_SAYS_NOTHING;
    begin_client();
    ASK(list);
    turn_for(1);
    ck_assert_uint_eq(sessions.n, 1);
    ck_assert_int_eq(u->state, UPSTREAM_ALIVE);
    fake_say(&a, list_by_a, sizeof(list_by_a));
    HEAR(list_by_a);
}
END_TEST

START_TEST(at_half_time_nobody_else_is_asked_where_a_person_may_be_at_a_prompt)
{
    int first;

    add_both();
    a.on[AGENT_KIND_SIGN] = a.on[AGENT_KIND_LIST] = FAKE_SAYS_NOTHING;
    begin_client();
    ASK(sign);
    turn_while_busy(loop);
    first = the_client;
    begin_client();
    ASK(list);
    turn_while_busy(loop);
    list_entry(sessions.list.prev, struct session, link)->choosing_since -= PATIENCE_UNKNOWN / 2;
    outlast_patience();
    check_quiet(&b);
    close(first);
    HEAR(list_by_b);
}
END_TEST

static struct session *newest_session(void)
{
    return list_entry(sessions.list.prev, struct session, link);
}

/* Three that say nothing are tried before b. */
static struct fake mute[3];

static void add_mute_ones(bool is_pinged)
{
    static const char *const names[] = {"mute.0", "mute.1", "mute.2"};

    add_fake(&b);
    for (unsigned i = 0; i < 3; i++) {
        fake_init(&mute[i], loop, scratch_path(names[i]), (uint8_t)('0' + i));
        add_fake(&mute[i]);
        fake_behave(&mute[i], FAKE_SAYS_NOTHING);
        if (!is_pinged)
            mute[i].on[AGENT_KIND_PING] = FAKE_SAYS_NOTHING;
    }
}

static void end_mute_ones(void)
{
    for (unsigned i = 0; i < 3; i++)
        fake_fini(&mute[i]);
}

/* A client lists; who of the mute ones are asked at once, and who are silent when b has answered. */
static void check_round(const char *asked, const char *silent)
{
    char found[4] = "";

    for (unsigned i = 0; i < 3; i++)
        mute[i].n_asked = 0;
    begin_client();
    ASK(list);
    turn_while_busy(loop);
    for (unsigned i = 0; i < 3; i++)
        found[i] = mute[i].n_asked > 0 ? '+' : '-';
    ck_assert_str_eq(found, asked);
    HEAR(list_by_b);
    for (unsigned i = 0; i < 3; i++)
        found[i] = registry_find_path(&registry, mute[i].path)->state == UPSTREAM_SILENT ? '+' : '-';
    ck_assert_str_eq(found, silent);
    close(the_client);
    turn_while_busy(loop);
}

/* By the first look half of the time is over, and so is patience with the first. It is so long that
 * it does not run out before b has answered. */
static void begin_late(void)
{
    struct session *s;
    struct attempt *first;

    options.patience = 1;
    begin_client();
    ASK(list);
    turn_while_busy(loop);
    s = newest_session();
    first = list_entry(s->attempts.next, struct attempt, mine);
    s->choosing_since -= PATIENCE_UNKNOWN / 2;
    first->waiting_since -= 2 * options.patience;
    HEAR(list_by_b);
    close(the_client);
    turn_while_busy(loop);
}

START_TEST(who_was_asked_at_half_time_costs_one_wait_more)
{
    add_mute_ones(_i == 0);
    begin_late();
    ck_assert_uint_eq(mute[0].n_asked, 1);
    check_round("++-", "+++");
    check_round("---", "+++");
    end_mute_ones();
}
END_TEST

START_TEST(all_that_time_forgives_cost_one_wait)
{
    struct upstream *u;

    add_mute_ones(_i == 0);
    begin_late();
    check_round("++-", "+++");
    list_for_each(u, &registry.upstreams, link)
        u->silence.forgive_at = registry.due_at = 0;
    check_round("+++", "+++");
    check_round("---", "+++");
    end_mute_ones();
}
END_TEST

/* Its answer came late for one client. That does not make it silent. */
START_TEST(one_that_is_doubted_has_its_place_and_its_patience)
{
    struct upstream *u;

    add_mute_ones(true);
    begin_late();
    u = registry_find_path(&registry, mute[1].path);
    ck_assert_int_eq(u->state, UPSTREAM_ALIVE);
    ck_assert(u->is_doubted);
    fake_behave(&mute[1], FAKE_ANSWERS);
    begin_client();
    ASK(list);
    turn_until(loop, has_answer, NULL);
    ck_assert_uint_eq(mute[1].asked[AGENT_KIND_PING], 1);
    ck_assert_uint_eq(mute[0].asked[AGENT_KIND_PING], 1);
    ck_assert(!u->is_doubted);
    ck_assert_uint_eq(newest_session()->upstream_id, u->id);
    end_mute_ones();
}
END_TEST

START_TEST(none_is_asked_in_company_of_a_person_at_a_prompt)
{
    struct upstream *u;

    add_mute_ones(true);
    begin_late();
    u = registry_find_path(&registry, mute[1].path);
    upstream_begin(u, UPSTREAM_PROMPT, monotonic_seconds());
    mute[0].n_asked = mute[1].n_asked = 0;
    begin_client();
    ASK(list);
    outlast_patience();
    ck_assert_uint_gt(mute[1].n_asked, 0);
    ck_assert_uint_eq(mute[0].n_asked, 0);
    upstream_end(u, UPSTREAM_PROMPT, monotonic_seconds());
    end_mute_ones();
}
END_TEST

/* How many answers a client can leave unread until the next one waits here. */
static unsigned count_what_fits(void)
{
    unsigned n = 0;

    begin_client();
    for (; flow_size(&newest_session()->relay.down) == 0; n++) {
        ASK(remove_all);
        turn_while_busy(loop);
    }
    close(the_client);
    turn_while_busy(loop);
    return n - 1;
}

START_TEST(an_upstream_s_answer_comes_behind_our_own)
{
    uint8_t both[sizeof(remove_all) + sizeof(list)], got[sizeof(failure) + sizeof(list_by_a)];
    unsigned fits;

    options.is_read_only = true;
    add_both();
    fits = count_what_fits();
    begin_client();
    for (unsigned i = 0; i < fits; i++) {
        ASK(remove_all);
        turn_while_busy(loop);
    }
    memcpy(both, remove_all, sizeof(remove_all));
    memcpy(both + sizeof(remove_all), list, sizeof(list));
    ASK(both);
    turn_while_busy(loop);
    ck_assert_int_eq(newest_session()->state, SESSION_RELAYING);
    ck_assert_uint_eq(flow_size(&newest_session()->relay.down), sizeof(got));
    for (unsigned i = 0; i < fits; i++)
        ck_assert_int_eq(recv(the_client, got, sizeof(failure), 0), sizeof(failure));
    turn_while_busy(loop);
    ck_assert_int_eq(recv(the_client, got, sizeof(got), 0), sizeof(got));
    ck_assert_mem_eq(got, failure, sizeof(failure));
    ck_assert_mem_eq(got + sizeof(failure), list_by_a, sizeof(list_by_a));
}
END_TEST

/* A look for logins that takes as long as the test wants it to. */
static void begin_look(void)
{
    struct run *run = &sessions.discover.run;

    sessions.discover.dir = scratch_path("no-relay");
    run->child.pid = fork();
    while (run->child.pid == 0)
        pause();
    ck_assert_int_ge(run->child.pid, 0);
    run->is_running = true;
}

static void end_look(void)
{
    struct run *run = &sessions.discover.run;

    ck_assert_int_eq(kill(run->child.pid, SIGKILL), 0);
    ck_assert_int_eq(waitpid(run->child.pid, NULL, 0), run->child.pid);
    run->is_running = false;
    sessions.discover.on_end(sessions.discover.arg);
}

static bool is_looking(const void *arg)
{
    return newest_session()->is_discovering;
}

/* a is mute, logins are looked for, and meanwhile the time for a choice runs out. */
static void look_for_too_long(void)
{
    begin_look();
    add_fake(&a);
    fake_behave(&a, FAKE_SAYS_NOTHING);
    begin_client();
    ASK(list);
    turn_until(loop, is_looking, NULL);
    newest_session()->choosing_since -= PATIENCE_UP;
}

START_TEST(who_is_found_when_time_is_over_is_asked)
{
    look_for_too_long();
    add_fake(&b);
    HEAR(list_by_b);
    end_look();
}
END_TEST

START_TEST(a_look_that_found_nobody_who_answers_holds_nobody_up)
{
    look_for_too_long();
    fake_behave(&b, FAKE_SAYS_NOTHING);
    add_fake(&b);
    outlast_patience();
    ck_assert(!has_answer(NULL));
    end_look();
    newest_session()->choosing_since -= PATIENCE_UP;
    HEAR(failure);
    check_end();
}
END_TEST

static void add(TCase *tcase)
{
    stage_add(tcase);
    tcase_add_test(tcase, at_half_time_nobody_else_is_asked_where_a_person_may_be_at_a_prompt);
    tcase_add_loop_test(tcase, who_was_asked_at_half_time_costs_one_wait_more, 0, 2);
    tcase_add_loop_test(tcase, all_that_time_forgives_cost_one_wait, 0, 2);
    tcase_add_test(tcase, one_that_is_doubted_has_its_place_and_its_patience);
    tcase_add_test(tcase, none_is_asked_in_company_of_a_person_at_a_prompt);
    tcase_add_test(tcase, an_upstream_s_answer_comes_behind_our_own);
    tcase_add_test(tcase, who_is_found_when_time_is_over_is_asked);
    tcase_add_test(tcase, a_look_that_found_nobody_who_answers_holds_nobody_up);
    tcase_add_loop_test(tcase, an_empty_list_does_not_hide_one_with_keys, 0, 2);
    tcase_add_test(tcase, an_empty_list_is_good_where_no_other_answers_in_time);
    tcase_add_loop_test(tcase, only_who_is_alive_and_at_no_prompt_is_asked_for_keys, 0, 3);
    tcase_add_test(tcase, a_bind_does_not_choose);
    tcase_add_test(tcase, all_who_are_silent_are_pinged_together_and_not_for_long);
    tcase_add_test(tcase, a_silent_one_that_answers_its_ping_has_its_full_wait);
    tcase_add_loop_test(tcase, a_safe_question_goes_on_to_the_next, 0, 7);
    tcase_add_loop_test(tcase, an_unsafe_question_never_reaches_a_second, 0, 7);
    tcase_add_loop_test(tcase, an_unsafe_question_goes_where_the_ping_was_answered, 0, 7);
    tcase_add_test(tcase, an_unsafe_question_after_a_safe_one_stays_with_its_upstream);
    tcase_add_test(tcase, two_questions_at_once_are_asked_in_order_of_one);
    tcase_add_test(tcase, a_silent_one_is_asked_last_from_then_on);
    tcase_add_test(tcase, the_preferred_one_is_asked_first);
    tcase_add_test(tcase, where_a_person_may_be_at_a_prompt_nobody_else_is_asked);
    tcase_add_test(tcase, one_never_heard_from_is_pinged_first);
    tcase_add_test(tcase, one_without_pings_is_asked_for_a_listing_before_an_unsafe_question);
    tcase_add_test(tcase, the_late_answer_of_the_first_is_good_while_the_next_says_nothing);
}

int main(void)
{
    return run_tests("choosing", add);
}
