/* SPDX-License-Identifier: MIT */
/* Attempts: what becomes of them where their upstream changes, or where we have nothing left to
 * begin them with. */
#include "config.h"

#include "relayd/base/util.h"
#include "tests/unit/scratch.h"
#include "tests/unit/stage.h"
#include "tests/unit/test.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static const uint8_t no_keys[] = {0, 0, 0, 5, 12, 0, 0, 0, 0};

static struct upstream *upstream_of(const struct fake *fake)
{
    return registry_find_path(&registry, fake->path);
}

static bool is_asked(const void *arg)
{
    return ((const struct fake *)arg)->n_asked > 0;
}

/* No descriptor is left, until the limit is raised again. */
static struct rlimit take_all_descriptors(void)
{
    int lowest = dup(STDIN_FILENO);
    struct rlimit before, none;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){.rlim_cur = (rlim_t)lowest, .rlim_max = before.rlim_max};
    close(lowest);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    return before;
}

START_TEST(a_ping_without_a_descriptor_is_tried_later_and_stops_nobody)
{
    struct rlimit before;

    add_both();
    begin_client();
    before = take_all_descriptors();
    ASK(sign);
    turn_for(options.patience / 2);
    ck_assert_uint_eq(a.n_asked, 0);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    turn_until(loop, is_asked, &a);
    HEAR(sign_by_a);
}
END_TEST

/* For half a minute nothing could be asked, and then it is asked at last: it owes nothing yet. */
START_TEST(who_was_not_asked_for_want_of_a_descriptor_is_not_silent)
{
    struct rlimit before;
    struct attempt *attempt;

    add_fake(&a);
    begin_client();
    before = take_all_descriptors();
    ASK(list);
    outlast_patience();
    ck_assert_uint_eq(a.n_asked, 0);
    attempt = list_entry(sessions.attempts.list.next, struct attempt, link);
    attempt->began -= PATIENCE_UP;
    attempt->waiting_since -= PATIENCE_UP;
    HEAR(failure);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    ck_assert_int_eq(upstream_of(&a)->state, UPSTREAM_ALIVE);
}
END_TEST

START_TEST(what_was_never_begun_is_freed)
{
    attempt_free(NULL);
}
END_TEST

/* What the daemon allocates comes through here. */
static bool is_out_of_memory;
static int spare; /* allocations, then */

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *__wrap_malloc(size_t size)
{
    return is_out_of_memory && spare-- <= 0 ? NULL : __real_malloc(size);
}

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

void *__wrap_calloc(size_t n, size_t size)
{
    return is_out_of_memory && spare-- <= 0 ? NULL : __real_calloc(n, size);
}

static struct session *the_session(void)
{
    return list_entry(sessions.list.next, struct session, link);
}

START_TEST(an_attempt_without_memory_is_tried_later_and_stops_nobody)
{
    add_both();
    a.on[AGENT_KIND_LIST] = FAKE_SAYS_NOTHING;
    begin_client();
    ASK(list);
    turn_until(loop, is_asked, &a);
    the_session()->choosing_since -= PATIENCE_UNKNOWN / 2;
    is_out_of_memory = true;
    outlast_patience();
    is_out_of_memory = false;
    HEAR(list_by_b);
}
END_TEST

START_TEST(a_client_without_memory_is_closed_and_told_of)
{
    uint64_t refused = sessions.refused;
    int pair[2];
    char byte;

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    is_out_of_memory = true;
    sessions_accept(&sessions, pair[1]);
    is_out_of_memory = false;
    ck_assert_int_eq(recv(pair[0], &byte, 1, 0), 0);
    ck_assert_uint_eq(sessions.refused, refused + 1);
    close(pair[0]);
}
END_TEST

/* At the start of a relayd: the others are taken up. */
START_TEST(a_saved_login_without_memory_is_dropped)
{
    struct upstream *kept, *u;

    add_both();
    kept = upstream_of(&b);
    u = upstream_new(b.path);
    u->pin = kept->pin;
    u->pin.fd = -1;
    registry_drop(&registry, kept, "for the test");
    is_out_of_memory = true;
    enrol_resume(&enrol, u);
    is_out_of_memory = false;
    ck_assert_ptr_null(upstream_of(&b));
    ck_assert_uint_eq(registry.n, 1);
}
END_TEST

/* There is none for the question itself, or for a bind that is kept. */
START_TEST(without_memory_the_session_ends_and_nothing_else)
{
    static const uint8_t bind[] = {0, 0, 0, 29, 27, 0, 0, 0, 24, 's', 'e', 's', 's', 'i', 'o', 'n', '-',
                                   'b', 'i', 'n', 'd', '@', 'o', 'p', 'e', 'n', 's', 's', 'h', '.',
                                   'c', 'o', 'm'};

    add_both();
    begin_client();
    ASK(bind);
    spare = _i;
    is_out_of_memory = true;
    turn_while_busy(loop);
    is_out_of_memory = false;
    check_end();
    check_quiet(&a);
    begin_client();
    ASK(list);
    HEAR(list_by_a);
}
END_TEST

/* a turns out to lead back here, or is unregistered. */
static void lose_a(bool is_loop)
{
    if (is_loop) {
        registry_set_silent(&registry, upstream_of(&a), monotonic_seconds(), CAUSE_LOOP, 0);
        return;
    }
    sessions_end_upstream(&sessions, upstream_of(&a), SESSION_DROPPED);
    registry_drop(&registry, upstream_of(&a), "for the test");
}

/* a has said that it has no keys, and b is waited for. */
static void keep_answer_of_a(void)
{
    options.patience = 10;
    add_both();
    a.on[AGENT_KIND_LIST] = b.on[AGENT_KIND_LIST] = FAKE_SAYS_NOTHING;
    begin_client();
    ASK(list);
    turn_until(loop, is_asked, &a);
    fake_say(&a, no_keys, sizeof(no_keys));
    turn_until(loop, is_asked, &b);
}

START_TEST(an_answer_that_was_kept_goes_with_its_upstream)
{
    const uint8_t *answer = _i < 2 ? no_keys : list_by_b;
    size_t size = _i < 2 ? sizeof(no_keys) : sizeof(list_by_b);

    keep_answer_of_a();
    lose_a(_i % 2 == 0);
    turn_while_busy(loop);
    ck_assert(!has_answer(NULL));
    fake_say(&b, answer, size);
    hear(answer, size);
    ck_assert_uint_eq(sessions.n, 1);
    ck_assert_uint_eq(b.open, 1);
}
END_TEST

START_TEST(without_the_answer_that_was_kept_there_may_be_none)
{
    keep_answer_of_a();
    lose_a(true);
    fake_fini(&b);
    HEAR(failure);
    check_end();
}
END_TEST

START_TEST(of_two_answers_that_are_kept_the_second_stands_in_for_the_first)
{
    struct enrol_request request = {.path = scratch_path("c")};
    const char *reason;
    struct fake c;

    fake_init(&c, loop, request.path, 'c');
    c.on[AGENT_KIND_LIST] = FAKE_SAYS_NOTHING;
    ck_assert_uint_ne(enrol_register(&enrol, &request, &reason), 0);
    turn_while_busy(loop);
    c.n_asked = 0;
    keep_answer_of_a();
    fake_say(&b, no_keys, sizeof(no_keys));
    turn_until(loop, is_asked, &c);
    turn_while_busy(loop);
    lose_a(true);
    turn_while_busy(loop);
    ck_assert(!has_answer(NULL));
    fake_say(&c, failure, sizeof(failure));
    HEAR(no_keys);
    ck_assert_uint_eq(b.open, 1);
    fake_fini(&c);
}
END_TEST

START_TEST(whoever_waits_behind_a_ping_goes_on_without_its_upstream)
{
    int first;

    options.patience = 10;
    add_both();
    a.on[AGENT_KIND_PING] = FAKE_SAYS_NOTHING;
    begin_client();
    ASK(sign);
    turn_until(loop, is_asked, &a);
    first = the_client;
    begin_client();
    upstream_of(&a)->is_heard = false;
    ASK(list);
    turn_while_busy(loop);
    ck_assert_uint_eq(a.n_asked, 1);
    lose_a(false);
    HEAR(list_by_b);
    close(first);
}
END_TEST

START_TEST(without_its_upstream_an_attempt_waits_half_a_minute)
{
    add_both();
    registry_drop(&registry, upstream_of(&b), "for the test");
    a.on[AGENT_KIND_LIST] = FAKE_SAYS_NOTHING;
    begin_client();
    ASK(list);
    turn_until(loop, is_asked, &a);
    registry_drop(&registry, upstream_of(&a), "for the test");
    outlast_patience();
    ck_assert(!has_answer(NULL));
    list_entry(sessions.attempts.list.next, struct attempt, link)->waiting_since -= PATIENCE_UNKNOWN;
    HEAR(failure);
    check_end();
}
END_TEST

static void add(TCase *tcase)
{
    stage_add(tcase);
    tcase_add_test(tcase, what_was_never_begun_is_freed);
    tcase_add_test(tcase, a_saved_login_without_memory_is_dropped);
    tcase_add_loop_test(tcase, without_memory_the_session_ends_and_nothing_else, 0, 2);
    tcase_add_test(tcase, of_two_answers_that_are_kept_the_second_stands_in_for_the_first);
    tcase_add_test(tcase, whoever_waits_behind_a_ping_goes_on_without_its_upstream);
    tcase_add_test(tcase, without_its_upstream_an_attempt_waits_half_a_minute);
    tcase_add_test(tcase, a_ping_without_a_descriptor_is_tried_later_and_stops_nobody);
    tcase_add_test(tcase, who_was_not_asked_for_want_of_a_descriptor_is_not_silent);
    tcase_add_test(tcase, a_client_without_memory_is_closed_and_told_of);
    tcase_add_test(tcase, an_attempt_without_memory_is_tried_later_and_stops_nobody);
    tcase_add_loop_test(tcase, an_answer_that_was_kept_goes_with_its_upstream, 0, 4);
    tcase_add_test(tcase, without_the_answer_that_was_kept_there_may_be_none);
}

int main(void)
{
    return run_tests("attempts", add);
}
