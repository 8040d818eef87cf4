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

/* A link is asked no earlier than that in a wait: a dead one shows nothing before, and a
 * living path has answered. */
#define WAIT_QUIET 0.05

/* What must be kept between two looks. A zeroed one is a wait at its beginning. */
struct wait {
    double down_since; /* 0: the link is not down */
};

/* A look at the wait for u (NULL: dropped meanwhile) that has lasted `waited` seconds: asks the
 * link, and fills everything of a struct patience but is_unsafe. */
struct patience wait_look(struct wait *wait, struct registry *registry, struct upstream *u,
                          const struct options *options, double now, double waited);

/* Asks the kernel about u's link, for someone who has waited so long, and forgives u where
 * that tells of its return. */
enum link_state wait_ask_link(struct registry *registry, struct upstream *u, double now,
                              double waited, double patience);

/* Forgives the silent ones whose time has come. */
void wait_forgive_due(struct registry *registry, double now);

/* For the moment before the order matters: the same, and asks the link of one silent upstream,
 * in turn. */
void wait_refresh(struct registry *registry, double now, double patience);

#endif
