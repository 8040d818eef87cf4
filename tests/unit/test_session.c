/* SPDX-License-Identifier: MIT */
/* Sessions: what a client meets, whatever upstreams there are. */
#include "config.h"

#include "relayd/base/log.h"
#include "relayd/base/util.h"
#include "tests/unit/clock.h"
#include "tests/unit/stage.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

START_TEST(nothing_is_opened_before_a_question_is_whole)
{
    add_both();
    begin_client();
    turn_while_busy(loop);
    ask(sign, sizeof(sign) - 1);
    turn_while_busy(loop);
    check_quiet(&a);
    check_quiet(&b);
}
END_TEST

START_TEST(a_safe_question_goes_to_the_newest_alone)
{
    add_both();
    begin_client();
    ASK(list);
    HEAR(list_by_a);
    ck_assert_uint_eq(a.connections, 1);
    ck_assert_uint_eq(a.n_asked, 1); /* no ping before it */
    check_quiet(&b);
    ASK(sign);
    HEAR(sign_by_a);
    ck_assert_uint_eq(a.connections, 1);
    check_quiet(&b);
}
END_TEST

START_TEST(with_no_upstream_each_question_fails_and_the_client_is_closed)
{
    begin_client();
    ASK(list);
    HEAR(failure);
    ASK(sign);
    HEAR(failure);
    check_end();
    ck_assert_uint_eq(sessions.refused, 1);
}
END_TEST

/* It asks on and on, and would be told so for ever. A bind that came meanwhile is not lost. */
START_TEST(who_met_none_is_served_once_somebody_is_there_again)
{
    static const uint8_t bind[] = {0, 0, 0, 29, 27, 0, 0, 0, 24, 's', 'e', 's', 's', 'i', 'o', 'n', '-',
                                   'b', 'i', 'n', 'd', '@', 'o', 'p', 'e', 'n', 's', 's', 'h', '.',
                                   'c', 'o', 'm'};

    begin_client();
    ASK(list);
    HEAR(failure);
    ASK(bind);
    HEAR(failure);
    add_both();
    ASK(list);
    HEAR(list_by_a);
    ck_assert_uint_eq(a.asked[AGENT_KIND_BIND], 1);
    turn_for(0.3);
    ASK(sign);
    HEAR(sign_by_a);
}
END_TEST

static bool is_asked(const void *fake)
{
    return ((const struct fake *)fake)->n_asked > 0;
}

/* One may be left that is not called silent, for it had little time. */
START_TEST(a_question_that_nobody_answered_is_not_asked_again)
{
    add_both();
    fake_behave(&a, FAKE_SAYS_NOTHING);
    fake_behave(&b, FAKE_CLOSES);
    begin_client();
    ASK(list);
    turn_until(loop, is_asked, &a);
    attempts_fail(&sessions.attempts, registry_find_path(&registry, a.path));
    HEAR(failure);
    ck_assert_uint_eq(a.n_asked, 1);
    fake_behave(&a, FAKE_ANSWERS);
    ASK(list);
    HEAR(list_by_a);
}
END_TEST

START_TEST(with_all_failed_each_question_fails)
{
    add_both();
    fake_fini(&b);
    fake_behave(&a, FAKE_CLOSES);
    begin_client();
    ASK(list);
    HEAR(failure);
    check_end();
    ck_assert_uint_eq(a.asked[AGENT_KIND_LIST], 1);
    ck_assert_ptr_null(registry_find_path(&registry, b.path)); /* nobody listens there */
}
END_TEST

START_TEST(with_when_none_empty_a_listing_is_empty)
{
    options.when_none = WHEN_NONE_EMPTY;
    begin_client();
    ASK(list);
    hear(agent_empty_list, sizeof(agent_empty_list));
    ASK(sign);
    HEAR(failure);
    check_end();
}
END_TEST

START_TEST(read_only_keeps_changes_back_and_lets_signing_pass)
{
    options.is_read_only = true;
    add_both();
    begin_client();
    ASK(remove_all);
    HEAR(failure);
    check_quiet(&a);
    ASK(sign);
    HEAR(sign_by_a);
    ASK(remove_all);
    HEAR(failure);
    ck_assert_uint_eq(a.asked[AGENT_KIND_REMOVE], 0);
    check_quiet(&b);
}
END_TEST

START_TEST(what_comes_unasked_behind_the_first_answer_is_passed_on)
{
    static const uint8_t both[] = {0, 0, 0, 6, 12, 0, 0, 0, 1, 'a', 0, 0, 0, 2, 99, 7};

    add_both();
    a.on[AGENT_KIND_LIST] = FAKE_SAYS_MORE;
    begin_client();
    ASK(list);
    HEAR(both);
    ASK(sign);
    HEAR(sign_by_a);
}
END_TEST

/* A ping goes ahead of a signature. */
START_TEST(what_comes_unasked_behind_a_ping_s_answer_is_passed_on)
{
    static const uint8_t both[] = {0, 0, 0, 2, 99, 7, 0, 0, 0, 2, 14, 'a'};

    add_both();
    a.on[AGENT_KIND_PING] = FAKE_SAYS_MORE;
    begin_client();
    ASK(sign);
    HEAR(both);
    ASK(list);
    HEAR(list_by_a);
}
END_TEST

/* The signature that a person was asked for is there, the list behind it not yet. */
START_TEST(after_a_prompt_an_answer_has_its_time)
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
    options.patience = 2;
    turn_for(2.1);
    check_quiet(&b);
    close(first);
    turn_for(0.4);
    check_quiet(&b);
    options.patience = 0.05;
    outlast_patience();
    ck_assert_uint_eq(b.n_asked, 1);
}
END_TEST

/* Where many sign at once, one or another is owed all the time. */
START_TEST(a_login_that_signs_is_not_said_to_give_no_answer)
{
    struct upstream *u = add_fake(&a);
    char reason[160];
    int first;

    a.on[AGENT_KIND_SIGN] = FAKE_SAYS_NOTHING;
    begin_client();
    ASK(sign);
    turn_while_busy(loop);
    first = the_client;
    u->load[UPSTREAM_PROMPT].since -= 100;
    a.on[AGENT_KIND_SIGN] = FAKE_ANSWERS;
    begin_client();
    ASK(sign);
    HEAR(sign_by_a);
    upstream_explain(u, monotonic_seconds(), reason, sizeof(reason));
    ck_assert_msg(strncmp(reason, "no answer for", 13) != 0, "%s", reason);
    close(first);
}
END_TEST

/* The beginning of a signature's question, which its client does not end. */
START_TEST(a_client_that_does_not_end_its_question_blames_nobody)
{
    uint8_t question[4 + 10000] = {0, 0, 10000 >> 8, 10000 & 0xff, 13};
    struct upstream *u;
    struct session *s;

    add_both();
    u = registry_find_path(&registry, a.path);
    begin_client();
    ask(question, 6000);
    turn_while_busy(loop);
    s = list_entry(sessions.list.next, struct session, link);
    ck_assert_int_eq(s->state, SESSION_RELAYING);
    ck_assert_uint_eq(upstream_uses(u, UPSTREAM_PROMPT), 0);
    if (s->waiting_since > 0)
        s->waiting_since -= 1000;
    turn_for(2 * PATIENCE_TICK);
    ck_assert_uint_eq(sessions.n, 1);
    ck_assert_int_eq(u->state, UPSTREAM_ALIVE);
    ask(question + 6000, sizeof(question) - 6000);
    HEAR(sign_by_a);
}
END_TEST

/* Nor where its agent has had enough of waiting for the rest. */
START_TEST(an_agent_that_closes_on_half_a_question_is_not_to_blame)
{
    uint8_t question[4 + 10000] = {0, 0, 10000 >> 8, 10000 & 0xff, 13};
    struct upstream *u = add_fake(&a);

    begin_client();
    ask(question, 6000);
    turn_while_busy(loop);
    ck_assert_uint_eq(sessions.n, 1);
    fake_fini(&a);
    turn_until(loop, is_over, NULL);
    ck_assert_int_eq(u->state, UPSTREAM_ALIVE);
}
END_TEST

/* Its file is still there, and no process told of the end. */
START_TEST(one_that_has_ended_is_not_registered_anew_as_alive)
{
    struct enrol_request request = {.path = a.path};
    const char *reason;
    uint64_t id;

    add_both();
    fake_fini(&a);
    id = enrol_register(&enrol, &request, &reason);
    ck_assert(id == 0 || enrol_is_pending(registry_find(&registry, id)));
    turn_while_busy(loop);
    ck_assert_ptr_null(registry_find_path(&registry, a.path));
    ck_assert_ptr_nonnull(registry_find_path(&registry, b.path));
}
END_TEST

START_TEST(our_own_ping_goes_no_further)
{
    struct upstream *u;
    uint8_t ping[AGENT_PING_SIZE];

    add_both();
    u = registry_find_path(&registry, a.path);
    agent_ping_make(ping, enrol.instance, upstream_next_nonce(u));
    begin_client();
    ASK(ping);
    HEAR(failure);
    ck_assert_int_eq(u->silence.cause, CAUSE_LOOP);
    check_quiet(&a);
    check_quiet(&b);
    ASK(list);
    HEAR(list_by_b);
}
END_TEST

START_TEST(another_relay_s_ping_is_a_question_like_any)
{
    uint8_t ping[AGENT_PING_SIZE];

    add_both();
    agent_ping_make(ping, (const uint8_t *)"another instance", 7);
    begin_client();
    ASK(ping);
    HEAR(failure);
    ck_assert_uint_eq(a.asked[AGENT_KIND_PING], 1);
    ck_assert_int_eq(registry_find_path(&registry, a.path)->state, UPSTREAM_ALIVE);
}
END_TEST

START_TEST(a_client_that_vanishes_ends_its_session)
{
    add_both();
    a.on[AGENT_KIND_LIST] = b.on[AGENT_KIND_LIST] = FAKE_SAYS_NOTHING;
    a.on[AGENT_KIND_SIGN] = FAKE_SAYS_NOTHING;
    begin_client();
    if (_i == 0)
        ASK(list);
    else
        ASK(sign);
    turn_while_busy(loop);
    ck_assert_uint_eq(sessions.n, 1);
    the_client = close_fd(the_client);
    turn_until(loop, is_over, NULL);
    turn_while_busy(loop);
    ck_assert_uint_eq(a.open + b.open, 0);
}
END_TEST

/* Its questions fill the way to an upstream that reads no more. */
static void fill(void)
{
    static const uint8_t head[AGENT_HEADER] = {0, 4, 0, 0, 99};
    static uint8_t much[AGENT_LENGTH_MAX];
    ssize_t n;

    fake_stop_reading(&a);
    ASK(head);
    do {
        n = send(the_client, much, sizeof(much) - AGENT_HEADER, MSG_NOSIGNAL);
        turn_while_busy(loop);
    } while (n > 0);
}

START_TEST(a_client_that_vanishes_is_seen_where_nothing_is_read_from_it)
{
    add_both();
    begin_client();
    ASK(list);
    HEAR(list_by_a);
    fill();
    if (_i > 0) {
        fake_say(&a, failure, sizeof(failure)); /* so that nothing is owed */
        HEAR(failure);
    }
    ck_assert_uint_eq(sessions.n, 1);
    the_client = close_fd(the_client);
    turn_until(loop, is_over, NULL);
}
END_TEST

static void begin_raw(void)
{
    options.is_raw = true;
    add_both();
    begin_client();
    turn_while_busy(loop);
    ck_assert_uint_eq(a.open, 1);
}

START_TEST(a_raw_client_that_vanishes_ends_its_session)
{
    begin_raw();
    fake_stop_reading(&a);
    if (_i > 0)
        shutdown(the_client, SHUT_WR);
    turn_for(2 * PATIENCE_TICK);
    ck_assert_uint_eq(sessions.n, 1);
    the_client = close_fd(the_client);
    turn_until(loop, is_over, NULL);
}
END_TEST

START_TEST(a_raw_client_that_vanishes_ends_also_a_full_one)
{
    begin_raw();
    fill();
    the_client = close_fd(the_client);
    turn_until(loop, is_over, NULL);
}
END_TEST

START_TEST(what_a_raw_client_said_before_it_left_arrives)
{
    begin_raw();
    ASK(sign);
    ASK(list);
    the_client = close_fd(the_client);
    turn_until(loop, is_over, NULL);
    turn_while_busy(loop);
    ck_assert_uint_eq(a.asked[AGENT_KIND_SIGN], 1);
    ck_assert_uint_eq(a.asked[AGENT_KIND_LIST], 1);
}
END_TEST

START_TEST(a_client_that_shut_down_gets_its_answer)
{
    add_both();
    begin_client();
    ASK(sign);
    shutdown(the_client, SHUT_WR);
    HEAR(sign_by_a);
    check_end();
}
END_TEST

START_TEST(a_bad_frame_ends_the_client)
{
    static const uint8_t bad[][5] = {{0, 4, 0, 1, 11}, {0, 0, 0, 0, 11}};

    add_both();
    begin_client();
    ask(bad[_i], 5);
    check_end();
    check_quiet(&a);
}
END_TEST

/* A client of that name connects: its process is this one. */
static void begin_client_named(const char *name)
{
    prctl(PR_SET_NAME, name);
    begin_client();
}

/* By which it will be known in the log. */
static const char *command(void)
{
    return list_entry(sessions.list.next, struct session, link)->command;
}

START_TEST(a_client_that_asks_for_a_signature_is_known_before_it_has_it)
{
    add_both();
    a.on[AGENT_KIND_SIGN] = FAKE_SAYS_NOTHING;
    begin_client_named("git");
    ASK(list);
    HEAR(list_by_a);
    ck_assert_str_eq(command(), ""); /* nothing that is logged yet */
    ASK(sign);
    turn_while_busy(loop);
    ck_assert_str_eq(command(), "git");
}
END_TEST

static char told[1000];

static bool keep_signed(enum log_level level, const char *line, const struct log_field *fields,
                        size_t n)
{
    if (strncmp(line, "signed", 6) == 0)
        snprintf(told, sizeof(told), "%s", line);
    return true;
}

static char number[64]; /* what is left of a login that has gone */

static void note_number(const struct upstream *u)
{
    snprintf(number, sizeof(number), "signed: login %u (unregistered) ", (unsigned)u->id);
    log_set_level(LOG_LEVEL_INFO);
    log_set_sink(keep_signed);
}

static void check_signs_under_number(void)
{
    ASK(sign);
    HEAR(sign_by_a);
    ck_assert_str_eq(strncmp(told, number, strlen(number)) == 0 ? number : told, number);
}

START_TEST(a_login_that_has_gone_signs_under_its_number)
{
    struct upstream *u = add_fake(&a);

    note_number(u);
    begin_client();
    ASK(list);
    HEAR(list_by_a);
    registry_drop(&registry, u, "gone");
    check_signs_under_number();
}
END_TEST

START_TEST(a_login_that_goes_while_it_is_chosen_signs_under_its_number)
{
    struct upstream *u = add_fake(&a);

    note_number(u);
    options.patience = 10;
    a.on[AGENT_KIND_LIST] = FAKE_SAYS_NOTHING;
    begin_client();
    ASK(list);
    turn_while_busy(loop);
    registry_drop(&registry, u, "gone");
    fake_say(&a, list_by_a, sizeof(list_by_a));
    HEAR(list_by_a);
    check_signs_under_number();
}
END_TEST

/* An agent that speaks unasked has answers counted otherwise than they were to come. */
START_TEST(a_signature_whose_answer_was_missed_is_not_kept)
{
    struct signatures *all = signatures_new();
    struct signing what;

    signatures_ask(all, sign, sizeof(sign), 1);
    signatures_ask(all, sign, sizeof(sign), 3);
    ck_assert(!signatures_answer(all, 2, &what));
    ck_assert(signatures_answer(all, 3, &what));
    ck_assert(list_is_empty(&all->owed));
    signatures_free(all);
}
END_TEST

START_TEST(a_client_that_meets_no_upstream_is_known_before_it_leaves)
{
    begin_client_named("git");
    ck_assert_str_eq(command(), ""); /* it may be one that says nothing */
    ASK(list);
    ev_run(loop, EVRUN_NOWAIT);
    ck_assert_str_eq(command(), "git");
    HEAR(failure);
}
END_TEST

/* Its time to say something is over, but it has. */
START_TEST(a_question_that_came_in_time_is_answered_by_a_late_relay)
{
    begin_client();
    ASK(list);
    clock_pass(0.5);
    HEAR(failure);
}
END_TEST

START_TEST(an_answer_that_came_in_time_is_taken_by_a_late_relay)
{
    add_both();
    a.on[AGENT_KIND_LIST] = FAKE_SAYS_NOTHING;
    begin_client();
    ASK(list);
    turn_while_busy(loop);
    fake_say(&a, list_by_a, sizeof(list_by_a));
    clock_pass(2 * options.patience);
    HEAR(list_by_a);
    check_quiet(&b);
}
END_TEST

/* Another process had it, and its record tells of an upstream that it has no connection to. */
START_TEST(one_taken_up_without_its_upstream_s_end_is_served_like_any)
{
    const struct sock_peer peer = {.uid = geteuid()};
    int pair[2];

    add_both();
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    the_client = pair[0];
    sessions_resume(session_new(&sessions, pair[1], -1, &peer),
                    registry_find_path(&registry, b.path)->id);
    ASK(list);
    HEAR(list_by_a);
    ck_assert_uint_eq(upstream_uses(registry_find_path(&registry, b.path), UPSTREAM_SESSION), 0);
}
END_TEST

/* Another relayd's, that was passed on, and is here again. */
START_TEST(a_ping_that_comes_round_shows_a_loop)
{
    static const uint8_t somebody[AGENT_INSTANCE] = "another relay";
    uint8_t ping[AGENT_PING_SIZE];
    int first;

    options.patience = 10;
    add_both();
    a.on[AGENT_KIND_PING] = FAKE_SAYS_NOTHING;
    agent_ping_make(ping, somebody, 7);
    begin_client();
    ASK(ping);
    turn_while_busy(loop);
    ck_assert_uint_eq(a.n_asked, 1);
    first = the_client;
    begin_client();
    ASK(ping);
    HEAR(failure);
    ck_assert_int_eq(registry_find_path(&registry, a.path)->state, UPSTREAM_SILENT);
    close(the_client);
    the_client = first;
    HEAR(failure); /* b's, to whom the ping went on */
    ck_assert_uint_eq(b.n_asked, 1);
}
END_TEST

static bool are_both_asked(const void *arg)
{
    return a.n_asked > 0 && b.n_asked > 0;
}

/* Patience with a, which is slow, has run out; and b leads back here, or it is the other way. */
START_TEST(of_two_that_may_have_sent_a_ping_round_none_is_blamed)
{
    static const uint8_t somebody[AGENT_INSTANCE] = "another relay";
    uint8_t ping[AGENT_PING_SIZE];
    int first;

    add_both();
    a.on[AGENT_KIND_PING] = b.on[AGENT_KIND_PING] = FAKE_SAYS_NOTHING;
    agent_ping_make(ping, somebody, 7);
    begin_client();
    ASK(ping);
    turn_until(loop, are_both_asked, NULL);
    first = the_client;
    begin_client();
    ASK(ping);
    HEAR(failure);
    ck_assert_int_ne(registry_find_path(&registry, a.path)->silence.cause, CAUSE_LOOP);
    ck_assert_int_ne(registry_find_path(&registry, b.path)->silence.cause, CAUSE_LOOP);
    close(first);
}
END_TEST

/* It is refused while an answer is owed, and the loop is over by the time that this has come. */
START_TEST(a_ping_that_came_round_stays_refused)
{
    static const uint8_t somebody[AGENT_INSTANCE] = "another relay";
    static const uint8_t wanted[] = {0, 0, 0, 2, 14, 'a', 0, 0, 0, 1, 5};
    uint8_t ping[AGENT_PING_SIZE];
    int other;

    options.patience = 10;
    add_both();
    agent_ping_make(ping, somebody, 7);
    begin_client();
    ASK(list);
    HEAR(list_by_a);
    a.on[AGENT_KIND_SIGN] = a.on[AGENT_KIND_PING] = FAKE_SAYS_NOTHING;
    ASK(sign);
    turn_while_busy(loop);
    other = the_client;
    begin_client();
    ASK(ping);
    turn_while_busy(loop);
    ck_assert_uint_eq(a.asked[AGENT_KIND_PING], 1);
    close(the_client);
    the_client = other;
    ASK(ping);
    turn_while_busy(loop);
    ck_assert_int_eq(registry_find_path(&registry, a.path)->state, UPSTREAM_SILENT);
    a.on[AGENT_KIND_PING] = FAKE_ANSWERS;
    fake_say(&a, sign_by_a, sizeof(sign_by_a));
    HEAR(wanted);
    ck_assert_uint_eq(a.asked[AGENT_KIND_PING], 1);
    ASK(list);
    HEAR(list_by_a);
}
END_TEST

START_TEST(no_client_has_that_many_hops_behind_it)
{
    static uint8_t bind[1024] = {0, 0, 3, 252, 27, 0, 0, 0, 24, 's', 'e', 's', 's', 'i', 'o', 'n', '-',
                                 'b', 'i', 'n', 'd', '@', 'o', 'p', 'e', 'n', 's', 's', 'h', '.', 'c',
                                 'o', 'm'};

    add_both();
    begin_client();
    for (size_t n = 0; n < FLOW_SIZE; n += sizeof(bind)) {
        ASK(bind);
        HEAR(failure);
    }
    ASK(bind);
    check_end();
    check_quiet(&a);
}
END_TEST

static void add(TCase *tcase)
{
    stage_add(tcase);
    tcase_add_test(tcase, a_ping_that_comes_round_shows_a_loop);
    tcase_add_test(tcase, a_ping_that_came_round_stays_refused);
    tcase_add_test(tcase, of_two_that_may_have_sent_a_ping_round_none_is_blamed);
    tcase_add_test(tcase, no_client_has_that_many_hops_behind_it);
    tcase_add_test(tcase, one_taken_up_without_its_upstream_s_end_is_served_like_any);
    tcase_add_test(tcase, nothing_is_opened_before_a_question_is_whole);
    tcase_add_test(tcase, a_safe_question_goes_to_the_newest_alone);
    tcase_add_test(tcase, with_no_upstream_each_question_fails_and_the_client_is_closed);
    tcase_add_test(tcase, with_all_failed_each_question_fails);
    tcase_add_test(tcase, a_question_that_nobody_answered_is_not_asked_again);
    tcase_add_test(tcase, who_met_none_is_served_once_somebody_is_there_again);
    tcase_add_test(tcase, with_when_none_empty_a_listing_is_empty);
    tcase_add_test(tcase, read_only_keeps_changes_back_and_lets_signing_pass);
    tcase_add_test(tcase, what_comes_unasked_behind_the_first_answer_is_passed_on);
    tcase_add_test(tcase, what_comes_unasked_behind_a_ping_s_answer_is_passed_on);
    tcase_add_test(tcase, after_a_prompt_an_answer_has_its_time);
    tcase_add_test(tcase, a_login_that_signs_is_not_said_to_give_no_answer);
    tcase_add_test(tcase, a_client_that_does_not_end_its_question_blames_nobody);
    tcase_add_test(tcase, an_agent_that_closes_on_half_a_question_is_not_to_blame);
    tcase_add_test(tcase, our_own_ping_goes_no_further);
    tcase_add_test(tcase, one_that_has_ended_is_not_registered_anew_as_alive);
    tcase_add_test(tcase, another_relay_s_ping_is_a_question_like_any);
    tcase_add_loop_test(tcase, a_client_that_vanishes_ends_its_session, 0, 2);
    tcase_add_loop_test(tcase, a_client_that_vanishes_is_seen_where_nothing_is_read_from_it, 0, 2);
    tcase_add_loop_test(tcase, a_raw_client_that_vanishes_ends_its_session, 0, 2);
    tcase_add_test(tcase, a_raw_client_that_vanishes_ends_also_a_full_one);
    tcase_add_test(tcase, what_a_raw_client_said_before_it_left_arrives);
    tcase_add_test(tcase, a_client_that_shut_down_gets_its_answer);
    tcase_add_test(tcase, a_client_that_asks_for_a_signature_is_known_before_it_has_it);
    tcase_add_test(tcase, a_login_that_has_gone_signs_under_its_number);
    tcase_add_test(tcase, a_login_that_goes_while_it_is_chosen_signs_under_its_number);
    tcase_add_test(tcase, a_signature_whose_answer_was_missed_is_not_kept);
    tcase_add_test(tcase, a_client_that_meets_no_upstream_is_known_before_it_leaves);
    tcase_add_loop_test(tcase, a_bad_frame_ends_the_client, 0, 2);
    tcase_add_test(tcase, a_question_that_came_in_time_is_answered_by_a_late_relay);
    tcase_add_test(tcase, an_answer_that_came_in_time_is_taken_by_a_late_relay);
}

int main(void)
{
    return run_tests("session", add);
}
