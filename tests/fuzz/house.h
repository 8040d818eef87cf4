/* SPDX-License-Identifier: MIT */
/*
 * The house in which the cast plays: a loop, a registry, enrolment and sessions, as the daemon has
 * them, on the fuzzers' kernel.
 */
#ifndef RELAYD_HOUSE_H
#define RELAYD_HOUSE_H

#include "relayd/session/sessions.h"

#include <stdbool.h>
#include <stddef.h>

/* How much later than its time something may come: a tick of the timer, and the like. */
#define LATE_SECONDS 0.6
/* A look for logins takes no longer. */
#define LOOK_SECONDS 2.0

extern struct registry registry;
extern struct enrol enrol;
extern struct options options;
extern struct sessions sessions;

/* cast.is_raw and its like are options; max: how many upstreams the registry takes. */
void house_begin(unsigned max, bool is_discovering);
/* All clients leave; then nothing may be left of them, and in the end of anything. */
void house_end(void);

/* Turns loop and cast until nothing more happens in this moment. */
void settle(void);
/* Time passes, and whatever is due then is done. */
void pass(double seconds);

/* The upstream at an agent's path, or NULL. */
struct upstream *upstream_of(unsigned agent);

/* What relayctl asks for; the bits of `how` are for fallback, a kept place, a label, a link. */
void do_register(unsigned agent, unsigned how);
void do_unregister(struct upstream *u);
void do_prefer(struct upstream *u);
/* Somebody is at the keyboard of u, which is followed from now on; again: no more. */
void do_follow(struct upstream *u);
/* u takes the place of old, which goes. */
void do_replace(struct upstream *old, struct upstream *u);
void do_pause(bool is_paused);
/* A look for logins has found one, and is over. */
void do_find(unsigned agent);
/* Client c comes, if it is not there. Its socket holds so much. */
void do_connect(int c, size_t room);
/* As a restart does it: the sessions that can be are carried on by others, the rest ends. */
void do_restart(void);

#endif
