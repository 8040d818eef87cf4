/* SPDX-License-Identifier: MIT */
/*
 * A stage for sessions: one client on a socketpair, and two fake agents that count
 * what reaches them. The clock is the test's own (clock.h).
 */
#ifndef RELAYD_STAGE_H
#define RELAYD_STAGE_H

#include "relayd/session/sessions.h"
#include "tests/unit/fake.h"

#include <check.h>

extern struct ev_loop *loop;
extern struct registry registry;
extern struct enrol enrol;
extern struct options options; /* with a patience of 50 ms */
extern struct sessions sessions;
extern struct fake a, b; /* listening, and not yet registered */
extern int the_client;

static const uint8_t list[] = {0, 0, 0, 1, 11};
static const uint8_t sign[] = {0, 0, 0, 4, 13, 1, 2, 3};
static const uint8_t remove_all[] = {0, 0, 0, 1, 19};
static const uint8_t failure[] = {0, 0, 0, 1, 5};
static const uint8_t list_by_a[] = {0, 0, 0, 6, 12, 0, 0, 0, 1, 'a'};
static const uint8_t list_by_b[] = {0, 0, 0, 6, 12, 0, 0, 0, 1, 'b'};
static const uint8_t sign_by_a[] = {0, 0, 0, 2, 14, 'a'};
static const uint8_t sign_by_b[] = {0, 0, 0, 2, 14, 'b'};

/* Sets it for each test of tcase. */
void stage_add(TCase *tcase);

/* Registers both, alive; a is the newer, so it is tried first. What that asked of
 * them is forgotten. */
void add_both(void);

/* Registers one, alive; it is tried first. What that asked of it is forgotten. */
struct upstream *add_fake(struct fake *fake);

/* A client connects. */
void begin_client(void);

void ask(const void *bytes, size_t n);
#define ASK(frame) ask(frame, sizeof(frame))

/* The next bytes are these, and no more are there. */
void hear(const void *bytes, size_t n);
#define HEAR(frame) hear(frame, sizeof(frame))

/* The session ends, and nothing more is said. */
void check_end(void);

/* Nothing has reached it. */
void check_quiet(const struct fake *fake);

/* For turn_until(); arg is not looked at. */
bool has_answer(const void *arg);
bool is_over(const void *arg);

void turn_for(double seconds);
/* Long enough for whatever patience would bring about. */
void outlast_patience(void);

#endif
