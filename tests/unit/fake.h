/* SPDX-License-Identifier: MIT */
/*
 * A fake agent in the test's own loop, which counts what it is asked and behaves to
 * each kind of question as it is told.
 *
 * Its answers carry its name, so that a client can tell who answered: a listing is
 * 00 00 00 06 0c 00 00 00 00 NAME, a signature 00 00 00 02 0e NAME; a ping is
 * answered FAILURE, everything else SUCCESS.
 */
#ifndef RELAYD_FAKE_H
#define RELAYD_FAKE_H

#include "relayd/agent/agent.h"
#include "relayd/base/list.h"

#include <ev.h>
#include <stdbool.h>

enum fake_behaviour {
    FAKE_ANSWERS,
    FAKE_SAYS_NOTHING,
    FAKE_CLOSES,
    FAKE_CLOSES_HALFWAY,   /* after half an answer */
    FAKE_STOPS_HALFWAY,    /* the same, but stays */
    FAKE_IS_OVERSIZE,      /* a length of 262145 */
    FAKE_IS_EMPTY,         /* a length of 0 */
    FAKE_TALKS_NONSENSE,   /* a whole frame of a type that answers nothing */
    FAKE_SAYS_MORE,        /* a frame behind its answer, in the same write */
    FAKE_ANSWERS_BY_BYTES, /* one write for each */
};

struct fake {
    struct ev_loop *loop;
    const char *path;
    uint8_t name;
    enum fake_behaviour on[AGENT_KINDS];
    unsigned asked[AGENT_KINDS]; /* whole questions that came in */
    unsigned n_asked, connections;
    unsigned open; /* connections open now */
    struct list conns;
    int fd;
    ev_io io;
};

/* Listens at path, which stays the caller's. */
void fake_init(struct fake *fake, struct ev_loop *loop, const char *path, uint8_t name);
/* Stops listening; removes nothing. Once is enough, twice does no harm. */
void fake_fini(struct fake *fake);

/* Behaves so to every kind of question but pings, which it answers. */
void fake_behave(struct fake *fake, enum fake_behaviour behaviour);

/* Reads nothing more on the connections that are open, their end neither; or goes on to. */
void fake_stop_reading(const struct fake *fake);
void fake_go_on_reading(const struct fake *fake);

/* Says this on every connection that is open. */
void fake_say(const struct fake *fake, const uint8_t *bytes, size_t n);

/* Turns the loop until is_so(arg) holds; the test fails after 20 s. */
void turn_until(struct ev_loop *loop, bool (*is_so)(const void *arg), const void *arg);

/* Turns it for as long as there is something at hand to do. */
void turn_while_busy(struct ev_loop *loop);

#endif
