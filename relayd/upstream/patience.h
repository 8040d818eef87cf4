/* SPDX-License-Identifier: MIT */
/*
 * Patience: how long a session waits for an upstream's answer before it also asks
 * the next one, and before it gives up, by what the link says. One table; pure.
 *
 *   link     ask the next after        give up a     give up while relaying,
 *                                      question      something owed
 *   down     at once                   dead-after of being down (both)
 *   unknown  patience                  30 s          60 s safe, 10 min unsafe
 *   up       5 x patience              60 s          60 s safe, 10 min unsafe
 *
 * where patience is at least four round trips, but no round trip stretches it beyond 3 s. While
 * a person may be at the upstream's prompt the next is asked only when the link is down. One
 * client's choice takes no longer than one such question, however many upstreams it asks.
 */
#ifndef RELAYD_PATIENCE_H
#define RELAYD_PATIENCE_H

#include "relayd/upstream/link.h"

#include <stdbool.h>

/* How often a wait looks at the link and at its client, in seconds. */
#define PATIENCE_TICK 0.25

/* A first question is given up after so many seconds, by what its link is. */
#define PATIENCE_UNKNOWN 30.0
#define PATIENCE_UP 60.0

/* What is known while an answer is waited for; times in seconds. */
struct patience {
    enum link_state link;
    double rtt;        /* measured round trip, negative: none */
    double base;       /* option --patience */
    double dead_after; /* option --dead-after */
    double waited;     /* since the upstream was asked, the connecting included */
    double down_for;   /* since the link was first seen down; 0 if it is not */
    bool is_unsafe;    /* the answer to an unsafe question is owed */
    bool is_prompting; /* the upstream owes a session such an answer, or did just now: a person
                          may be at its prompt */
};

/* base, stretched by the round trip rtt (negative: not known). */
double patience_base(double base, double rtt);

/* Whether it is time to ask the next upstream as well. */
bool patience_is_over(const struct patience *p);

/* Whether a first question is given up. */
bool patience_gives_up(const struct patience *p);

/* Whether a session that is relaying gives up what it is owed. */
bool patience_gives_up_owed(const struct patience *p);

#endif
