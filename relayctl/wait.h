/* SPDX-License-Identifier: MIT */
/* `relayctl wait`: until a login is there to serve. */
#ifndef RELAYCTL_WAIT_H
#define RELAYCTL_WAIT_H

#include "relayctl/command.h"

int verb_wait(struct command *cmd);

#endif
