/*
 * Relaying: a session with its upstream. It is carried on, and given up where what it is owed
 * does not come.
 */
#ifndef RELAYD_RELAYING_H
#define RELAYD_RELAYING_H

#include "relayd/session/session.h"

/* Carries on both ways as far as that goes without waiting. Returns RELAY_GOING, or why it
 * ends. */
enum relay_end relaying_step(struct session *s);

/* Begins to watch over what is owed already, in a session that another process had. */
void relaying_resume(struct session *s);

/* Time has passed: returns whether the client is still there, or has said what is still on its
 * way. */
bool relaying_look_at_client(struct session *s);

/* Time has passed: asks about the link. Returns whether the session goes on; if not, its
 * upstream has been called silent. */
bool relaying_look(struct session *s);

/* What the end of a relay says of the upstream. */
void relaying_note_end(struct session *s, enum relay_end end);

#endif
