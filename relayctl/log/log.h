/* SPDX-License-Identifier: MIT */
/* The verb log: who used which key of whose login, when, and for what. */
#ifndef RELAYCTL_LOG_H
#define RELAYCTL_LOG_H

#include "relayctl/command.h"

int verb_log(struct command *cmd);

#endif
