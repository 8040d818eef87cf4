/* SPDX-License-Identifier: MIT */
/*
 * Enrolment: registering an upstream. Pin it, check it, ask it once, give the verdict; and
 * notice when its process ends. What notices other ends is look.h.
 *
 *     enrol_register() --> asked --> answered: alive
 *                                --> nothing for 10 s: untried
 *                                --> closed twice: silent
 *                                --> not the protocol, or our own ping: refused
 *
 * An upstream is in the registry from the first moment; the verdict is an event of the
 * registry. Unasked, relayd makes no other connection to it but one when its process ends: each
 * costs the person at the other end something, and one that stays open keeps their ssh from
 * exiting at logout.
 */
#ifndef RELAYD_ENROL_H
#define RELAYD_ENROL_H

#include "relayd/upstream/dial.h"
#include "relayd/upstream/registry.h"

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

struct enrol {
    struct ev_loop *loop;
    struct registry *registry;
    struct registry_observer observer;
    bool is_raw; /* upstreams need not be agents: to be connected is an answer */
    const char *own_paths[2]; /* our agent and control socket, borrowed */
    uint8_t instance[AGENT_INSTANCE];
};

/* What relayctl says of a socket; strings are borrowed, NULL is unknown. */
struct enrol_request {
    const char *path; /* absolute */
    const char *label, *connection, *tty;
    bool is_fallback;
    bool is_place_kept; /* one that is registered already keeps its place and its label */
};

/* Draws the instance. Returns 0 or -errno. */
int enrol_init(struct enrol *enrol, struct ev_loop *loop, struct registry *registry);

/* Registers a socket, or registers it again. Returns the id, and the verdict follows unless
 * enrol_is_pending() says no; or 0 and *reason where the socket is refused at once. */
uint64_t enrol_register(struct enrol *enrol, const struct enrol_request *request,
                        const char **reason);

/* Who is registered under that name: the socket that it leads to at the moment, or one whose own
 * path it is. NULL where none is. */
struct upstream *enrol_find(const struct enrol *enrol, const char *name);

/* Whether the verdict on u is still to come. */
bool enrol_is_pending(const struct upstream *u);

/* Takes up a saved upstream: where its path is still the same socket it goes to the end of the
 * registry and its process is watched; else it is freed. Asks nothing. A store_found_fn; arg is
 * the struct enrol. */
void enrol_resume(void *arg, struct upstream *u);

/* Asks on dial, which is idle, whether somebody is there. */
void enrol_ping(struct enrol *enrol, struct upstream *u, struct dial *dial);
/* Takes the answer to enrol_ping(): u is alive. */
void enrol_note_answer(struct enrol *enrol, struct upstream *u, const struct dial *dial);

/* Nobody listens there any more. Frees u. */
void enrol_note_end(struct enrol *enrol, struct upstream *u);

/* Our own ping came in at our own agent socket: the upstream that it went out to leads back
 * here. Does nothing where no upstream has that nonce. */
void enrol_note_own_ping(struct enrol *enrol, uint64_t nonce);
/* u leads back here. May free u. */
void enrol_note_loop(struct enrol *enrol, struct upstream *u);

#endif
