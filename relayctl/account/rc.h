/* SPDX-License-Identifier: MIT */
/*
 * What sshd runs at each login: ~/.ssh/rc, or the host's own where the account has none.
 */
#ifndef RELAYCTL_RC_H
#define RELAYCTL_RC_H

#include "relayd/base/paths.h"

#include <stdbool.h>

/* The host's. */
#define RC_OF_HOST "/etc/ssh/sshrc"

/* The block of setup that offers each login to the relay with that name, which is "" for the first.
 * Returns out. */
#define RC_BLOCK_MAX (PATHS_NAME_MAX + 8)
const char *rc_block(const char *name, char out[RC_BLOCK_MAX]);

/* Whether it offers each login to that relay, by setup's block or by lines of somebody's own. */
bool rc_registers(const struct paths *paths, const char *home);

#endif
