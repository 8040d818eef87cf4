/* SPDX-License-Identifier: MIT */
/*
 * A relay: questions from a client to the upstream it was given, and answers back,
 * in order and unchanged, however they are cut into pieces.
 *
 *          up                           (from the client)
 *     client ----> [gate] ----> upstream
 *     client <----------------- upstream
 *          down                         (to the client)
 *
 * Invariants: the first *_left bytes of a flow may go on, for they belong to a frame
 * whose head has been looked at. A question is owed once it has gone, or begun to go, or
 * was answered here, and until its answer is delivered. An answer of our own is put in only
 * where the upstream owes none, so answers keep the order of their questions. No flow is lent
 * between steps.
 */
#ifndef RELAYD_RELAY_H
#define RELAYD_RELAY_H

#include "relayd/agent/agent.h"
#include "relayd/agent/flow.h"
#include "relayd/session/record.h"

#include <stdbool.h>
#include <stdint.h>

/* A question up to this size goes on only when it is whole: it can be judged then,
 * and goes out in one write. */
#define RELAY_WHOLE_MAX 4096

enum relay_end {
    RELAY_GOING,
    RELAY_CLIENT_DONE, /* it closed its side, and nothing owed can still be answered */
    RELAY_CLIENT_GONE,
    RELAY_CLIENT_BAD, /* a frame of length 0 or over AGENT_LENGTH_MAX */
    RELAY_UPSTREAM_CLOSED, /* and all that it answered is delivered */
    RELAY_UPSTREAM_BAD,
    RELAY_NO_MEMORY,
};

/* A signature waits while so many answers are owed: what is kept of each that is owed has a bound. */
#define RELAY_SIGNATURES_MAX 16

/* Whether a question may go on; else it is answered FAILURE here. It is asked once of each. bytes
 * has its first n bytes: the whole question if that is no longer than RELAY_WHOLE_MAX. */
typedef bool relay_gate_fn(void *arg, enum agent_kind kind, const uint8_t *bytes, size_t n);

/* The answer number relay::answered + 1, of that type, begins to go on. */
typedef void relay_answer_fn(void *arg, uint8_t type);

struct relay {
    struct flow up, down;
    size_t up_left, down_left;
    size_t skip_left; /* still to be read and dropped of a question that was answered here */
    uint32_t owed;
    bool is_unsafe; /* an unsafe question is among those owed */
    bool is_client_done, is_upstream_done; /* they will send no more */
    bool is_upstream_deaf; /* it takes no more; what it answered is still read */
    bool is_client_shut, is_upstream_shut; /* raw: they have been told of the other's end */
    bool is_taken; /* raw: bytes from the client have gone on since this was last unset */
    bool is_held; /* a refused question waits until nothing is owed: none after it is
                     read */
    bool is_crowded; /* a signature waits until less is owed */
    bool is_quiescing; /* reads no more than completes what is begun: the caller's to set */
    uint32_t asked[AGENT_KINDS]; /* by kind, also what was answered here */
    uint32_t answered;
    relay_gate_fn *gate;
    relay_answer_fn *on_answer; /* NULL: nobody wants to know */
    void *gate_arg;             /* for both */
};

/* A zeroed struct with its gate set is a relay at its beginning. */
void relay_fini(struct relay *relay);

/* Reads from the client what is there, at most RELAY_WHOLE_MAX in all: for the
 * time before there is an upstream. Returns RELAY_GOING, or an end. */
enum relay_end relay_read_client(struct relay *relay, int client_fd);

/* The question at the head of `up`. Returns 1 when it is here whole, or its first
 * RELAY_WHOLE_MAX bytes are, with its kind, and in *n how much of it is here; 0 for not yet;
 * -EPROTO. */
int relay_first(const struct relay *relay, struct agent_frame *frame, enum agent_kind *kind,
                size_t *n);

/* Takes the question at the head away and answers it here. Returns 0 or
 * -ENOMEM. */
int relay_answer_first(struct relay *relay, const struct agent_frame *frame,
                       const uint8_t *answer, size_t size);

/* Writes to the client what may go to it. */
enum relay_end relay_flush(struct relay *relay, int client_fd);

/* Sides that may have something to say. */
enum relay_side {
    RELAY_NEITHER = 0,
    RELAY_CLIENT = 1,
    RELAY_UPSTREAM = 2,
    RELAY_BOTH = RELAY_CLIENT | RELAY_UPSTREAM,
};

/* Carries on both ways as far as it goes without waiting. Only the sides named are read, each
 * once: to ask one that says nothing is a system call for nothing, and what is left there will
 * be told of again. */
enum relay_end relay_step(struct relay *relay, int client_fd, int upstream_fd,
                          enum relay_side readable);

/* Whether it is the client who keeps an answer from going on. */
bool relay_is_client_slow(const struct relay *relay);

/* Whether all that is owed is the answer to a question of which the client has not sent the rest:
 * nobody can answer it yet. */
bool relay_is_client_late(const struct relay *relay);

/* Whether not a byte is held: all that is under way is in the sockets. A relay that is quiescing
 * gets there, unless one side takes nothing, or the rest of a frame does not come. */
bool relay_is_empty(const struct relay *relay);

/* Save and restore what another process needs to go on with an empty relay. The rest the
 * sockets tell again: the end of a stream, and who takes no more. */
void relay_save(const struct relay *relay, struct record *record);
void relay_restore(struct relay *relay, const struct record *record);

/* The events to wait for next, as EV_READ and EV_WRITE. */
int relay_client_events(const struct relay *relay);
int relay_upstream_events(const struct relay *relay);

/* Whether that shows nothing of the client, so that its end has to be looked for. It may shut
 * down its side at any time: only sock_has_hung_up() tells that from an end. */
bool relay_is_client_unseen(const struct relay *relay);

/* Notes a question as asked, where somebody else has sent it. */
void relay_count(struct relay *relay, enum agent_kind kind);

#endif
