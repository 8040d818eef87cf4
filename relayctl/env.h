/* `relayctl env`: the line by which a shell takes the agent socket as its own. */
#ifndef RELAYCTL_ENV_H
#define RELAYCTL_ENV_H

#include "relayctl/command.h"

int verb_env(struct command *cmd);

#endif
