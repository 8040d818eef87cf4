/* SPDX-License-Identifier: MIT */
/* A relay that quiesces: what is begun gets through, and nothing new is begun. */
#include "config.h"

#include "tests/unit/test.h"
#include "tests/unit/wire.h"

#include <ev.h>
#include <sys/socket.h>

static void begin_quiescing(void)
{
    relay.is_quiescing = true;
    check_going();
}

START_TEST(one_at_rest_is_empty_and_reads_no_more)
{
    begin_quiescing();
    GIVE(client, list);
    GIVE(upstream, list_answer);
    check_going();
    ck_assert(relay_is_empty(&relay));
    ck_assert_int_eq(relay_client_events(&relay) | relay_upstream_events(&relay), 0);
    check_nothing(upstream);
    check_nothing(client);
    relay.is_quiescing = false;
    ck_assert_int_eq(carry_on(), RELAY_GOING);
    TAKE(upstream, list);
    TAKE(client, list_answer);
}
END_TEST

START_TEST(a_question_whose_beginning_is_here_is_completed_and_no_other_begun)
{
    give(client, sign, _i);
    check_going();
    begin_quiescing();
    ck_assert_int_eq(relay_is_empty(&relay), _i == 0);
    give(client, sign + _i, sizeof(sign) - (size_t)_i);
    GIVE(client, list);
    ck_assert_int_eq(carry_on(), RELAY_GOING);
    ck_assert(relay_is_empty(&relay));
    ck_assert_uint_eq(relay.owed, _i > 0);
    if (_i > 0)
        TAKE(upstream, sign);
    else
        check_nothing(upstream);
}
END_TEST

START_TEST(an_answer_whose_beginning_is_here_goes_on)
{
    GIVE(client, sign);
    check_going();
    give(upstream, sign_answer, _i);
    check_going();
    begin_quiescing();
    give(upstream, sign_answer + _i, sizeof(sign_answer) - (size_t)_i);
    ck_assert_int_eq(carry_on(), RELAY_GOING);
    ck_assert(relay_is_empty(&relay));
    /* What another process does from here on. */
    relay.is_quiescing = false;
    ck_assert_int_eq(carry_on(), RELAY_GOING);
    TAKE(client, sign_answer);
    ck_assert_uint_eq(relay.owed, 0);
}
END_TEST

START_TEST(of_a_long_question_the_rest_is_left_where_it_is)
{
    static uint8_t question[4 + 100000] = {0, 1, 0x86, 0xa0, 13};
    static uint8_t got[sizeof(question)];

    give(client, question, 50000);
    check_going();
    relay.is_quiescing = true;
    ck_assert_int_eq(carry_on(), RELAY_GOING);
    ck_assert(relay_is_empty(&relay));
    ck_assert_uint_gt(relay.up_left, 50000);
    relay.is_quiescing = false;
    give(client, question + 50000, sizeof(question) - 50000);
    for (size_t n = 0; n < sizeof(question);) {
        ssize_t more;

        check_going();
        more = recv(upstream, got + n, sizeof(got) - n, 0);
        n += more > 0 ? (size_t)more : 0;
    }
    ck_assert_mem_eq(got, question, sizeof(question));
    ck_assert_uint_eq(relay.up_left, 0);
}
END_TEST

START_TEST(one_whose_client_does_not_read_is_not_empty)
{
    static uint8_t answer[4 + 250000] = {0, 3, 0xd0, 0x90, 14};
    size_t sent = 0;

    GIVE(client, sign);
    check_going();
    while (!relay_is_client_slow(&relay)) {
        ssize_t n = send(upstream, answer + sent, sizeof(answer) - sent, MSG_NOSIGNAL);

        sent += n > 0 ? (size_t)n : 0;
        check_going();
    }
    begin_quiescing();
    ck_assert(!relay_is_empty(&relay));
    ck_assert_int_eq(relay_client_events(&relay), EV_WRITE);
}
END_TEST

START_TEST(one_that_holds_a_refused_question_back_is_not_empty)
{
    refused = AGENT_KIND_REMOVE;
    GIVE(client, sign);
    GIVE(client, remove_all);
    check_going();
    begin_quiescing();
    ck_assert(!relay_is_empty(&relay));
}
END_TEST

static void add(TCase *tcase)
{
    wire_add(tcase);
    tcase_add_test(tcase, one_at_rest_is_empty_and_reads_no_more);
    tcase_add_loop_test(tcase, a_question_whose_beginning_is_here_is_completed_and_no_other_begun, 0,
                        sizeof(sign));
    tcase_add_loop_test(tcase, an_answer_whose_beginning_is_here_goes_on, 1, sizeof(sign_answer));
    tcase_add_test(tcase, of_a_long_question_the_rest_is_left_where_it_is);
    tcase_add_test(tcase, one_whose_client_does_not_read_is_not_empty);
    tcase_add_test(tcase, one_that_holds_a_refused_question_back_is_not_empty);
}

int main(void)
{
    return run_tests("relay_quiesces", add);
}
