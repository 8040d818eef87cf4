/*
 * The questions of a client without an upstream: until the first that needs one, and where there
 * is none.
 */
#ifndef RELAYD_QUESTIONS_H
#define RELAYD_QUESTIONS_H

#include "relayd/session/session.h"

/* Reads the client's questions, decides about them, and writes it its answers, as far as that
 * goes without waiting; in the states waiting, choosing, and none. Returns RELAY_GOING, or why
 * it ends. The state may be another then. */
enum relay_end questions_step(struct session *s);

#endif
