/* SPDX-License-Identifier: MIT */
/*
 * The questions of a client that has no upstream: up to the first that needs one, and all where
 * there is none to use.
 */
#ifndef RELAYD_QUESTIONS_H
#define RELAYD_QUESTIONS_H

#include "relayd/session/session.h"

/* Reads the client's questions, decides about them, and writes the answers, as far as that goes
 * without waiting. For the states waiting, choosing and none; the state may be another
 * afterwards. Returns RELAY_GOING, or why the session ends. */
enum relay_end questions_step(struct session *s);

#endif
