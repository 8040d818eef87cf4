/* SPDX-License-Identifier: MIT */
/* Notifications to a manager that does not read. It is played: a datagram socket whose
 * queue is as short as the kernel makes it. */
#include "config.h"

#include "relayd/base/log.h"
#include "relayd/base/util.h"
#include "relayd/host/notify.h"
#include "tests/unit/clock.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct ev_loop *loop;
static struct notify notify;
static int manager;
static char text[512];

static void listen_at(const char *address, size_t length)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};

    memcpy(sun.sun_path, address, length);
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    ck_assert_int_eq(bind(manager, (struct sockaddr *)&sun,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)), 0);
}

static void begin(void)
{
    const char *path = scratch_path("notify");

    log_set_level(LOG_LEVEL_ERROR);
    clock_own();
    loop = ev_loop_new(0);
    listen_at(path, strlen(path));
    setenv("NOTIFY_SOCKET", path, 1);
    notify_init(&notify, loop);
    ck_assert(notify_is_on(&notify));
}

static void end(void)
{
    notify_fini(&notify, 0);
    notify_fini(&notify, 0);
    close(manager);
    ev_loop_destroy(loop);
}

static char line[512];

static bool keep(enum log_level level, const char *text_of_line, const struct log_field *fields, size_t n)
{
    snprintf(line, sizeof(line), "%s", text_of_line);
    return true;
}

static bool next(void)
{
    ssize_t n = recv(manager, text, sizeof(text) - 1, 0);

    text[n < 0 ? 0 : n] = '\0';
    return n >= 0;
}

static void check_next(const char *wanted)
{
    for (int turns = 0; !next(); turns++) {
        ck_assert_int_lt(turns, 10);
        ev_run(loop, EVRUN_ONCE);
    }
    ck_assert_str_eq(text, wanted);
}

/* Leaves no room; returns how many messages that took. Each is taken for the next status. */
static int fill(void)
{
    int n = 0;

    for (; notify.status[0] == '\0'; n++)
        notify_status(&notify, "full");
    return n - 1;
}

static void drain(int n)
{
    while (n-- > 0)
        check_next("STATUS=full");
}

START_TEST(each_is_told)
{
    notify_ready(&notify);
    check_next("READY=1");
    notify_keepalive(&notify);
    check_next("WATCHDOG=1");
    notify_status(&notify, "1 login");
    check_next("STATUS=1 login");
    notify_stopping(&notify);
    check_next("STOPPING=1");
    ck_assert(!next());
}
END_TEST

START_TEST(a_status_of_several_lines_is_one)
{
    notify_status(&notify, "a\nWATCHDOG=trigger");
    check_next("STATUS=a?WATCHDOG=trigger");
    notify_unstore(&notify, "x\nMAINPID=1");
    ck_assert(!notify_store(&notify, "x\nMAINPID=1", (int[]){0}, 1));
    ck_assert(!next());
}
END_TEST

START_TEST(the_newest_status_waits_for_room)
{
    int n = fill();

    notify_status(&notify, "older");
    notify_status(&notify, "newest");
    ck_assert(ev_is_active(&notify.writable));
    drain(n);
    check_next("STATUS=newest");
    ev_run(loop, EVRUN_NOWAIT);
    ck_assert(!ev_is_active(&notify.writable));
    ck_assert(!next());
}
END_TEST

START_TEST(what_must_arrive_goes_first_and_in_order)
{
    int n = fill(), pipe_fds[2];
    char byte;

    ck_assert_int_eq(pipe(pipe_fds), 0);
    notify_keepalive(&notify);
    notify_keepalive(&notify);
    notify_ready(&notify);
    ck_assert(notify_store(&notify, "one", &pipe_fds[1], 1));
    close(pipe_fds[1]);
    notify_unstore(&notify, "two");
    drain(n);
    check_next("READY=1");
    check_next("FDSTORE=1\nFDPOLL=0\nFDNAME=one");
    check_next("FDSTOREREMOVE=1\nFDNAME=two");
    check_next("WATCHDOG=1");
    check_next("STATUS=full");
    ck_assert(!next());
    ck_assert_int_eq(read(pipe_fds[0], &byte, 1), 0);
    close(pipe_fds[0]);
}
END_TEST

START_TEST(a_busy_loop_is_none)
{
    int turns = 0;

    fill();
    for (; turns < 5; turns++)
        ev_run(loop, EVRUN_NOWAIT);
    ck_assert(ev_is_active(&notify.writable));
    ck_assert_uint_eq(ev_pending_count(loop), 0);
}
END_TEST

/* As epoll_ctl(2) may, for want of memory. */
START_TEST(where_nobody_watches_for_room_it_looks_again)
{
    int n = fill();

    log_set_level(LOG_LEVEL_WARNING);
    log_set_sink(keep);
    ev_io_stop(loop, &notify.writable);
    ev_feed_event(loop, &notify.writable, EV_ERROR);
    ev_run(loop, EVRUN_NOWAIT);
    ck_assert_ptr_nonnull(strstr(line, "cannot watch the service manager's socket"));
    notify_status(&notify, "newest");
    ck_assert(!ev_is_active(&notify.writable));
    while (n-- > 0)
        ck_assert(next());
    ck_assert(!next());
    check_next("STATUS=newest");
}
END_TEST

static bool is_out_of_memory;

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

void *__wrap_calloc(size_t n, size_t size)
{
    return is_out_of_memory ? NULL : __real_calloc(n, size);
}

START_TEST(what_cannot_be_kept_for_it_is_told_at_once)
{
    struct rlimit before, none;
    int n = fill();

    is_out_of_memory = true;
    ck_assert(!notify_store(&notify, "one", (int[]){0}, 1));
    is_out_of_memory = false;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 1;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    ck_assert(!notify_store(&notify, "one", (int[]){0}, 1));
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    drain(n);
    check_next("STATUS=full");
    ck_assert(!next());
}
END_TEST

START_TEST(the_end_waits_for_it_but_not_for_ever)
{
    double began;

    fill();
    notify_unstore(&notify, "one");
    began = monotonic_seconds();
    notify_fini(&notify, 0.2);
    ck_assert(monotonic_seconds() - began >= 0.2);
    ck_assert(!notify_is_on(&notify));
}
END_TEST

START_TEST(a_manager_that_was_started_again_is_found)
{
    const char *path = scratch_path("notify");

    close(manager);
    unlink(path);
    listen_at(path, strlen(path));
    notify_status(&notify, "1 login");
    check_next("STATUS=1 login");
}
END_TEST

START_TEST(a_manager_that_has_gone_is_no_harm)
{
    close(manager);
    manager = -1;
    notify_status(&notify, "1 login");
    notify_ready(&notify);
    ev_run(loop, EVRUN_NOWAIT);
    ck_assert(!notify_store(&notify, "one", (int[]){0}, 1));
}
END_TEST

START_TEST(a_manager_that_was_away_is_found_by_the_next_keepalive)
{
    const char *path = scratch_path("notify");

    close(manager);
    unlink(path);
    notify_keepalive(&notify);
    ck_assert(!notify_is_on(&notify));
    listen_at(path, strlen(path));
    notify_keepalive(&notify);
    check_next("WATCHDOG=1");
    notify_status(&notify, "1 login");
    check_next("STATUS=1 login");
}
END_TEST

START_TEST(its_address_may_be_abstract)
{
    char address[64];
    int n = snprintf(address, sizeof(address), "@relayd-test-%d", (int)getpid());

    notify_fini(&notify, 0);
    close(manager);
    setenv("NOTIFY_SOCKET", address, 1);
    address[0] = '\0';
    listen_at(address, (size_t)n);
    notify_init(&notify, loop);
    notify_ready(&notify);
    check_next("READY=1");
}
END_TEST

START_TEST(nobody_listens)
{
    notify_fini(&notify, 0);
    unsetenv("NOTIFY_SOCKET");
    notify_init(&notify, loop);
    ck_assert(!notify_is_on(&notify));
    notify_ready(&notify);
    notify_status(&notify, "1 login");
    notify_keepalive(&notify);
    notify_stopping(&notify);
    ck_assert(!notify_store(&notify, "one", (int[]){0}, 1));
}
END_TEST

START_TEST(an_address_that_is_none_is_said)
{
    static const char *const addresses[] = {"/nowhere/notify", "relative", ""};

    notify_fini(&notify, 0);
    setenv("NOTIFY_SOCKET", addresses[_i], 1);
    log_set_level(LOG_LEVEL_WARNING);
    log_set_sink(keep);
    notify_init(&notify, loop);
    ck_assert(!notify_is_on(&notify));
    ck_assert_ptr_nonnull(strstr(line, "cannot be told anything"));
}
END_TEST

static void add(TCase *tcase)
{
    scratch_add(tcase);
    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_loop_test(tcase, an_address_that_is_none_is_said, 0, 3);
    tcase_add_test(tcase, each_is_told);
    tcase_add_test(tcase, a_status_of_several_lines_is_one);
    tcase_add_test(tcase, the_newest_status_waits_for_room);
    tcase_add_test(tcase, what_must_arrive_goes_first_and_in_order);
    tcase_add_test(tcase, a_busy_loop_is_none);
    tcase_add_test(tcase, where_nobody_watches_for_room_it_looks_again);
    tcase_add_test(tcase, what_cannot_be_kept_for_it_is_told_at_once);
    tcase_add_test(tcase, the_end_waits_for_it_but_not_for_ever);
    tcase_add_test(tcase, a_manager_that_was_started_again_is_found);
    tcase_add_test(tcase, a_manager_that_has_gone_is_no_harm);
    tcase_add_test(tcase, a_manager_that_was_away_is_found_by_the_next_keepalive);
    tcase_add_test(tcase, its_address_may_be_abstract);
    tcase_add_test(tcase, nobody_listens);
}

int main(void)
{
    return run_tests("notify", add);
}
