/* SPDX-License-Identifier: MIT */
/* A dial against a fake agent on a real socket. */
#include "config.h"

#include "relayd/upstream/dial.h"
#include "tests/unit/clock.h"
#include "tests/unit/fake.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const uint8_t instance[AGENT_INSTANCE] = "instance of 16b";
static const uint8_t sign[] = {0, 0, 0, 3, AGENT_SIGN_REQUEST, 1, 2};

static struct ev_loop *loop;
static struct fake fake;
static struct dial dial;
static struct pin pin;
static unsigned n_done;
static enum dial_result result;

static void on_done(struct dial *d, enum dial_result r)
{
    ck_assert_ptr_eq(d, &dial);
    ck_assert_int_eq(d->state, DIAL_IDLE);
    n_done++;
    result = r;
}

static void open_pin(struct pin *at, const char *path)
{
    static const char *const no_own_paths[2];
    const char *reason;

    ck_assert_int_eq(pin_open(at, path, no_own_paths, &reason), 0);
}

static void begin(void)
{
    clock_own();
    loop = ev_loop_new(0);
    fake_init(&fake, loop, scratch_path("agent"), 'f');
    open_pin(&pin, fake.path);
    dial_init(&dial, loop, &pin, on_done);
}

static void end(void)
{
    dial_fini(&dial);
    dial_fini(&dial);
    fake_fini(&fake);
    close(pin.fd);
    ev_loop_destroy(loop);
}

static bool is_done(const void *arg)
{
    return n_done > 0;
}

static enum dial_result wait_done(void)
{
    n_done = 0;
    turn_until(loop, is_done, NULL);
    turn_while_busy(loop);
    ck_assert_uint_eq(n_done, 1);
    return result;
}

static enum dial_result ask_list(void)
{
    n_done = 0;
    dial_ask(&dial, agent_list_question, sizeof(agent_list_question), AGENT_KIND_LIST);
    ck_assert_uint_eq(n_done, 0);
    return wait_done();
}

static enum dial_result probe(bool has_no_ping)
{
    n_done = 0;
    dial_ping(&dial, instance, 7, has_no_ping);
    ck_assert_uint_eq(n_done, 0);
    return wait_done();
}

static void check_list_answer(void)
{
    static const uint8_t wanted[] = {0, 0, 0, 6, 12, 0, 0, 0, 1, 'f'};

    ck_assert_uint_eq(flow_size(&dial.answer), sizeof(wanted));
    ck_assert_mem_eq(flow_head(&dial.answer), wanted, sizeof(wanted));
}

START_TEST(an_answer_is_taken_however_it_is_cut)
{
    fake_behave(&fake, _i == 0 ? FAKE_ANSWERS : FAKE_ANSWERS_BY_BYTES);
    ck_assert_int_eq(ask_list(), DIAL_ANSWERED);
    check_list_answer();
    ck_assert_int_eq(dial.peer.pid, getpid());
    ck_assert_double_ge(dial_waited(&dial), 0);
    ck_assert_double_lt(dial_waited(&dial), 20);
}
END_TEST

START_TEST(the_next_question_goes_over_the_same_connection)
{
    ck_assert_int_eq(probe(false), DIAL_ANSWERED);
    n_done = 0;
    dial_ask(&dial, sign, sizeof(sign), AGENT_KIND_SIGN);
    ck_assert_int_eq(wait_done(), DIAL_ANSWERED);
    ck_assert_uint_eq(flow_head(&dial.answer)[4], AGENT_SIGN_RESPONSE);
    ck_assert_int_eq(ask_list(), DIAL_ANSWERED);
    ck_assert_uint_eq(fake.connections, 1);
    ck_assert_uint_eq(fake.asked[AGENT_KIND_PING], 1);
    ck_assert_uint_eq(fake.asked[AGENT_KIND_SIGN], 1);
    ck_assert_uint_eq(fake.asked[AGENT_KIND_LIST], 1);
}
END_TEST

static const struct { enum fake_behaviour behaviour; enum dial_result result; } odd[] = {
    {FAKE_CLOSES, DIAL_CLOSED},
    {FAKE_CLOSES_HALFWAY, DIAL_CLOSED},
    {FAKE_IS_OVERSIZE, DIAL_NONSENSE},
    {FAKE_IS_EMPTY, DIAL_NONSENSE},
    {FAKE_TALKS_NONSENSE, DIAL_NONSENSE},
};

START_TEST(an_odd_agent_is_called_what_it_is)
{
    fake_behave(&fake, odd[_i].behaviour);
    ck_assert_int_eq(ask_list(), odd[_i].result);
    ck_assert_int_eq(dial.fd, -1);
    ck_assert_uint_eq(fake.open, 0);
    ck_assert_uint_eq(fake.asked[AGENT_KIND_LIST], 1);
}
END_TEST

START_TEST(an_answer_to_something_else_is_nonsense)
{
    n_done = 0;
    dial_ask(&dial, sign, sizeof(sign), AGENT_KIND_LIST);
    ck_assert_int_eq(wait_done(), DIAL_NONSENSE);
}
END_TEST

START_TEST(a_failure_is_an_answer)
{
    dial_ask(&dial, agent_list_question, sizeof(agent_list_question), AGENT_KIND_PING);
    ck_assert_int_eq(wait_done(), DIAL_NONSENSE); /* 12 does not answer a ping */
    ck_assert_int_eq(probe(false), DIAL_ANSWERED);
    ck_assert_mem_eq(flow_head(&dial.answer), agent_failure, sizeof(agent_failure));
}
END_TEST

static bool is_asked(const void *arg)
{
    return ((const struct fake *)arg)->n_asked > 0;
}

START_TEST(half_an_answer_is_waited_for)
{
    fake_behave(&fake, FAKE_STOPS_HALFWAY);
    dial_ask(&dial, agent_list_question, sizeof(agent_list_question), AGENT_KIND_LIST);
    turn_until(loop, is_asked, &fake);
    turn_while_busy(loop);
    ck_assert_uint_eq(n_done, 0);
    ck_assert_int_eq(dial.state, DIAL_ANSWERING);
    ck_assert_uint_eq(flow_size(&dial.answer), 9);
    dial_fini(&dial);
    turn_while_busy(loop);
    ck_assert_uint_eq(fake.open, 0);
    ck_assert_uint_eq(n_done, 0);
}
END_TEST

START_TEST(what_follows_the_answer_is_kept)
{
    static const uint8_t more[] = {0, 0, 0, 2, 99, 7};
    int fd;

    fake_behave(&fake, FAKE_SAYS_MORE);
    ck_assert_int_eq(ask_list(), DIAL_ANSWERED);
    ck_assert_uint_eq(flow_size(&dial.answer), 10 + sizeof(more));
    fd = dial_take_fd(&dial);
    ck_assert_int_eq(dial.fd, -1);
    dial_drop_answer(&dial);
    ck_assert_uint_eq(flow_size(&dial.answer), sizeof(more));
    ck_assert_mem_eq(flow_head(&dial.answer), more, sizeof(more));
    dial_fini(&dial);
    ck_assert_uint_eq(flow_size(&dial.answer), 0);
    ck_assert_int_ne(fcntl(fd, F_GETFD), -1);
    close(fd);
}
END_TEST

START_TEST(nobody_there_is_gone)
{
    fake_fini(&fake);
    if (_i == 1)
        unlink(fake.path);
    ck_assert_int_eq(ask_list(), DIAL_GONE);
    ck_assert_int_eq(dial.fd, -1);
}
END_TEST

START_TEST(the_pinned_socket_is_asked_whatever_its_path_is_now)
{
    struct fake other;

    ck_assert_int_eq(rename(fake.path, scratch_path("moved")), 0);
    fake_init(&other, loop, fake.path, 'o');
    ck_assert_int_eq(ask_list(), DIAL_ANSWERED);
    check_list_answer();
    ck_assert_uint_eq(other.connections, 0);
    fake_fini(&other);
}
END_TEST

START_TEST(a_socket_of_another_type_is_nonsense)
{
    const char *path = scratch_path("seqpacket");
    int listener = sock_listen(path, SOCK_SEQPACKET, 4);
    struct pin other;

    open_pin(&other, path);
    dial_init(&dial, loop, &other, on_done);
    ck_assert_int_eq(ask_list(), DIAL_NONSENSE);
    close(other.fd);
    close(listener);
}
END_TEST

START_TEST(without_descriptors_it_fails_and_blames_nobody)
{
    struct rlimit limit, none = {0};

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    turn_while_busy(loop);
    none.rlim_max = limit.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    dial_ask(&dial, agent_list_question, sizeof(agent_list_question), AGENT_KIND_LIST);
    turn_while_busy(loop);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_uint_eq(n_done, 1);
    ck_assert_int_eq(result, DIAL_FAILED);
}
END_TEST

START_TEST(a_ping_is_answered_by_a_failure)
{
    ck_assert_int_eq(probe(false), DIAL_ANSWERED);
    ck_assert(!dial.has_no_ping);
    ck_assert_uint_eq(fake.asked[AGENT_KIND_PING], 1);
    ck_assert_uint_eq(fake.n_asked, 1);
}
END_TEST

START_TEST(who_closes_on_a_ping_is_asked_for_a_listing)
{
    fake.on[AGENT_KIND_PING] = _i == 0 ? FAKE_CLOSES : FAKE_CLOSES_HALFWAY;
    ck_assert_int_eq(probe(false), DIAL_ANSWERED);
    ck_assert(dial.has_no_ping);
    ck_assert_uint_eq(fake.connections, 2);
    ck_assert_uint_eq(fake.asked[AGENT_KIND_LIST], 1);
    /* And then at once. */
    ck_assert_int_eq(probe(true), DIAL_ANSWERED);
    ck_assert_uint_eq(fake.asked[AGENT_KIND_PING], 1);
    ck_assert_uint_eq(fake.asked[AGENT_KIND_LIST], 2);
    ck_assert_uint_eq(fake.connections, 2);
}
END_TEST

START_TEST(who_closes_on_both_is_closed)
{
    fake.on[AGENT_KIND_PING] = fake.on[AGENT_KIND_LIST] = FAKE_CLOSES;
    ck_assert_int_eq(probe(false), DIAL_CLOSED);
    ck_assert_uint_eq(fake.connections, 2);
}
END_TEST

START_TEST(a_ping_answered_by_nonsense_is_not_asked_again)
{
    fake.on[AGENT_KIND_PING] = FAKE_TALKS_NONSENSE;
    ck_assert_int_eq(probe(false), DIAL_NONSENSE);
    ck_assert_uint_eq(fake.connections, 1);
}
END_TEST

START_TEST(a_question_is_closed_without_a_listing_in_its_place)
{
    fake_behave(&fake, FAKE_CLOSES);
    n_done = 0;
    dial_ask(&dial, sign, sizeof(sign), AGENT_KIND_SIGN);
    ck_assert_int_eq(wait_done(), DIAL_CLOSED);
    ck_assert_uint_eq(fake.connections, 1);
    ck_assert_uint_eq(fake.n_asked, 1);
}
END_TEST

static void make_room(struct ev_loop *l, ev_timer *timer, int events)
{
    ck_assert_uint_eq(n_done, 0);
    ck_assert_int_eq(dial.state, DIAL_CONNECTING);
    ev_io_start(l, &fake.io); /* begins to accept */
    ev_timer_stop(l, timer);
}

START_TEST(a_full_backlog_is_tried_again_until_there_is_room)
{
    int fds[64], n = 0;
    ev_timer drain;

    ev_io_stop(loop, &fake.io);
    while (n < 64 && (fds[n] = sock_open(fake.path, SOCK_STREAM)) >= 0)
        n++;
    ck_assert_int_lt(n, 64);
    ck_assert_int_eq(fds[n], -EAGAIN);
    ev_timer_init(&drain, make_room, 0.1, 0);
    ev_timer_start(loop, &drain);
    ck_assert_int_eq(ask_list(), DIAL_ANSWERED);
    check_list_answer();
    ck_assert_uint_eq(fake.asked[AGENT_KIND_LIST], 1);
    while (n > 0)
        close(fds[--n]);
}
END_TEST

START_TEST(a_question_of_a_full_frame_goes_out_whole)
{
    uint8_t *question = calloc(1, AGENT_FRAME_MAX);

    question[1] = 4;
    question[4] = AGENT_SIGN_REQUEST;
    n_done = 0;
    dial_ask(&dial, question, AGENT_FRAME_MAX, AGENT_KIND_SIGN);
    ck_assert_int_eq(wait_done(), DIAL_ANSWERED);
    ck_assert_uint_eq(fake.asked[AGENT_KIND_SIGN], 1);
    free(question);
}
END_TEST

static void add(TCase *tcase)
{
    scratch_add(tcase);
    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_loop_test(tcase, an_answer_is_taken_however_it_is_cut, 0, 2);
    tcase_add_test(tcase, the_next_question_goes_over_the_same_connection);
    tcase_add_loop_test(tcase, an_odd_agent_is_called_what_it_is, 0, 5);
    tcase_add_test(tcase, an_answer_to_something_else_is_nonsense);
    tcase_add_test(tcase, a_failure_is_an_answer);
    tcase_add_test(tcase, half_an_answer_is_waited_for);
    tcase_add_test(tcase, what_follows_the_answer_is_kept);
    tcase_add_loop_test(tcase, nobody_there_is_gone, 0, 2);
    tcase_add_test(tcase, the_pinned_socket_is_asked_whatever_its_path_is_now);
    tcase_add_test(tcase, a_socket_of_another_type_is_nonsense);
    tcase_add_test(tcase, without_descriptors_it_fails_and_blames_nobody);
    tcase_add_test(tcase, a_ping_is_answered_by_a_failure);
    tcase_add_loop_test(tcase, who_closes_on_a_ping_is_asked_for_a_listing, 0, 2);
    tcase_add_test(tcase, who_closes_on_both_is_closed);
    tcase_add_test(tcase, a_ping_answered_by_nonsense_is_not_asked_again);
    tcase_add_test(tcase, a_question_is_closed_without_a_listing_in_its_place);
    tcase_add_test(tcase, a_full_backlog_is_tried_again_until_there_is_room);
    tcase_add_test(tcase, a_question_of_a_full_frame_goes_out_whole);
}

int main(void)
{
    return run_tests("dial", add);
}
