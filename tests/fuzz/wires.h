/* SPDX-License-Identifier: MIT */
/*
 * A relay between a client and an upstream, on sockets of the fuzzers' kernel, with its model beside
 * it.
 *
 *     client.fd - client.other [relay] upstream.other - upstream.fd
 */
#ifndef RELAYD_WIRES_H
#define RELAYD_WIRES_H

#include "relayd/session/relay.h"
#include "tests/fuzz/kernel.h"
#include "tests/fuzz/model.h"

#include <stdbool.h>

struct party {
    int fd;    /* its own, outside */
    int other; /* the relay's */
    uint64_t heard; /* bytes that the model knows of */
    bool is_deaf;   /* it reads nothing at the moment */
    bool is_shut, is_closed;
    struct model_stream *stream;
};

extern struct party client, upstream;
extern struct relay relay;
extern enum relay_end ending; /* RELAY_GOING, or what it has come to */
extern struct model model;
extern bool is_upstream_first; /* where both have something to say */
extern bool is_raw; /* raw_step() in place of relay_step(), and no model: bytes are bytes */

/* What happens at the same time: before the relay's so many-th read or write from now on; 0: not at
 * all. */
struct race {
    unsigned after;
    void (*run)(void);
};
extern struct race race;

/* Joins them, by sockets that hold so much. */
void wires_begin(size_t client_room, size_t upstream_room);
/* Takes all away again; nothing may be left. */
void wires_end(void);

/* The party sends at most n bytes of what it has said; reads as many; shuts down its side; closes. */
void send_some(struct party *party, size_t n);
bool read_some(struct party *party, size_t n);
void shut(struct party *party);
void leave(struct party *party);

/* One step, and a look at what it did. */
void step(enum relay_side readable);
/* Steps for as long as the relay asks for an event that is there, and the parties read. Then nothing
 * may be left that could go on. */
void settle(void);
/* Another process goes on with it, if it is quiet. */
void hand_over(void);

#endif
