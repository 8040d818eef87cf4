/*
 * A control connection: one request comes in, packets go out, in order and however slowly they
 * are read.
 *
 *     request --> (waiting) --> closing --> freed
 */
#ifndef RELAYD_CONN_H
#define RELAYD_CONN_H

#include "relayd/base/list.h"
#include "relayd/base/proto.h"

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

enum conn_state {
    CONN_REQUEST, /* nothing asked yet */
    CONN_WAITING, /* the answer is not known yet */
    CONN_CLOSING, /* answered; the rest has to go out */
};

struct conn;

/* The connections there are, and what they share. */
struct conns {
    struct ev_loop *loop;
    struct list list; /* owns them */
    unsigned n;
    /* A request is here: size bytes. It is answered now, or a wait begins. */
    void (*on_request)(struct conn *conn, const char *packet, size_t size);
    /* The time of conn_wait() has run out. */
    void (*on_timeout)(struct conn *conn);
    void *arg;
    /* Called after each end. */
    void (*on_end)(void *arg);
    void *on_end_arg;
};

struct conn {
    struct list link; /* conns::list */
    struct conns *conns;
    enum conn_state state;
    ev_io io;
    ev_timer timer;
    int topic;       /* what it waits for, and of whom: the user's */
    uint64_t subject;
    struct list out; /* packets that the socket has not taken yet; owned */
};

/* The callbacks and arg are the caller's to set. */
void conns_init(struct conns *conns, struct ev_loop *loop);
void conns_fini(struct conns *conns);

/* Takes an accepted descriptor over. Another uid's is closed, and one that asks
 * nothing for 10 s. */
void conn_new(struct conns *conns, int fd);

/* Begins a wait; seconds: 0 for without end. */
void conn_wait(struct conn *conn, int topic, uint64_t subject, double seconds);

/* Queues a packet. */
void conn_reply(struct conn *conn, const struct proto_buf *buf);
/* Queues the last one. */
void conn_finish(struct conn *conn, const struct proto_buf *buf);
void conn_finish_ok(struct conn *conn);
void conn_finish_error(struct conn *conn, const char *reason);

/* Sends what is queued, as far as it goes, and waits to send the rest. For replies made outside
 * on_request and on_timeout. May free conn. */
void conn_flush(struct conn *conn);

#endif
