/* SPDX-License-Identifier: MIT */
/*
 * The daemon's end: what becomes of the sessions, once nobody is let in any more.
 *
 *     ending_begin() --> quiescing --> draining --> over
 *              \------------------------^
 *
 * quiescing, only where sessions can be handed over: what they hold gets out, for 200 ms at
 * most, and those that are portable then go to the next process (handover.h). draining: the
 * others have 5 s for what they are owed. over: none is left, or the 5 s are over.
 */
#ifndef RELAYD_ENDING_H
#define RELAYD_ENDING_H

#include "relayd/host/notify.h"
#include "relayd/session/sessions.h"

#include <ev.h>
#include <stdbool.h>

struct ending {
    struct ev_loop *loop;
    struct sessions *sessions;
    struct notify *notify;
    ev_timer quiescing; /* looks every few ms */
    ev_timer draining;
    unsigned looks; /* how often quiescing has looked */
    void (*on_over)(void *arg); /* may be called more than once */
    void *arg;
};

void ending_init(struct ending *ending, struct ev_loop *loop, struct sessions *sessions,
                 struct notify *notify, void (*on_over)(void *arg), void *arg);
void ending_fini(struct ending *ending);

/* To be called once. is_handover: sessions can be handed over. */
void ending_begin(struct ending *ending, bool is_handover);

/* A session has ended, after ending_begin() or where the daemon is leaving: over, if it was the
 * last. */
void ending_look(struct ending *ending);

#endif
