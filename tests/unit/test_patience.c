/* SPDX-License-Identifier: MIT */
/* Each row of patience's table, edge by edge. */
#include "config.h"

#include "relayd/upstream/patience.h"
#include "tests/unit/test.h"

#define JUST_UNDER (1 - 1e-9)

static struct patience with(enum link_state link, double waited)
{
    return (struct patience){
        .link = link, .rtt = -1, .base = 1, .dead_after = 10, .waited = waited};
}

START_TEST(patience_is_at_least_four_round_trips)
{
    ck_assert_double_eq(patience_base(1, -1), 1);
    ck_assert_double_eq(patience_base(1, 0), 1);
    ck_assert_double_eq(patience_base(1, 0.25), 1);
    ck_assert_double_eq(patience_base(1, 0.3), 4 * 0.3);
    ck_assert_double_eq(patience_base(0.1, 0.15), 4 * 0.15);
    ck_assert_double_eq(patience_base(1, 5), 3);
    ck_assert_double_eq(patience_base(5, 5), 5);
}
END_TEST

START_TEST(the_next_is_asked_when_patience_is_over)
{
    static const struct { enum link_state link; double edge; } rows[] = {
        {LINK_UNKNOWN, 1}, {LINK_UP, 5},
    };
    struct patience p = with(rows[_i].link, rows[_i].edge * JUST_UNDER);

    ck_assert(!patience_is_over(&p));
    p.waited = rows[_i].edge;
    ck_assert(patience_is_over(&p));
    p.rtt = 0.5;
    ck_assert(!patience_is_over(&p));
    p.waited = 2 * rows[_i].edge;
    ck_assert(patience_is_over(&p));
}
END_TEST

START_TEST(the_next_is_asked_at_once_where_the_link_is_down)
{
    struct patience p = with(LINK_DOWN, 0);

    ck_assert(patience_is_over(&p));
}
END_TEST

START_TEST(a_person_at_a_prompt_is_waited_for_while_the_link_is_not_down)
{
    struct patience p = with(LINK_UNKNOWN, 29);

    p.is_prompting = true;
    ck_assert(!patience_is_over(&p));
    p.link = LINK_UP;
    ck_assert(!patience_is_over(&p));
    p.link = LINK_DOWN;
    ck_assert(patience_is_over(&p));
}
END_TEST

START_TEST(a_first_question_is_given_up)
{
    static const struct { enum link_state link; double edge; } rows[] = {
        {LINK_UNKNOWN, 30}, {LINK_UP, 60},
    };
    struct patience p = with(rows[_i].link, rows[_i].edge * JUST_UNDER);

    p.down_for = 100; /* says nothing while it is not down */
    ck_assert(!patience_gives_up(&p));
    p.is_unsafe = true;
    ck_assert(!patience_gives_up(&p));
    p.waited = rows[_i].edge;
    ck_assert(patience_gives_up(&p));
}
END_TEST

START_TEST(a_dead_link_is_given_up)
{
    struct patience p = with(LINK_DOWN, 1000);

    p.down_for = 10 * JUST_UNDER;
    ck_assert(!patience_gives_up(&p));
    ck_assert(!patience_gives_up_owed(&p));
    p.is_unsafe = true;
    ck_assert(!patience_gives_up_owed(&p));
    p.down_for = 10;
    ck_assert(patience_gives_up(&p));
    ck_assert(patience_gives_up_owed(&p));
    p.dead_after = 20;
    ck_assert(!patience_gives_up(&p));
    ck_assert(!patience_gives_up_owed(&p));
}
END_TEST

START_TEST(what_is_owed_is_given_up)
{
    static const struct { enum link_state link; bool is_unsafe; double edge; } rows[] = {
        {LINK_UNKNOWN, false, 60}, {LINK_UNKNOWN, true, 600},
        {LINK_UP, false, 60}, {LINK_UP, true, 600},
    };
    struct patience p = with(rows[_i].link, rows[_i].edge * JUST_UNDER);

    p.is_unsafe = rows[_i].is_unsafe;
    ck_assert(!patience_gives_up_owed(&p));
    p.waited = rows[_i].edge;
    ck_assert(patience_gives_up_owed(&p));
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_test(tcase, patience_is_at_least_four_round_trips);
    tcase_add_loop_test(tcase, the_next_is_asked_when_patience_is_over, 0, 2);
    tcase_add_test(tcase, the_next_is_asked_at_once_where_the_link_is_down);
    tcase_add_test(tcase, a_person_at_a_prompt_is_waited_for_while_the_link_is_not_down);
    tcase_add_loop_test(tcase, a_first_question_is_given_up, 0, 2);
    tcase_add_test(tcase, a_dead_link_is_given_up);
    tcase_add_loop_test(tcase, what_is_owed_is_given_up, 0, 4);
}

int main(void)
{
    return run_tests("patience", add);
}
