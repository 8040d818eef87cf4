/*
 * The set of sessions: who is let in, and what ends several at once.
 */
#ifndef RELAYD_SESSIONS_H
#define RELAYD_SESSIONS_H

#include "relayd/session/session.h"

#include <stdint.h>

void sessions_init(struct sessions *sessions, struct upstreams *upstreams,
                   const struct options *options);
/* Ends all. */
void sessions_fini(struct sessions *sessions);

/* Serves an accepted client; takes fd over. A client of another uid is closed. */
void sessions_accept(struct sessions *sessions, int fd);

/* Ends those that upstream id serves or is asked by; 0: every one that has an
 * upstream or looks for one. */
void sessions_end_upstream(struct sessions *sessions, uint64_t id, enum session_reason reason);

/* From now on no more is read than completes what is begun. */
void sessions_settle(struct sessions *sessions);
/* Whether all are that may be at all: not those that are about to be closed. */
bool sessions_are_settled(const struct sessions *sessions);

/* From now on a session ends as soon as it is owed nothing. */
void sessions_drain(struct sessions *sessions);

#endif
