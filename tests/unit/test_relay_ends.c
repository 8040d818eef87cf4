/* SPDX-License-Identifier: MIT */
/* How a relay ends, and what must not end it: large frames, half-close, a client
 * that does not read, an upstream that leaves. */
#include "config.h"

#include "relayd/base/util.h"
#include "tests/unit/test.h"
#include "tests/unit/wire.h"

#include <errno.h>
#include <ev.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A frame whose length says n, and its bytes, each telling where it stands. */
static uint8_t *make_frame(uint32_t n, uint8_t type)
{
    uint8_t *frame = malloc(4 + (size_t)n);

    ck_assert_ptr_nonnull(frame);
    for (uint32_t i = 0; i < 4 + n; i++)
        frame[i] = (uint8_t)(i * 13 + i / 253);
    frame[0] = (uint8_t)(n >> 24), frame[1] = (uint8_t)(n >> 16);
    frame[2] = (uint8_t)(n >> 8), frame[3] = (uint8_t)n;
    frame[4] = type;
    return frame;
}

/* Carries frame from one end to the other and checks every byte. */
static void carry(int from, int to, const uint8_t *frame, size_t size)
{
    uint8_t *got = malloc(size);
    size_t in = 0, out = 0;

    while (out < size) {
        ssize_t n = send(from, frame + in, size - in, MSG_NOSIGNAL);

        in += n > 0 ? (size_t)n : 0;
        check_going();
        ck_assert_uint_le(flow_size(&relay.up), FLOW_SIZE);
        ck_assert_uint_le(flow_size(&relay.down), FLOW_SIZE);
        n = recv(to, got + out, size - out, 0);
        out += n > 0 ? (size_t)n : 0;
    }
    ck_assert_mem_eq(got, frame, size);
    free(got);
}

START_TEST(the_largest_frame_passes_both_ways)
{
    uint8_t *question = make_frame(262144, 13), *answer = make_frame(262144, 14);

    carry(client, upstream, question, 4 + 262144);
    ck_assert_uint_eq(relay.owed, 1);
    carry(upstream, client, answer, 4 + 262144);
    ck_assert_uint_eq(relay.owed, 0);
    ck_assert_ptr_null(relay.up.bytes);
    ck_assert_ptr_null(relay.down.bytes);
    free(question);
    free(answer);
}
END_TEST

START_TEST(a_question_over_the_largest_ends_the_client)
{
    static const uint8_t bad[][5] = {{0, 4, 0, 1, 13}, {0, 0, 0, 0, 13}, {'G', 'E', 'T', ' ', '/'}};

    give(client, bad[_i], 5);
    ck_assert_int_eq(step(), RELAY_CLIENT_BAD);
    check_nothing(upstream);
}
END_TEST

START_TEST(an_answer_over_the_largest_ends_the_relay)
{
    static const uint8_t bad[][5] = {{0, 4, 0, 1, 14}, {0, 0, 0, 0, 14}};

    GIVE(client, sign);
    check_going();
    give(upstream, bad[_i], 5);
    ck_assert_int_eq(step(), RELAY_UPSTREAM_BAD);
    check_nothing(client);
}
END_TEST

START_TEST(a_good_question_before_a_bad_one_still_goes_up)
{
    static const uint8_t both[] = {0, 0, 0, 1, 11, 0, 4, 0, 1, 13};

    GIVE(client, both);
    ck_assert_int_eq(step(), RELAY_CLIENT_BAD);
    TAKE(upstream, list);
}
END_TEST

START_TEST(a_client_that_only_shut_down_gets_its_answer)
{
    GIVE(client, sign);
    shutdown(client, SHUT_WR);
    ck_assert_int_eq(carry_on(), RELAY_GOING);
    TAKE(upstream, sign);
    /* Held back: an agent drops its answer where it sees the end. */
    check_nothing(upstream);
    ck_assert(relay.is_client_done);
    ck_assert_int_eq(relay_client_events(&relay), 0);
    check_going();
    GIVE(upstream, sign_answer);
    ck_assert_int_eq(carry_on(), RELAY_CLIENT_DONE);
    TAKE(client, sign_answer);
}
END_TEST

START_TEST(a_client_that_is_owed_nothing_is_done)
{
    shutdown(client, SHUT_WR);
    ck_assert_int_eq(carry_on(), RELAY_CLIENT_DONE);
}
END_TEST

START_TEST(half_a_question_at_the_end_is_dropped)
{
    give(client, sign, 6);
    shutdown(client, SHUT_WR);
    ck_assert_int_eq(carry_on(), RELAY_CLIENT_DONE);
    check_nothing(upstream);
}
END_TEST

START_TEST(a_question_that_is_cut_off_on_its_way_up_ends_it)
{
    uint8_t *question = make_frame(10000, 13);

    give(client, question, 6000);
    check_going();
    ck_assert_uint_eq(relay.owed, 1);
    shutdown(client, SHUT_WR);
    ck_assert_int_eq(carry_on(), RELAY_CLIENT_DONE);
    free(question);
}
END_TEST

START_TEST(an_upstream_that_closes_ends_it_after_what_it_said)
{
    GIVE(client, sign);
    GIVE(client, list);
    check_going();
    GIVE(upstream, sign_answer);
    upstream = close_fd(upstream);
    ck_assert_int_eq(carry_on(), RELAY_UPSTREAM_CLOSED);
    TAKE(client, sign_answer);
    ck_assert_uint_eq(relay.owed, 1);
}
END_TEST

START_TEST(what_was_answered_before_a_broken_write_is_delivered)
{
    GIVE(client, list);
    check_going();
    GIVE(upstream, list_answer);
    upstream = close_fd(upstream);
    GIVE(client, sign);
    ck_assert_int_eq(carry_on(), RELAY_UPSTREAM_CLOSED);
    TAKE(client, list_answer);
}
END_TEST

START_TEST(an_answer_larger_than_memory_is_delivered_after_its_upstream_closed)
{
    uint8_t *answer = make_frame(100000, 14), *got = malloc(100004);
    enum relay_end last = RELAY_GOING;
    int room = 4096;
    size_t have = 0;
    ssize_t n;

    setsockopt(client_fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
    GIVE(client, sign);
    check_going();
    give(upstream, answer, 100004);
    upstream = close_fd(upstream);
    while (have < 100004 || last == RELAY_GOING) {
        if (last == RELAY_GOING)
            last = step();
        n = recv(client, got + have, have + 1000 < 100004 ? 1000 : 100004 - have, 0);
        ck_assert(n > 0 || last == RELAY_GOING);
        have += n > 0 ? (size_t)n : 0;
    }
    ck_assert_int_eq(last, RELAY_UPSTREAM_CLOSED);
    ck_assert_mem_eq(got, answer, 100004);
    free(answer);
    free(got);
}
END_TEST

START_TEST(half_an_answer_at_the_end_owes_still)
{
    GIVE(client, sign);
    check_going();
    give(upstream, sign_answer, 3);
    upstream = close_fd(upstream);
    ck_assert_int_eq(carry_on(), RELAY_UPSTREAM_CLOSED);
    ck_assert_uint_eq(relay.owed, 1);
}
END_TEST

START_TEST(a_client_that_has_gone_ends_it)
{
    GIVE(client, sign);
    check_going();
    client = close_fd(client);
    GIVE(upstream, sign_answer);
    ck_assert_int_eq(carry_on(), RELAY_CLIENT_GONE);
}
END_TEST

/* Answers until nothing more fits; returns how many bytes went. */
static size_t fill_down(const uint8_t *answer, size_t size)
{
    size_t all = 0;

    for (;;) {
        ssize_t n = send(upstream, answer + all % size, size - all % size, MSG_NOSIGNAL);

        check_going();
        ck_assert_uint_le(flow_size(&relay.down), FLOW_SIZE);
        if (n < 0 && flow_is_full(&relay.down))
            return all;
        all += n > 0 ? (size_t)n : 0;
    }
}

START_TEST(a_client_that_does_not_read_is_waited_for)
{
    uint8_t *answer = make_frame(5000, 14), *got = malloc(5004);
    size_t all = fill_down(answer, 5004), seen = 0;
    ssize_t n;

    ck_assert_int_eq(relay_upstream_events(&relay) & EV_READ, 0);
    ck_assert_int_ne(relay_client_events(&relay) & EV_WRITE, 0);
    while (seen < all) {
        n = recv(client, got, 5004 - seen % 5004, 0);
        ck_assert_int_gt(n, 0);
        ck_assert_mem_eq(got, answer + seen % 5004, (size_t)n);
        seen += (size_t)n;
        check_going();
    }
    ck_assert_uint_eq(relay.answered, all / 5004);
    ck_assert_uint_eq(relay.owed, 0);
    free(answer);
    free(got);
}
END_TEST

START_TEST(an_upstream_that_does_not_read_is_waited_for)
{
    ssize_t n;

    do {
        n = send(client, remove_all, sizeof(remove_all), MSG_NOSIGNAL);
        ck_assert(n < 0 || n == sizeof(remove_all));
        check_going();
        ck_assert_uint_le(flow_size(&relay.up), FLOW_SIZE);
    } while (n > 0);
    ck_assert_int_eq(relay_client_events(&relay) & EV_READ, 0);
    ck_assert_int_ne(relay_upstream_events(&relay) & EV_WRITE, 0);
}
END_TEST

/* The kernel tells the other end of bytes that nobody has read. */
START_TEST(a_client_that_left_an_answer_unread_ends_it)
{
    GIVE(client_fd, list_answer);
    close(client);
    client = -1;
    ck_assert_int_eq(step(), RELAY_CLIENT_GONE);
}
END_TEST

static bool is_out_of_memory;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *__wrap_malloc(size_t size)
{
    return is_out_of_memory ? NULL : __real_malloc(size);
}

/* Check needs some for what it is asked. */
static bool pass(void *arg, enum agent_kind kind, const uint8_t *bytes, size_t n)
{
    return true;
}

static enum relay_end step_without_memory(void)
{
    enum relay_end end;

    is_out_of_memory = true;
    end = step();
    is_out_of_memory = false;
    return end;
}

START_TEST(only_what_has_to_wait_needs_memory)
{
    relay.gate = pass;
    GIVE(client, list);
    ck_assert_int_eq(step_without_memory(), RELAY_GOING);
    TAKE(upstream, list);
    GIVE(upstream, list_answer);
    ck_assert_int_eq(step_without_memory(), RELAY_GOING);
    TAKE(client, list_answer);
    give(_i == 0 ? client : upstream, sign, 3);
    ck_assert_int_eq(step_without_memory(), RELAY_NO_MEMORY);
    ck_assert_ptr_null(relay.up.bytes);
    ck_assert_ptr_null(relay.down.bytes);
}
END_TEST

static void add(TCase *tcase)
{
    wire_add(tcase);
    tcase_add_loop_test(tcase, only_what_has_to_wait_needs_memory, 0, 2);
    tcase_add_test(tcase, a_client_that_left_an_answer_unread_ends_it);
    tcase_add_test(tcase, the_largest_frame_passes_both_ways);
    tcase_add_loop_test(tcase, a_question_over_the_largest_ends_the_client, 0, 3);
    tcase_add_loop_test(tcase, an_answer_over_the_largest_ends_the_relay, 0, 2);
    tcase_add_test(tcase, a_good_question_before_a_bad_one_still_goes_up);
    tcase_add_test(tcase, a_client_that_only_shut_down_gets_its_answer);
    tcase_add_test(tcase, a_client_that_is_owed_nothing_is_done);
    tcase_add_test(tcase, half_a_question_at_the_end_is_dropped);
    tcase_add_test(tcase, a_question_that_is_cut_off_on_its_way_up_ends_it);
    tcase_add_test(tcase, an_upstream_that_closes_ends_it_after_what_it_said);
    tcase_add_test(tcase, what_was_answered_before_a_broken_write_is_delivered);
    tcase_add_test(tcase, an_answer_larger_than_memory_is_delivered_after_its_upstream_closed);
    tcase_add_test(tcase, half_an_answer_at_the_end_owes_still);
    tcase_add_test(tcase, a_client_that_has_gone_ends_it);
    tcase_add_test(tcase, a_client_that_does_not_read_is_waited_for);
    tcase_add_test(tcase, an_upstream_that_does_not_read_is_waited_for);
}

int main(void)
{
    return run_tests("relay_ends", add);
}
