/* SPDX-License-Identifier: MIT */
/* `relayctl hold`: a registration for as long as somebody holds it. */
#ifndef RELAYCTL_HOLD_H
#define RELAYCTL_HOLD_H

#include "relayctl/command.h"

int verb_hold(struct command *cmd);

#endif
