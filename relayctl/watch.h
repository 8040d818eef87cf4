/* SPDX-License-Identifier: MIT */
/* `relayctl watch`: what happens, one line each, until interrupted. */
#ifndef RELAYCTL_WATCH_H
#define RELAYCTL_WATCH_H

#include "relayctl/command.h"

int verb_watch(struct command *cmd);

#endif
