/*
 * Choosing: a session without an upstream. It waits for a first question, looks for the
 * upstream that answers it, and where none does says so itself.
 *
 * Upstreams are tried in the registry's order, the next one as well when patience with the
 * last runs out (patience.h); the first to answer has the session, and the others are closed
 * in the same turn. An unsafe question is not asked here: only pings are sent for it, and it
 * goes to the upstream that was chosen, later; so it never reaches two.
 */
#ifndef RELAYD_CHOOSING_H
#define RELAYD_CHOOSING_H

#include "relayd/session/session.h"

/* Reads the client's questions, decides about them, and writes it its answers, as far as that
 * goes without waiting; in the states waiting, choosing, and none. Returns RELAY_GOING, or why
 * it ends. The state may be another then. */
enum relay_end choosing_step(struct session *s);

/* In --raw there is no question: to be connected is to be chosen. */
void choosing_start_raw(struct session *s);

/* Time has passed, or an attempt has failed: gives up what has waited too long, starts what is
 * due, and where nothing is left to hope for, goes to the state none. Only while choosing. */
void choosing_look(struct session *s);

/* An attempt was answered: the session goes to the state relaying. Returns 0 or -ENOMEM. */
int choosing_take(struct session *s, struct attempt *winner);

/* The client has gone: those that had been waited for in vain are silent. */
void choosing_give_up(struct session *s);

#endif
