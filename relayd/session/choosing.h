/* SPDX-License-Identifier: MIT */
/*
 * Choosing: a session looks for the upstream that answers its client's first question.
 *
 * Upstreams are tried in the registry's order, the next one as well when patience with the last
 * runs out (patience.h); those that are silent come last, all together, and by a ping; so are
 * those asked that follow one another and are doubted (upstream.h), but in their place. The
 * first to answer has the session, and the others are closed in the same turn; only a listing
 * without keys is kept for a moment while the others that are alive are asked, so that an empty
 * agent does not hide the keys of another. The whole choice takes no longer than one
 * question may.
 *
 * An unsafe question is not asked here: only pings are sent for it, and it goes to the upstream
 * that was chosen, later; so it never reaches two.
 */
#ifndef RELAYD_CHOOSING_H
#define RELAYD_CHOOSING_H

#include "relayd/session/session.h"

/* Time for a client to read its failure and close, before it is closed, in seconds. */
#define CHOOSING_FAREWELL 0.2

enum choice {
    CHOICE_OPEN,      /* the state is choosing */
    CHOICE_MADE,      /* relaying */
    CHOICE_NONE,      /* none */
    CHOICE_NO_MEMORY, /* relaying, but the answer is lost */
};

/* Begins to choose, from the state waiting. What question points to must stay there until the
 * choice is made. Returns CHOICE_OPEN or CHOICE_NONE. */
enum choice choosing_start(struct session *s, const struct question *question);

/* Time has passed, or an attempt has failed: gives up attempts that have waited too long, and
 * starts those that are due. Only while choosing. */
enum choice choosing_look(struct session *s);

/* An attempt was answered. */
enum choice choosing_answered(struct session *s, struct attempt *attempt);

/* The client has gone: calls those upstreams silent with which patience had run out. */
void choosing_give_up(struct session *s);

/* There is no upstream to choose: goes to the state none. */
void choosing_become_none(struct session *s);

/* Logins have been looked for: goes on with those that are registered now. */
enum choice choosing_discovered(struct session *s);

#endif
