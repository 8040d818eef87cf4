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

/* Serves an accepted client; takes fd over. A client of another uid is closed. */
void sessions_accept(struct sessions *sessions, int fd);

/* Goes on with a session that another process had, and that session_new() made: all that is
 * known of it is set, but that upstream upstream_id serves it (0: none, or dropped). */
void sessions_resume(struct session *s, uint64_t upstream_id);

/* Ends those that u serves or is asked by; NULL: every one that has an upstream or looks for
 * one. */
void sessions_end_upstream(struct sessions *sessions, struct upstream *u,
                           enum session_reason reason);

/* From now on no more is read than completes what is begun, so that they get portable. */
void sessions_quiesce(struct sessions *sessions);
/* Whether every session is portable that will be; those about to be closed do not count. */
bool sessions_are_portable(const struct sessions *sessions);

/* From now on a session ends as soon as it is owed nothing. */
void sessions_drain(struct sessions *sessions);

#endif
