/* SPDX-License-Identifier: MIT */
/*
 * The set of sessions, and what drives each: who is let in, the step that follows whatever
 * happened, and what ends several at once.
 */
#ifndef RELAYD_SESSIONS_H
#define RELAYD_SESSIONS_H

#include "relayd/session/session.h"

#include <stdint.h>

void sessions_init(struct sessions *sessions, struct enrol *enrol, const struct options *options);
/* Ends all. */
void sessions_fini(struct sessions *sessions);

/* Serves an accepted client; takes fd over. One of another user is closed, unless
 * that is root. */
void sessions_accept(struct sessions *sessions, int fd);

/* Goes on with a session that another process had. session_new() has made it, and all that is
 * known of it is set but its upstream: upstream_id, or 0 for none. */
void sessions_resume(struct session *s, uint64_t upstream_id);

/* Ends the sessions that u serves, and fails the attempts of others at it. u NULL: ends every
 * session that relays or chooses. */
void sessions_end_upstream(struct sessions *sessions, struct upstream *u,
                           enum session_reason reason);

/* From now on sessions read only what completes a frame that is held, to become portable. */
void sessions_quiesce(struct sessions *sessions);
/* Whether all sessions are portable. Those in the state none do not count: they are closed
 * soon. */
bool sessions_are_portable(const struct sessions *sessions);

/* From now on a session ends as soon as it is owed nothing. */
void sessions_drain(struct sessions *sessions);

#endif
