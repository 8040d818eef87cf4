/* SPDX-License-Identifier: MIT */
/* A program beside: this one itself, as what takes long, and as what meets a broken pipe. */
#include "config.h"

#include "relayd/host/run.h"
#include "tests/unit/fake.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct run run;
static bool is_over;

static void on_end(struct run *r)
{
    is_over = true;
}

static bool has_ended(const void *arg)
{
    return is_over;
}

static void begin(void)
{
    is_over = false;
    run_init(&run, ev_default_loop(0), on_end);
}

static void end(void)
{
    run_fini(&run);
}

static int run_self(const char *as, double seconds)
{
    char word[16];

    strcpy(word, as);
    return run_beside(&run, (char *[]){program_invocation_short_name, word, NULL}, seconds);
}

START_TEST(what_is_not_there_is_not_run)
{
    static char name[PATH_MAX];

    /* valgrind makes a fork() of vfork(2), and then nobody hears what execve(2) said. */
    if (!in_valgrind())
        ck_assert_int_eq(run_beside(&run, (char *[]){(char[]){"no-such-program"}, NULL}, 1), -ENOENT);
    memset(name, 'x', sizeof(name) - 1);
    ck_assert_int_eq(run_beside(&run, (char *[]){name, NULL}, 1), -ENOENT);
    ck_assert(!run.is_running);
}
END_TEST

START_TEST(who_takes_too_long_is_ended)
{
    ck_assert_int_eq(run_self("sleeps", 0.1), 0);
    ck_assert(run.is_running);
    turn_until(run.loop, has_ended, NULL);
    ck_assert(!run.is_running);
    ck_assert(WIFSIGNALED(run.child.rstatus) && WTERMSIG(run.child.rstatus) == SIGKILL);
}
END_TEST

START_TEST(what_runs_ends_with_us)
{
    int status;

    ck_assert_int_eq(run_self("sleeps", 60), 0);
    run_fini(&run);
    ck_assert_int_gt(waitpid(run.child.pid, &status, 0), 0);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    ck_assert(!is_over);
}
END_TEST

/* relayd ignores some. */
static const int ignored[] = {SIGPIPE, SIGXFSZ, SIGTTOU};

START_TEST(signals_there_are_as_usual)
{
    sigset_t all;

    for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
        signal(ignored[i], SIG_IGN);
    sigfillset(&all);
    ck_assert_int_eq(sigprocmask(SIG_BLOCK, &all, NULL), 0);
    ck_assert_int_eq(run_self("breaks", 20), 0);
    sigprocmask(SIG_UNBLOCK, &all, NULL);
    turn_until(run.loop, has_ended, NULL);
    ck_assert(WIFSIGNALED(run.child.rstatus) && WTERMSIG(run.child.rstatus) == SIGPIPE);
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_test(tcase, what_is_not_there_is_not_run);
    tcase_add_test(tcase, who_takes_too_long_is_ended);
    tcase_add_test(tcase, what_runs_ends_with_us);
    tcase_add_test(tcase, signals_there_are_as_usual);
}

int main(int argc, char **argv)
{
    if (argc == 1)
        return run_tests("run", add);
    if (strcmp(argv[1], "sleeps") == 0)
        sleep(60);
    for (size_t i = 1; i < ARRAY_SIZE(ignored); i++) {
        if (signal(ignored[i], SIG_DFL) != SIG_DFL)
            return 0;
    }
    raise(SIGPIPE);
    return 0;
}
