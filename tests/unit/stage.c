/* SPDX-License-Identifier: MIT */
/* The stage for sessions. The loop, the registry and the enrolment are the real
 * ones; only the agents, the client and the time are played. */
#include "config.h"

#include "tests/unit/stage.h"

#include "tests/unit/clock.h"
#include "tests/unit/scratch.h"

#include "relayd/base/log.h"
#include "relayd/base/util.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct ev_loop *loop;
struct registry registry;
struct enrol enrol;
struct options options;
struct sessions sessions;
struct fake a, b;
int the_client;

static void begin(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    clock_own();
    loop = ev_loop_new(0);
    options_init(&options);
    options.patience = 0.05;
    registry_init(&registry);
    ck_assert_int_eq(enrol_init(&enrol, loop, &registry), 0);
    sessions_init(&sessions, &enrol, &options);
    fake_init(&a, loop, scratch_path("a"), 'a');
    fake_init(&b, loop, scratch_path("b"), 'b');
}

static void end(void)
{
    sessions_fini(&sessions);
    ck_assert_uint_eq(sessions.n, 0);
    registry_fini(&registry);
    fake_fini(&a);
    fake_fini(&b);
    close_fd(the_client);
    ev_loop_destroy(loop);
}

struct upstream *add_fake(struct fake *fake)
{
    struct enrol_request request = {.path = fake->path};
    enum fake_behaviour on_ping = fake->on[AGENT_KIND_PING];
    const char *reason;
    uint64_t id;

    fake->on[AGENT_KIND_PING] = FAKE_ANSWERS;
    id = enrol_register(&enrol, &request, &reason);
    ck_assert_uint_ne(id, 0);
    turn_while_busy(loop);
    ck_assert_int_eq(registry_find(&registry, id)->state, UPSTREAM_ALIVE);
    fake->on[AGENT_KIND_PING] = on_ping;
    memset(fake->asked, 0, sizeof(fake->asked));
    fake->n_asked = fake->connections = 0;
    return registry_find(&registry, id);
}

void add_both(void)
{
    add_fake(&b);
    add_fake(&a);
}

void begin_client(void)
{
    int pair[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    the_client = pair[0];
    /* It is the loop that accepts, and that knows how late it is. */
    ev_now_update(loop);
    sessions_accept(&sessions, pair[1]);
}

void ask(const void *bytes, size_t n)
{
    ck_assert_int_eq(send(the_client, bytes, n, MSG_NOSIGNAL), n);
}

bool has_answer(const void *arg)
{
    uint8_t byte;

    return recv(the_client, &byte, 1, MSG_PEEK) >= 0 || errno == ECONNRESET;
}

void hear(const void *bytes, size_t n)
{
    uint8_t got[64];

    turn_until(loop, has_answer, NULL);
    turn_while_busy(loop);
    ck_assert_int_eq(recv(the_client, got, sizeof(got), 0), n);
    ck_assert_mem_eq(got, bytes, n);
}

bool is_over(const void *arg)
{
    return sessions.n == 0;
}

void check_end(void)
{
    uint8_t byte;
    ssize_t n;

    turn_until(loop, is_over, NULL);
    n = recv(the_client, &byte, 1, 0);
    ck_assert(n == 0 || (n < 0 && errno == ECONNRESET));
}

static void note_passed(struct ev_loop *l, ev_timer *timer, int events)
{
    *(bool *)timer->data = true;
}

static bool has_passed(const void *arg)
{
    return *(const bool *)arg;
}

void turn_for(double seconds)
{
    bool is_passed = false;
    ev_timer timer;

    ev_timer_init(&timer, note_passed, seconds, 0);
    timer.data = &is_passed;
    ev_timer_start(loop, &timer);
    turn_until(loop, has_passed, &is_passed);
}

void outlast_patience(void)
{
    turn_for(10 * options.patience);
}

void check_quiet(const struct fake *fake)
{
    ck_assert_uint_eq(fake->connections, 0);
    ck_assert_uint_eq(fake->n_asked, 0);
}

void stage_add(TCase *tcase)
{
    scratch_add(tcase);
    tcase_add_checked_fixture(tcase, begin, end);
}
