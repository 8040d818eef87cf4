/*
 * The daemon's end: what becomes of the sessions, once nobody is let in any more.
 *
 *     ending_begin() --> quiescing --> draining --> over
 *              \------------------------^
 *
 * quiescing, only where they can be handed over: what is held gets out, for 200 ms at
 * most, and who is portable then goes to the next process (handover.h). draining: the
 * others have 5 s for what they are owed. over: once none is left, or the time has run
 * out.
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
    unsigned looks; /* that quiescing has had */
    void (*on_over)(void *arg); /* may be called more than once */
    void *arg;
};

void ending_init(struct ending *ending, struct ev_loop *loop, struct sessions *sessions,
                 struct notify *notify, void (*on_over)(void *arg), void *arg);
void ending_fini(struct ending *ending);

/* Once: a second call changes nothing. */
void ending_begin(struct ending *ending, bool is_handover);

/* A session has ended. */
void ending_look(struct ending *ending);

#endif
