/* SPDX-License-Identifier: MIT */
/* What the service manager is told. It is played: a datagram socket. */
#include "config.h"

#include "relayd/base/log.h"
#include "relayd/control/report.h"
#include "tests/unit/scratch.h"
#include "tests/unit/stage.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct notify notify;
static struct report report;
static int manager;
static char text[512];

static void begin(void)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};

    snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", scratch_path("notify"));
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    ck_assert_int_eq(bind(manager, (struct sockaddr *)&sun, sizeof(sun)), 0);
    setenv("NOTIFY_SOCKET", sun.sun_path, 1);
    notify_init(&notify, loop);
    report_init(&report, loop, &notify, &registry, &sessions);
}

static void end(void)
{
    report_fini(&report);
    notify_fini(&notify, 0);
    close(manager);
}

static bool is_told(const void *wanted)
{
    ssize_t n = recv(manager, text, sizeof(text) - 1, 0);

    text[n < 0 ? 0 : n] = '\0';
    return strcmp(text, wanted) == 0;
}

START_TEST(it_is_ready_and_whom_it_serves)
{
    report_ready(&report);
    turn_until(loop, is_told, "READY=1");
    turn_until(loop, is_told, "STATUS=0 logins, 0 clients");
}
END_TEST

/* In microseconds, by the environment (sd_watchdog_enabled(3)). */
START_TEST(it_is_well_twice_in_the_time_it_is_asked_for)
{
    setenv("WATCHDOG_USEC", "200000", 1);
    report_ready(&report);
    turn_until(loop, is_told, "WATCHDOG=1");
    turn_until(loop, is_told, "WATCHDOG=1");
}
END_TEST

static void add(TCase *tcase)
{
    stage_add(tcase);
    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_test(tcase, it_is_ready_and_whom_it_serves);
    tcase_add_test(tcase, it_is_well_twice_in_the_time_it_is_asked_for);
}

int main(void)
{
    return run_tests("report", add);
}
