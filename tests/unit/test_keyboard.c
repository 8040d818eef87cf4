/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "relayd/upstream/keyboard.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define OTHER_UID 54321

static struct registry registry;
static struct upstream *home, *office;
static int masters[2];

/* A login with a terminal of its own. */
static struct upstream *add_login(const char *path, int *master)
{
    struct upstream *u = upstream_new(path);

    *master = posix_openpt(O_RDWR | O_NOCTTY);
    ck_assert_int_ge(*master, 0);
    ck_assert_int_eq(grantpt(*master) | unlockpt(*master), 0);
    ck_assert_int_eq(upstream_set_facts(u, NULL, NULL, ptsname(*master)), 0);
    registry_add(&registry, u);
    return u;
}

static void set_read(const struct upstream *u, time_t at)
{
    const struct timespec times[] = {{.tv_sec = at}, {.tv_nsec = UTIME_OMIT}};

    ck_assert_int_eq(utimensat(AT_FDCWD, u->login.tty, times, 0), 0);
}

/* Its terminal was read from that many seconds ago. */
static void typed(const struct upstream *u, time_t ago)
{
    set_read(u, time(NULL) - ago);
}

static const struct upstream *first(void)
{
    keyboard_look(&registry);
    return list_entry(registry.order.next, struct upstream, turn);
}

static void set_up(void)
{
    registry_init(&registry);
    home = add_login("/home.sock", &masters[0]);
    office = add_login("/office.sock", &masters[1]);
    typed(home, 100);
    typed(office, 200);
}

static void tear_down(void)
{
    registry_fini(&registry);
    close(masters[0]);
    close(masters[1]);
}

START_TEST(nobody_is_followed_unless_asked)
{
    ck_assert_ptr_eq(first(), office);
    registry_follow(&registry, true, NULL, 1);
    ck_assert_ptr_eq(first(), home);
    registry_follow(&registry, false, NULL, 2);
    ck_assert_ptr_eq(first(), office);
}
END_TEST

START_TEST(the_last_to_type_goes_first)
{
    registry_follow(&registry, true, NULL, 1);
    typed(office, 50);
    ck_assert_ptr_eq(first(), office);
    typed(home, 10);
    ck_assert_ptr_eq(first(), home);
    typed(home, 60);
    ck_assert_ptr_eq(first(), office);
}
END_TEST

START_TEST(what_is_noted_counts_for_more_than_what_was_before)
{
    typed(home, 1);
    keyboard_note(&registry, office);
    ck_assert_ptr_eq(first(), office);
    keyboard_note(&registry, home);
    ck_assert_ptr_eq(first(), home);
    ck_assert(registry.is_following);
}
END_TEST

/* The clock was set back, by an hour. */
START_TEST(times_to_come_say_nothing)
{
    registry_follow(&registry, true, NULL, 1);
    typed(office, -3600);
    ck_assert_ptr_eq(first(), home);
    home->typed_at = (double)time(NULL) + 3600;
    typed(home, -3600);
    typed(office, 30);
    ck_assert_ptr_eq(first(), office);
}
END_TEST

START_TEST(one_that_is_preferred_goes_before_and_one_that_is_silent_does_not)
{
    keyboard_note(&registry, home);
    registry_prefer(&registry, office->id);
    ck_assert_ptr_eq(first(), office);
    registry_prefer(&registry, 0);
    ck_assert_ptr_eq(first(), home);
    registry_set_silent(&registry, home, 10, CAUSE_NO_ANSWER, 1);
    ck_assert_ptr_eq(first(), office);
    registry_set_alive(&registry, home, 11);
    ck_assert_ptr_eq(first(), home);
    registry_drop(&registry, home, "it ends");
    ck_assert_uint_eq(registry.followed, 0);
    ck_assert_ptr_eq(first(), office);
}
END_TEST

/* Whoever is followed has typed no earlier. */
START_TEST(of_two_at_once_the_one_that_is_followed_stays)
{
    const time_t now = time(NULL);
    const struct upstream *last = _i == 0 ? home : office;

    registry_follow(&registry, true, NULL, 1);
    typed(last, 60);
    ck_assert_ptr_eq(first(), last);
    set_read(home, now - 30);
    set_read(office, now - 30);
    ck_assert_ptr_eq(first(), last);
}
END_TEST

/* The office's terminal would be the last that was typed at. */
START_TEST(what_is_no_terminal_of_ours_is_not_looked_at)
{
    char tty[64];

    registry_follow(&registry, true, NULL, 1);
    typed(office, 10);
    snprintf(tty, sizeof(tty), "%s", office->login.tty);
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert_int_eq(upstream_set_facts(office, NULL, NULL, tty + 1), 0);
    ck_assert_ptr_eq(first(), home);
    ck_assert_int_eq(upstream_set_facts(office, NULL, NULL, "/nowhere"), 0);
    ck_assert_ptr_eq(first(), home);
    scratch_write(scratch_path("file"), "", 0);
    ck_assert_int_eq(upstream_set_facts(office, NULL, NULL, scratch_path("file")), 0);
    typed(office, 10);
    ck_assert_ptr_eq(first(), home);
    ck_assert_int_eq(upstream_set_facts(office, NULL, NULL, tty), 0);
    if (chown(tty, OTHER_UID, (gid_t)-1) == 0)
        ck_assert_ptr_eq(first(), home);
    else
        ck_assert_ptr_eq(first(), office);
}
END_TEST

static void add(TCase *tcase)
{
    scratch_add(tcase);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, nobody_is_followed_unless_asked);
    tcase_add_test(tcase, the_last_to_type_goes_first);
    tcase_add_test(tcase, what_is_noted_counts_for_more_than_what_was_before);
    tcase_add_test(tcase, times_to_come_say_nothing);
    tcase_add_test(tcase, one_that_is_preferred_goes_before_and_one_that_is_silent_does_not);
    tcase_add_loop_test(tcase, of_two_at_once_the_one_that_is_followed_stays, 0, 2);
    tcase_add_test(tcase, what_is_no_terminal_of_ours_is_not_looked_at);
}

int main(void)
{
    return run_tests("keyboard", add);
}
