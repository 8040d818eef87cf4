/* SPDX-License-Identifier: MIT */
/* What setup asks of relayd. */
#ifndef RELAYCTL_SETUP_RELAY_H
#define RELAYCTL_SETUP_RELAY_H

#include "relayctl/setup/step.h"
#include "relayctl/status.h"

#include <stdbool.h>

/* Whether relayd answers; status is its own. The caller must status_fini() in any case. */
bool relay_status(const struct setup *setup, struct status *status);

/* Has relayd take in a login's socket, where it has not, and starts relayd for it. socket NULL: this
 * login's own; where it forwards no agent, relayd is started alone. What is known keeps its place.
 * Returns 0, or -errno with why set to a sentence. */
int relay_take(const struct command *cmd, char *socket, char *why, size_t size);

/* Has relayd follow the keyboard, or nobody. Returns 0, or -errno with why set to a sentence. */
int relay_follow(const struct command *cmd, bool is_on, char *why, size_t size);

/* The own socket of the login that a client would meet first, of those that live; "" where there is
 * none. Lives as long as status. */
const char *relay_newest(const struct status *status);

#endif
