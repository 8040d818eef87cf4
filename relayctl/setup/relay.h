/* SPDX-License-Identifier: MIT */
/* What setup asks of relayd. */
#ifndef RELAYCTL_SETUP_RELAY_H
#define RELAYCTL_SETUP_RELAY_H

#include "relayctl/setup/step.h"
#include "relayctl/status.h"

#include <stdbool.h>

/* Whether relayd answers; status is its own. The caller must status_fini() in any case. */
bool relay_status(const struct setup *setup, struct status *status);

/* The own socket of the login that a client would meet first, of those that live; "" where there is
 * none. Lives as long as status. */
const char *relay_newest(const struct status *status);

#endif
