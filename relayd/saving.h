/* SPDX-License-Identifier: MIT */
/*
 * When the registry is saved: once in each turn of the loop in which it has changed, and where it
 * could not be, again until it can. A disk that is full is full for hours, and a relayd that is
 * killed meanwhile, or the host, would have forgotten the logins.
 */
#ifndef RELAYD_SAVING_H
#define RELAYD_SAVING_H

#include "relayd/place.h"
#include "relayd/upstream/registry.h"

#include <ev.h>
#include <stdbool.h>

struct saving {
    struct ev_loop *loop;
    const struct registry *registry;
    const struct place *place;
    ev_prepare due;  /* in this turn */
    ev_timer soon;   /* not at once */
    ev_timer again;  /* it failed */
    double pause;    /* seconds until then */
    int problem;     /* -errno of the last time, which has been said; or 0 */
    bool is_given_up;
    void (*on_turn)(void *arg); /* after each turn in which it was due */
    void *arg;
};

/* All are the caller's, and outlive it. */
void saving_init(struct saving *saving, struct ev_loop *loop, const struct registry *registry,
                 const struct place *place, void (*on_turn)(void *arg), void *arg);
void saving_fini(struct saving *saving);

/* Something has changed: it is saved in this turn. */
void saving_is_due(struct saving *saving);
/* Something has changed that may be lost in a crash: it is saved within a quarter of a second. */
void saving_is_due_soon(struct saving *saving);
/* Saves at once; not where another daemon has taken our place: the file is that one's then. */
void saving_now(struct saving *saving);
/* Another daemon has our place for good, and the file, also when that one is away: nothing is saved
 * any more. */
void saving_give_up(struct saving *saving);

#endif
