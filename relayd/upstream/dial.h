/* SPDX-License-Identifier: MIT */
/*
 * A dial: one connection to one upstream, which asks one question at a time and
 * waits for one answer to it. What the answer means is for whoever dialled.
 *
 *     idle --dial_ping/dial_ask--> connecting --> asking --> answering --> idle
 *
 * With a connection that is open it begins at asking; dial_connect() ends after connecting.
 * The last step is one call of done(), which is never made from within the call that began,
 * and may call dial_fini() and free what holds the dial.
 */
#ifndef RELAYD_DIAL_H
#define RELAYD_DIAL_H

#include "relayd/agent/agent.h"
#include "relayd/agent/flow.h"
#include "relayd/upstream/pin.h"
#include "relayd/base/sock.h"

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dial_result {
    DIAL_ANSWERED, /* one whole frame of a fitting type is at the head of dial.answer */
    DIAL_GONE,     /* nobody listens there any more: refused or missing */
    DIAL_CLOSED,   /* closed before a whole answer */
    DIAL_NONSENSE, /* not the agent protocol: a bad length or an unfitting type */
    DIAL_FOREIGN,  /* a process of another user listens there */
    DIAL_FAILED,   /* out of memory, descriptors or watches on our side */
};

enum dial_state {
    DIAL_IDLE,
    DIAL_CONNECTING,
    DIAL_ASKING,
    DIAL_ANSWERING,
};

/* Of a crowd each has one: the fields stand so that there is no room between them. */
struct dial {
    struct ev_loop *loop;
    ev_io io;
    ev_timer retry; /* a full backlog: only time helps */
    const struct pin *pin;   /* borrowed; NULL: gone, so no new connection is made */
    enum dial_state state;
    int fd;
    struct sock_peer peer;   /* who listens there, once connected */
    const uint8_t *question; /* borrowed until done(); NULL: nothing, or the ping */
    uint32_t question_size, sent;
    enum agent_kind kind;
    bool is_ping;
    bool is_told;     /* of a failure that may last, so that it is logged once */
    bool has_no_ping; /* closed on the ping, so a listing stands in */
    struct flow answer; /* and what came behind it unasked */
    const uint8_t *instance; /* a ping's, borrowed until done() */
    uint64_t nonce;
    double asked_at; /* of monotonic_seconds() */
    void (*done)(struct dial *dial, enum dial_result result);
};

void dial_init(struct dial *dial, struct ev_loop *loop, const struct pin *pin,
               void (*done)(struct dial *dial, enum dial_result result));
/* Closes what is open. A zeroed struct will do. */
void dial_fini(struct dial *dial);

/* Connects, and asks nothing: DIAL_ANSWERED once connected. */
void dial_connect(struct dial *dial);

/* Asks a question of at most AGENT_FRAME_MAX bytes, on the connection that is open or on a new
 * one. */
void dial_ask(struct dial *dial, const uint8_t *question, size_t size, enum agent_kind kind);

/* Asks whether somebody is there: by a ping, alone, for which instance must stay until done();
 * has_no_ping: by a listing.
 * An upstream that closes on the ping is asked for a listing on a new connection
 * (Windows' agent closes on unknown extensions); has_no_ping is set then, and the
 * answer to either is dropped. */
void dial_ping(struct dial *dial, const uint8_t instance[AGENT_INSTANCE], uint64_t nonce,
                bool has_no_ping);

/* Lets go of the pin. An open connection stays. */
void dial_unpin(struct dial *dial);

/* Drops the answer. What came behind it stays; to the next question it would be the answer. */
void dial_drop_answer(struct dial *dial);

/* Seconds from the question to now. */
double dial_waited(const struct dial *dial);

/* Hands over the connection, which the dial forgets; the caller owns it. */
int dial_take_fd(struct dial *dial);

#endif
