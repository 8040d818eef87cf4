/* Choosing: who is asked a first question, in which order, and how often. What counts
 * most is that an unsafe question never reaches two. */
#include "config.h"

#include "relayd/base/util.h"
#include "tests/unit/stage.h"
#include "tests/unit/test.h"

#include <string.h>
#include <sys/socket.h>
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

static void add(TCase *tcase)
{
    stage_add(tcase);
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
