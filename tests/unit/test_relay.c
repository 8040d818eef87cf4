/* SPDX-License-Identifier: MIT */
/* A relay that goes on: questions up, answers down. */
#include "config.h"

#include "tests/unit/test.h"
#include "tests/unit/wire.h"

#include <ev.h>
#include <string.h>
#include <sys/socket.h>

START_TEST(a_question_goes_up_and_its_answer_down)
{
    GIVE(client, list);
    check_going();
    TAKE(upstream, list);
    ck_assert_uint_eq(relay.owed, 1);
    ck_assert_uint_eq(relay.asked[AGENT_KIND_LIST], 1);
    ck_assert(!relay.is_unsafe);
    GIVE(upstream, list_answer);
    check_going();
    TAKE(client, list_answer);
    ck_assert_uint_eq(relay.owed, 0);
    ck_assert_uint_eq(relay.answered, 1);
}
END_TEST

START_TEST(an_idle_relay_holds_nothing)
{
    GIVE(client, sign);
    check_going();
    GIVE(upstream, sign_answer);
    check_going();
    ck_assert_ptr_null(relay.up.bytes);
    ck_assert_ptr_null(relay.down.bytes);
    ck_assert_int_eq(relay_client_events(&relay), EV_READ);
    ck_assert_int_eq(relay_upstream_events(&relay), EV_READ);
}
END_TEST

START_TEST(a_question_cut_at_any_byte_goes_up_whole)
{
    for (size_t cut = 1; cut < sizeof(sign); cut++) {
        give(client, sign, cut);
        check_going();
        check_nothing(upstream);
        ck_assert_uint_eq(relay.owed, 0);
        give(client, sign + cut, sizeof(sign) - cut);
        check_going();
        TAKE(upstream, sign);
        ck_assert_uint_eq(relay.owed, 1);
        GIVE(upstream, sign_answer);
        check_going();
        TAKE(client, sign_answer);
    }
    ck_assert_uint_eq(judged, sizeof(sign) - 1);
}
END_TEST

START_TEST(an_answer_cut_at_any_byte_is_one_answer)
{
    uint8_t got[sizeof(sign_answer)];

    for (size_t cut = 1; cut < sizeof(sign_answer); cut++) {
        GIVE(client, sign);
        check_going();
        give(upstream, sign_answer, cut);
        check_going();
        ck_assert_uint_eq(relay.owed, 1);
        ck_assert(relay.is_unsafe);
        give(upstream, sign_answer + cut, sizeof(sign_answer) - cut);
        check_going();
        ck_assert_uint_eq(relay.owed, 0);
        ck_assert(!relay.is_unsafe);
        ck_assert_int_eq(recv(client, got, sizeof(got), 0), sizeof(got));
        ck_assert_mem_eq(got, sign_answer, sizeof(got));
    }
}
END_TEST

START_TEST(pipelined_questions_go_up_in_order)
{
    uint8_t both[sizeof(list) + sizeof(sign)], answers[sizeof(list_answer) + sizeof(sign_answer)];

    memcpy(both, list, sizeof(list));
    memcpy(both + sizeof(list), sign, sizeof(sign));
    memcpy(answers, list_answer, sizeof(list_answer));
    memcpy(answers + sizeof(list_answer), sign_answer, sizeof(sign_answer));
    GIVE(client, both);
    check_going();
    ck_assert_uint_eq(relay.owed, 2);
    ck_assert(relay.is_unsafe);
    TAKE(upstream, both);
    GIVE(upstream, answers);
    check_going();
    ck_assert_uint_eq(relay.owed, 0);
    ck_assert(!relay.is_unsafe);
    TAKE(client, answers);
}
END_TEST

START_TEST(a_refused_question_is_answered_in_its_turn)
{
    refused = AGENT_KIND_REMOVE;
    GIVE(client, sign);
    GIVE(client, remove_all);
    GIVE(client, list);
    check_going();
    /* Nothing past the refused one goes on while something is owed. */
    TAKE(upstream, sign);
    check_nothing(client);
    check_going();
    check_nothing(upstream);
    GIVE(upstream, sign_answer);
    check_going();
    TAKE(upstream, list);
    GIVE(upstream, list_answer);
    check_going();
    {
        uint8_t wanted[sizeof(sign_answer) + sizeof(failure) + sizeof(list_answer)];

        memcpy(wanted, sign_answer, sizeof(sign_answer));
        memcpy(wanted + sizeof(sign_answer), failure, sizeof(failure));
        memcpy(wanted + sizeof(sign_answer) + sizeof(failure), list_answer, sizeof(list_answer));
        TAKE(client, wanted);
    }
    ck_assert_uint_eq(relay.owed, 0);
    ck_assert_uint_eq(relay.asked[AGENT_KIND_REMOVE], 1);
}
END_TEST

/* Whatever the gate would say by the time that nothing is owed. */
START_TEST(a_question_is_refused_once)
{
    uint8_t wanted[sizeof(sign_answer) + sizeof(failure)];

    memcpy(wanted, sign_answer, sizeof(sign_answer));
    memcpy(wanted + sizeof(sign_answer), failure, sizeof(failure));
    refused = AGENT_KIND_REMOVE;
    GIVE(client, sign);
    GIVE(client, remove_all);
    check_going();
    TAKE(upstream, sign);
    refused = AGENT_KINDS;
    GIVE(upstream, sign_answer);
    check_going();
    check_nothing(upstream);
    TAKE(client, wanted);
    GIVE(client, list);
    check_going();
    TAKE(upstream, list);
}
END_TEST

START_TEST(refused_questions_alone_never_reach_the_upstream)
{
    refused = AGENT_KIND_REMOVE;
    for (int i = 0; i < 3; i++) {
        GIVE(client, remove_all);
        check_going();
        TAKE(client, failure);
    }
    check_nothing(upstream);
    ck_assert_uint_eq(relay.owed, 0);
}
END_TEST

START_TEST(refused_questions_that_come_together_are_all_answered)
{
    uint8_t questions[2 * sizeof(remove_all) + sizeof(list)], answers[2 * sizeof(failure)];

    refused = AGENT_KIND_REMOVE;
    for (int i = 0; i < 2; i++) {
        memcpy(questions + i * sizeof(remove_all), remove_all, sizeof(remove_all));
        memcpy(answers + i * sizeof(failure), failure, sizeof(failure));
    }
    memcpy(questions + 2 * sizeof(remove_all), list, sizeof(list));
    GIVE(client, questions);
    check_going();
    TAKE(client, answers);
    TAKE(upstream, list);
}
END_TEST

START_TEST(a_refused_question_larger_than_memory_is_read_away)
{
    static uint8_t big[100000] = {0, 1, 0x86, 0x9c, 19}; /* 99996 */
    size_t sent = 0;

    refused = AGENT_KIND_REMOVE;
    while (sent < sizeof(big)) {
        ssize_t n = send(client, big + sent, sizeof(big) - sent, 0);

        sent += n > 0 ? (size_t)n : 0;
        check_going();
        ck_assert_uint_le(flow_size(&relay.up), FLOW_SIZE);
    }
    for (int i = 0; i < 20; i++)
        check_going();
    TAKE(client, failure);
    GIVE(client, list);
    check_going();
    TAKE(upstream, list);
}
END_TEST

START_TEST(only_who_has_something_to_say_is_read)
{
    GIVE(client, list);
    ck_assert_int_eq(relay_step(&relay, client_fd, upstream_fd, RELAY_UPSTREAM), RELAY_GOING);
    check_nothing(upstream);
    ck_assert_int_eq(relay_step(&relay, client_fd, upstream_fd, RELAY_CLIENT), RELAY_GOING);
    TAKE(upstream, list);
    GIVE(upstream, list_answer);
    ck_assert_int_eq(relay_step(&relay, client_fd, upstream_fd, RELAY_NEITHER), RELAY_GOING);
    check_nothing(client);
    ck_assert_int_eq(relay_step(&relay, client_fd, upstream_fd, RELAY_UPSTREAM), RELAY_GOING);
    TAKE(client, list_answer);
}
END_TEST

START_TEST(an_unasked_frame_is_passed_on_and_owes_nothing)
{
    GIVE(upstream, list_answer);
    check_going();
    TAKE(client, list_answer);
    ck_assert_uint_eq(relay.owed, 0);
    GIVE(client, list);
    check_going();
    ck_assert_uint_eq(relay.owed, 1);
}
END_TEST

START_TEST(a_question_sent_by_another_is_counted)
{
    relay_count(&relay, AGENT_KIND_SIGN);
    ck_assert_uint_eq(relay.owed, 1);
    ck_assert(relay.is_unsafe);
    relay_count(&relay, AGENT_KIND_LIST);
    GIVE(upstream, sign_answer);
    check_going();
    ck_assert_uint_eq(relay.owed, 1);
    TAKE(client, sign_answer);
}
END_TEST

static uint32_t told_turn[8];
static uint8_t told_type[8];
static unsigned told;

static void on_answer(void *arg, uint8_t type)
{
    ck_assert_uint_lt(told, 8);
    told_turn[told] = relay.answered + 1;
    told_type[told++] = type;
}

/* Of each answer it is told once, whoever made it and however it comes. */
START_TEST(answers_are_told_of_as_they_begin)
{
    relay.on_answer = on_answer;
    GIVE(client, list);
    GIVE(client, sign);
    check_going();
    give(upstream, list_answer, sizeof(list_answer));
    give(upstream, sign_answer, AGENT_HEADER - 1);
    check_going();
    ck_assert_uint_eq(told, 1);
    give(upstream, sign_answer + AGENT_HEADER - 1, 1);
    check_going();
    ck_assert_uint_eq(told, 2);
    give(upstream, sign_answer + AGENT_HEADER, sizeof(sign_answer) - AGENT_HEADER);
    refused = AGENT_KIND_REMOVE;
    GIVE(client, remove_all);
    carry_on();
    ck_assert_uint_eq(told, 3);
    for (unsigned i = 0; i < told; i++)
        ck_assert_uint_eq(told_turn[i], i + 1);
    ck_assert_uint_eq(told_type[0], AGENT_IDENTITIES_ANSWER);
    ck_assert_uint_eq(told_type[1], AGENT_SIGN_RESPONSE);
    ck_assert_uint_eq(told_type[2], AGENT_FAILURE);
}
END_TEST

/* One signature of many that are there. */
static void take_frame(int fd)
{
    uint8_t got[sizeof(sign)];

    ck_assert_int_eq(recv(fd, got, sizeof(got), 0), sizeof(got));
    ck_assert_mem_eq(got, sign, sizeof(got));
}

/* So that what is kept of signatures has a bound. */
START_TEST(a_signature_waits_while_many_are_owed)
{
    for (int i = 0; i < RELAY_SIGNATURES_MAX + 2; i++)
        GIVE(client, sign);
    GIVE(client, list);
    check_going();
    for (int i = 0; i < RELAY_SIGNATURES_MAX; i++)
        take_frame(upstream);
    check_nothing(upstream);
    GIVE(upstream, sign_answer);
    check_going();
    TAKE(upstream, sign);
    TAKE(client, sign_answer);
    GIVE(upstream, sign_answer);
    check_going();
    take_frame(upstream);
    TAKE(upstream, list);
    ck_assert_uint_eq(judged, RELAY_SIGNATURES_MAX + 3);
}
END_TEST

static void add(TCase *tcase)
{
    wire_add(tcase);
    tcase_add_test(tcase, a_question_goes_up_and_its_answer_down);
    tcase_add_test(tcase, an_idle_relay_holds_nothing);
    tcase_add_test(tcase, a_question_cut_at_any_byte_goes_up_whole);
    tcase_add_test(tcase, an_answer_cut_at_any_byte_is_one_answer);
    tcase_add_test(tcase, pipelined_questions_go_up_in_order);
    tcase_add_test(tcase, a_refused_question_is_answered_in_its_turn);
    tcase_add_test(tcase, a_question_is_refused_once);
    tcase_add_test(tcase, refused_questions_alone_never_reach_the_upstream);
    tcase_add_test(tcase, refused_questions_that_come_together_are_all_answered);
    tcase_add_test(tcase, a_refused_question_larger_than_memory_is_read_away);
    tcase_add_test(tcase, only_who_has_something_to_say_is_read);
    tcase_add_test(tcase, an_unasked_frame_is_passed_on_and_owes_nothing);
    tcase_add_test(tcase, a_question_sent_by_another_is_counted);
    tcase_add_test(tcase, answers_are_told_of_as_they_begin);
    tcase_add_test(tcase, a_signature_waits_while_many_are_owed);
}

int main(void)
{
    return run_tests("relay", add);
}
