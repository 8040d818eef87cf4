/* SPDX-License-Identifier: MIT */
/*
 * A control connection, of a relayctl: one request comes in, packets go out in order, however
 * slowly they are read.
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
    CONN_CLOSING, /* answered; what is queued still has to go out */
};

struct conn;

/* The connections there are, and what they share. */
struct conns {
    struct ev_loop *loop;
    struct list list; /* owns them */
    unsigned n;
    unsigned limit; /* so many are let in at once; 0: any number */
    /* A request of size bytes has come. The callee answers it, or begins a wait. */
    void (*on_request)(struct conn *conn, const char *packet, size_t size);
    /* The seconds of conn_wait() are over. */
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
    int topic;       /* what it waits for, as conn_wait() was told */
    uint64_t subject; /* and of which upstream: an id, or 0 */
    struct list out; /* packets that the socket has not taken yet; owned */
    size_t queued;   /* bytes of them */
    bool is_missing; /* what was queued last says that something is missing from there on */
};

/* The caller sets the callbacks and their args afterwards. */
void conns_init(struct conns *conns, struct ev_loop *loop);
void conns_fini(struct conns *conns);

/* Takes an accepted descriptor over. One that asks nothing for 10 s is closed, and so is one of
 * another user, unless that is root. */
void conn_new(struct conns *conns, int fd);

/* Begins a wait for so many seconds; 0: without end. */
void conn_wait(struct conn *conn, int topic, uint64_t subject, double seconds);

/* Whether so many are there that none should begin to wait without end: whoever has a login to
 * register, or wants to know why, is to find a place. */
bool conns_are_many(const struct conns *conns);

/* Queues a packet. */
void conn_reply(struct conn *conn, const struct proto_buf *buf);
/* Whether it reads so slowly that what nobody asked for had better not be queued. */
bool conn_is_behind(const struct conn *conn);
/* Queues the last one. */
void conn_finish(struct conn *conn, const struct proto_buf *buf);
void conn_finish_ok(struct conn *conn);
void conn_finish_error(struct conn *conn, const char *reason);

/* Sends what is queued, as far as it goes, and has the loop send the rest. To be called after
 * replies, but not from within on_request or on_timeout. May free conn. */
void conn_flush(struct conn *conn);

#endif
