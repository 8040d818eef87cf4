/* SPDX-License-Identifier: MIT */
/*
 * A relay between two socketpairs: the test is the client at one end and the
 * upstream at the other.
 *
 *     client - client_fd [relay] upstream_fd - upstream
 */
#ifndef RELAYD_WIRE_H
#define RELAYD_WIRE_H

#include "relayd/session/relay.h"

#include <check.h>

extern int client, client_fd, upstream, upstream_fd;
extern struct relay relay;
extern enum agent_kind refused; /* what its gate refuses, AGENT_KINDS: nothing */
extern unsigned judged;         /* how many questions the gate has seen */

static const uint8_t list[] = {0, 0, 0, 1, 11};
static const uint8_t list_answer[] = {0, 0, 0, 5, 12, 0, 0, 0, 0};
static const uint8_t sign[] = {0, 0, 0, 4, 13, 1, 2, 3};
static const uint8_t sign_answer[] = {0, 0, 0, 3, 14, 8, 9};
static const uint8_t remove_all[] = {0, 0, 0, 1, 19};
static const uint8_t failure[] = {0, 0, 0, 1, 5};

/* Gives each test of tcase a new one. */
void wire_add(TCase *tcase);

enum relay_end step(void);
/* Steps, and the relay goes on. */
void check_going(void);
/* Steps until it ends or comes to rest, as a loop would. */
enum relay_end carry_on(void);

void give(int fd, const void *bytes, size_t n);
#define GIVE(fd, frame) give(fd, frame, sizeof(frame))

/* Exactly these bytes are there. */
void take(int fd, const void *bytes, size_t n);
#define TAKE(fd, frame) take(fd, frame, sizeof(frame))
void check_nothing(int fd);

#endif
