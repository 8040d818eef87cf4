/* SPDX-License-Identifier: MIT */
/* `relayctl setup`: makes this account's arrangements, and takes them back. */
#ifndef RELAYCTL_SETUP_H
#define RELAYCTL_SETUP_H

#include "relayctl/command.h"

int verb_setup(struct command *cmd);

#endif
