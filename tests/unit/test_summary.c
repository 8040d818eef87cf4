/* SPDX-License-Identifier: MIT */
/* What systemd and who watches are told in a line. */
#include "config.h"

#include "relayd/base/log.h"
#include "relayd/control/summary.h"
#include "tests/unit/test.h"

static struct registry registry;

static void begin(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    registry_init(&registry);
}

static void end(void)
{
    registry_fini(&registry);
}

static struct upstream *add_one(const char *path)
{
    struct upstream *u = upstream_new(path);

    registry_add(&registry, u);
    return u;
}

static void silence(struct upstream *u)
{
    registry_set_silent(&registry, u, 1, CAUSE_NO_ANSWER, 1);
}

static void check_summary(unsigned clients, const char *wanted)
{
    char text[256];

    ck_assert_ptr_eq(summary_of(&registry, clients, text, sizeof(text)), text);
    ck_assert_str_eq(text, wanted);
}

START_TEST(a_summary_fits_into_a_line)
{
    struct upstream *a, *b;

    check_summary(0, "0 logins, 0 clients");
    a = add_one("/tmp/a");
    check_summary(1, "1 login, serving /tmp/a, 1 client");
    b = add_one("/tmp/b");
    upstream_set_facts(a, "laptop", "10.0.0.5 50022 10.0.0.9 22", NULL);
    registry_prefer(&registry, a->id);
    check_summary(2, "2 logins, serving laptop (10.0.0.5), 2 clients");
    silence(a);
    check_summary(2, "2 logins, serving /tmp/b, 2 clients");
    silence(b);
    check_summary(2, "2 logins, none answers, 2 clients");
    registry_pause(&registry, true, 0);
    check_summary(0, "2 logins, paused, 0 clients");
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_test(tcase, a_summary_fits_into_a_line);
}

int main(void)
{
    return run_tests("summary", add);
}
