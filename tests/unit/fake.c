/* SPDX-License-Identifier: MIT */
/* A fake agent. Each connection reads whole questions and treats them one by one. */
#include "config.h"

#include "tests/unit/fake.h"

#include "relayd/base/sock.h"
#include "relayd/base/util.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct fake_conn {
    struct list link; /* fake::conns, which owns it */
    struct fake *fake;
    ev_io io;
    size_t n;
    uint8_t bytes[AGENT_FRAME_MAX];
};

static void conn_free(struct fake_conn *conn)
{
    ev_io_stop(conn->fake->loop, &conn->io);
    close(conn->io.fd);
    list_remove(&conn->link);
    conn->fake->open--;
    free(conn);
}

static void say(const struct fake_conn *conn, const uint8_t *bytes, size_t n)
{
    ssize_t sent = send(conn->io.fd, bytes, n, MSG_NOSIGNAL);

    ck_assert_msg(sent == (ssize_t)n || errno == EPIPE, "a fake agent cannot write");
}

static size_t make_answer(const struct fake *fake, enum agent_kind kind, uint8_t out[16])
{
    const uint8_t list[] = {0, 0, 0, 6, AGENT_IDENTITIES_ANSWER, 0, 0, 0, 1, fake->name};
    const uint8_t signature[] = {0, 0, 0, 2, AGENT_SIGN_RESPONSE, fake->name};
    const uint8_t success[] = {0, 0, 0, 1, AGENT_SUCCESS};
    const uint8_t failure[] = {0, 0, 0, 1, AGENT_FAILURE};

#define GIVE(bytes) (memcpy(out, bytes, sizeof(bytes)), sizeof(bytes))
    if (kind == AGENT_KIND_LIST)
        return GIVE(list);
    if (kind == AGENT_KIND_SIGN)
        return GIVE(signature);
    return kind == AGENT_KIND_PING ? GIVE(failure) : GIVE(success);
#undef GIVE
}

/* Returns whether the connection lives on. */
static bool answer(struct fake_conn *conn, enum agent_kind kind)
{
    static const uint8_t oversize[] = {0, 4, 0, 1, 5}, empty[] = {0, 0, 0, 0};
    static const uint8_t nonsense[] = {0, 0, 0, 1, 99}, more[] = {0, 0, 0, 2, 99, 7};
    uint8_t bytes[32];
    size_t n = make_answer(conn->fake, kind, bytes);

    switch (conn->fake->on[kind]) {
    case FAKE_ANSWERS: say(conn, bytes, n); return true;
    case FAKE_SAYS_NOTHING: return true;
    case FAKE_CLOSES: return false;
    case FAKE_CLOSES_HALFWAY: say(conn, bytes, n / 2); return false;
    case FAKE_STOPS_HALFWAY: say(conn, bytes, n - 1); return true;
    case FAKE_IS_OVERSIZE: say(conn, oversize, sizeof(oversize)); return true;
    case FAKE_IS_EMPTY: say(conn, empty, sizeof(empty)); return true;
    case FAKE_TALKS_NONSENSE: say(conn, nonsense, sizeof(nonsense)); return true;
    case FAKE_SAYS_MORE:
        memcpy(bytes + n, more, sizeof(more));
        say(conn, bytes, n + sizeof(more));
        return true;
    case FAKE_ANSWERS_BY_BYTES:
        for (size_t i = 0; i < n; i++)
            say(conn, bytes + i, 1);
        return true;
    }
    return false;
}

/* Treats the question at the head. Returns false where the connection has ended. */
static bool take_question(struct fake_conn *conn, size_t size)
{
    enum agent_kind kind = agent_kind(conn->bytes, size);

    conn->fake->asked[kind]++;
    conn->fake->n_asked++;
    memmove(conn->bytes, conn->bytes + size, conn->n - size);
    conn->n -= size;
    if (answer(conn, kind))
        return true;
    conn_free(conn);
    return false;
}

static void on_conn(struct ev_loop *loop, ev_io *io, int events)
{
    struct fake_conn *conn = container_of(io, struct fake_conn, io);
    ssize_t n = read(io->fd, conn->bytes + conn->n, sizeof(conn->bytes) - conn->n);
    struct agent_frame frame;

    if (n <= 0) {
        conn_free(conn);
        return;
    }
    conn->n += (size_t)n;
    while (agent_frame_read(&frame, conn->bytes, conn->n) == 1 && conn->n >= frame.size) {
        if (!take_question(conn, frame.size))
            return;
    }
}

static void on_accept(struct ev_loop *loop, ev_io *io, int events)
{
    struct fake *fake = container_of(io, struct fake, io);
    int fd = accept(io->fd, NULL, NULL);
    struct fake_conn *conn;

    if (fd < 0)
        return;
    conn = calloc(1, sizeof(*conn));
    ck_assert_ptr_nonnull(conn);
    conn->fake = fake;
    list_append(&fake->conns, &conn->link);
    fake->connections++;
    fake->open++;
    ev_io_init(&conn->io, on_conn, fd, EV_READ);
    ev_io_start(loop, &conn->io);
}

void fake_init(struct fake *fake, struct ev_loop *loop, const char *path, uint8_t name)
{
    memset(fake, 0, sizeof(*fake));
    fake->loop = loop;
    fake->path = path;
    fake->name = name;
    fake->fd = sock_listen(path, SOCK_STREAM, 16);
    ck_assert_int_ge(fake->fd, 0);
    list_init(&fake->conns);
    ev_io_init(&fake->io, on_accept, fake->fd, EV_READ);
    ev_io_start(loop, &fake->io);
}

void fake_fini(struct fake *fake)
{
    struct fake_conn *conn, *next;

    if (fake->loop == NULL)
        return;
    ev_io_stop(fake->loop, &fake->io);
    fake->fd = close_fd(fake->fd);
    list_for_each_safe(conn, next, &fake->conns, link)
        conn_free(conn);
}

void fake_stop_reading(const struct fake *fake)
{
    struct fake_conn *conn;

    list_for_each(conn, &fake->conns, link)
        ev_io_stop(fake->loop, &conn->io);
}

void fake_go_on_reading(const struct fake *fake)
{
    struct fake_conn *conn;

    list_for_each(conn, &fake->conns, link)
        ev_io_start(fake->loop, &conn->io);
}

void fake_say(const struct fake *fake, const uint8_t *bytes, size_t n)
{
    struct fake_conn *conn;

    list_for_each(conn, &fake->conns, link)
        say(conn, bytes, n);
}

void fake_behave(struct fake *fake, enum fake_behaviour behaviour)
{
    for (int kind = 0; kind < AGENT_KINDS; kind++)
        fake->on[kind] = kind == AGENT_KIND_PING ? FAKE_ANSWERS : behaviour;
}

static void on_bound(struct ev_loop *loop, ev_timer *timer, int events)
{
    ck_abort_msg("waited for in vain");
}

void turn_until(struct ev_loop *loop, bool (*is_so)(const void *arg), const void *arg)
{
    ev_timer bound;

    ev_now_update(loop);
    ev_timer_init(&bound, on_bound, 20, 0);
    ev_timer_start(loop, &bound);
    /* What was fed from outside the loop would not keep it from going to sleep. */
    for (ev_invoke_pending(loop); !is_so(arg); ev_invoke_pending(loop))
        ev_run(loop, EVRUN_ONCE);
    ev_timer_stop(loop, &bound);
}

static unsigned handled;

static void count_pending(struct ev_loop *loop)
{
    handled += ev_pending_count(loop);
    ev_invoke_pending(loop);
}

void turn_while_busy(struct ev_loop *loop)
{
    ev_set_invoke_pending_cb(loop, count_pending);
    do {
        handled = 0;
        ev_run(loop, EVRUN_NOWAIT);
    } while (handled > 0);
    ev_set_invoke_pending_cb(loop, ev_invoke_pending);
}
