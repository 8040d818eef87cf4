/* SPDX-License-Identifier: MIT */
/*
 * Relaying: a session with its upstream, which is carried on until one side ends, or what the
 * client is owed does not come.
 */
#ifndef RELAYD_RELAYING_H
#define RELAYD_RELAYING_H

#include "relayd/session/session.h"

/* Carries on both ways as far as that goes without waiting. Returns RELAY_GOING, or why the
 * session ends. */
enum relay_end relaying_step(struct session *s, enum relay_side readable);

/* Begins to wait for what is owed already, in a session that another process had. */
void relaying_resume(struct session *s);

/* Time has passed: returns whether the client is still there, or has said what is still on its
 * way. */
bool relaying_look_at_client(struct session *s);

/* Time has passed: asks about the link. Returns whether the session goes on; if not, its
 * upstream has been called silent. */
bool relaying_look(struct session *s);

/* Calls the upstream silent where this end of the relay was its fault. */
void relaying_note_end(struct session *s, enum relay_end end);

#endif
