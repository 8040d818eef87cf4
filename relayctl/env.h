/* SPDX-License-Identifier: MIT */
/* `relayctl env`: the line that makes a shell use the agent socket. */
#ifndef RELAYCTL_ENV_H
#define RELAYCTL_ENV_H

#include "relayctl/command.h"

int verb_env(struct command *cmd);

#endif
