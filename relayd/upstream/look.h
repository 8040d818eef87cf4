/* SPDX-License-Identifier: MIT */
/*
 * The look: whether the registered sockets still have a listener. Where a server is one process
 * for all its logins, or a daemonised agent is killed, no pidfd tells of an end; so whoever is
 * about to claim that a login is there looks first.
 *
 * The laptop notices nothing of it, but where the kernel knows of no listener: then one connect
 * decides, and there is none to the same upstream for LOOK_SECONDS.
 */
#ifndef RELAYD_LOOK_H
#define RELAYD_LOOK_H

#include "relayd/upstream/registry.h"

#include <stdbool.h>

#define LOOK_SECONDS 10.0

/* Looks at all, and drops those that have ended. A ping that is under way will tell by itself. */
void look_at_all(struct registry *registry);

/* Connects once, and hangs up. Whether nobody surely listens there: it is refused, or the socket
 * is missing. */
bool look_is_ended(const struct upstream *u);

#endif
