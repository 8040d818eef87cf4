/* SPDX-License-Identifier: MIT */
/* A control connection. Answers are queued and sent by the loop, so a relayctl that
 * is stopped in the middle of a long status keeps nobody waiting. */
#include "config.h"

#include "relayd/control/conn.h"

#include "relayd/base/log.h"
#include "relayd/base/sock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A relayctl has so long to ask, and so long to read the answer. */
#define IDLE_SECONDS 10.0

/* The kernel keeps some hundred packets before any is queued. */
#define BEHIND_BYTES 16384

/* Places that are left to those who ask and go; fewer than place.c has besides a hold for each
 * login. */
#define FREE_PLACES 8

struct packet {
    struct list link; /* conn::out */
    size_t size;
    char data[];
};

static void conn_free(struct conn *conn)
{
    struct conns *conns = conn->conns;
    struct packet *it, *next;

    ev_io_stop(conns->loop, &conn->io);
    ev_timer_stop(conns->loop, &conn->timer);
    list_for_each_safe(it, next, &conn->out, link)
        free(it);
    close(conn->io.fd);
    list_remove(&conn->link);
    conns->n--;
    free(conn);
    conns->on_end(conns->on_end_arg);
}

static void arm(struct conn *conn)
{
    int events = (conn->state == CONN_CLOSING ? 0 : EV_READ) |
                 (list_is_empty(&conn->out) ? 0 : EV_WRITE);

    ev_io_stop(conn->conns->loop, &conn->io);
    ev_io_set(&conn->io, conn->io.fd, events);
    if (events != 0)
        ev_io_start(conn->conns->loop, &conn->io);
}

/* Sends what the socket takes. Returns false where the other side is gone. */
static bool send_queued(struct conn *conn)
{
    struct packet *it, *next;

    list_for_each_safe(it, next, &conn->out, link) {
        if (send(conn->io.fd, it->data, it->size, MSG_NOSIGNAL) < 0)
            return errno == EAGAIN || errno == EINTR;
        list_remove(&it->link);
        conn->queued -= it->size;
        free(it);
    }
    return true;
}

void conn_flush(struct conn *conn)
{
    if (!send_queued(conn) || (conn->state == CONN_CLOSING && list_is_empty(&conn->out)))
        conn_free(conn);
    else
        arm(conn);
}

static void set_state(struct conn *conn, enum conn_state state, double seconds)
{
    conn->state = state;
    ev_timer_stop(conn->conns->loop, &conn->timer);
    if (seconds <= 0)
        return;
    ev_timer_set(&conn->timer, seconds, 0);
    ev_timer_start(conn->conns->loop, &conn->timer);
}

void conn_wait(struct conn *conn, int topic, uint64_t subject, double seconds)
{
    conn->topic = topic;
    conn->subject = subject;
    set_state(conn, CONN_WAITING, seconds);
}

bool conns_are_many(const struct conns *conns)
{
    return conns->limit > 0 && conns->n + FREE_PLACES > conns->limit;
}

/* Without memory the packet is lost: a record is missing, or the reply has no last packet. */
void conn_reply(struct conn *conn, const struct proto_buf *buf)
{
    struct packet *p = buf->is_full ? NULL : malloc(sizeof(*p) + buf->size);

    if (p == NULL)
        return;
    p->size = buf->size;
    memcpy(p->data, buf->data, buf->size);
    list_append(&conn->out, &p->link);
    /* NOLINTNEXTLINE(analyzer-malloc-leak): the list has it. */
    conn->queued += p->size;
}

bool conn_is_behind(const struct conn *conn)
{
    return conn->queued >= BEHIND_BYTES;
}

void conn_finish(struct conn *conn, const struct proto_buf *buf)
{
    conn_reply(conn, buf);
    set_state(conn, CONN_CLOSING, IDLE_SECONDS);
}

void conn_finish_ok(struct conn *conn)
{
    struct proto_buf buf;

    proto_begin(&buf, "ok");
    conn_finish(conn, &buf);
}

void conn_finish_error(struct conn *conn, const char *reason)
{
    struct proto_buf buf;

    proto_begin(&buf, "error");
    proto_add(&buf, "reason", reason);
    conn_finish(conn, &buf);
}

static void on_readable(struct conn *conn)
{
    char packet[PROTO_PACKET_MAX + 1];
    ssize_t n = recv(conn->io.fd, packet, sizeof(packet), 0);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        conn_free(conn);
        return;
    }
    if (conn->state == CONN_REQUEST)
        conn->conns->on_request(conn, packet, (size_t)n);
    conn_flush(conn);
}

static void on_io(struct ev_loop *loop, ev_io *io, int events)
{
    struct conn *conn = container_of(io, struct conn, io);

    if ((events & EV_ERROR) != 0) {
        log_warning("control: a connection cannot be watched, and is closed");
        conn_free(conn);
    } else if ((events & EV_READ) != 0)
        on_readable(conn);
    else
        conn_flush(conn);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct conn *conn = container_of(timer, struct conn, timer);

    if (conn->state != CONN_WAITING) {
        conn_free(conn);
        return;
    }
    conn->conns->on_timeout(conn);
    conn_flush(conn);
}

static void ignore_end(void *arg)
{
}

void conns_init(struct conns *conns, struct ev_loop *loop)
{
    memset(conns, 0, sizeof(*conns));
    conns->loop = loop;
    conns->on_end = ignore_end;
    list_init(&conns->list);
}

void conns_fini(struct conns *conns)
{
    struct conn *it, *next;

    list_for_each_safe(it, next, &conns->list, link)
        conn_free(it);
}

void conn_new(struct conns *conns, int fd)
{
    struct sock_peer peer = {.uid = (uid_t)-1};
    struct conn *conn = NULL;

    if (sock_peer(fd, &peer) < 0 || !sock_uid_is_trusted(peer.uid))
        log_warning("control: uid %d refused", (int)peer.uid);
    else
        conn = calloc(1, sizeof(*conn));
    if (conn == NULL) {
        close(fd);
        return;
    }
    conn->conns = conns;
    list_init(&conn->out);
    ev_io_init(&conn->io, on_io, fd, 0);
    ev_timer_init(&conn->timer, on_timer, 0, 0);
    list_append(&conns->list, &conn->link);
    conns->n++;
    set_state(conn, CONN_REQUEST, IDLE_SECONDS);
    arm(conn);
}
