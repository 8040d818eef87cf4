/* SPDX-License-Identifier: MIT */
/*
 * A wait: for the answer of an upstream. One place asks the kernel about its link, notes for
 * how long that has been down, and says how much patience is left (patience.h).
 *
 * Times are those of monotonic_seconds().
 */
#ifndef RELAYD_WAIT_H
#define RELAYD_WAIT_H

#include "relayd/host/options.h"
#include "relayd/upstream/patience.h"
#include "relayd/upstream/registry.h"

/* A wait asks about the link only after so many seconds: a dead link shows nothing before, and
 * over a good one the answer has come by then. */
#define WAIT_QUIET 0.05
/* For so long the kernel's word on a link is believed. */
#define WAIT_FRESH 0.1

/* What must be kept between two looks. A zeroed one is a wait at its beginning. */
struct wait {
    double down_since; /* 0: the link is not down */
};

/* Looks at the wait for u (NULL: dropped meanwhile), which has lasted `waited` seconds. Asks
 * about the link, and returns a struct patience that lacks only is_unsafe. */
struct patience wait_look(struct wait *wait, struct registry *registry, struct upstream *u,
                          const struct options *options, double now, double waited);

/* Asks the kernel about u's link, unless it was asked within WAIT_FRESH, for someone who has
 * waited so long, and forgives u where that tells of its return. */
enum link_state wait_ask_link(struct registry *registry, struct upstream *u, double now,
                              double waited, double patience);

/* Forgives the silent upstreams that are due: upstream_is_due(). */
void wait_forgive_due(struct registry *registry, double now);

/* To be called before upstreams are tried: asks about the link of one silent upstream, of each
 * in turn and of none within PATIENCE_TICK of another, and then does the same. What it costs does
 * not grow with their number. */
void wait_refresh(struct registry *registry, double now, double patience);

#endif
