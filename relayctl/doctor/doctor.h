/* SPDX-License-Identifier: MIT */
/* The verb doctor. */
#ifndef RELAYCTL_DOCTOR_H
#define RELAYCTL_DOCTOR_H

#include "relayctl/command.h"

int verb_doctor(struct command *cmd);

#endif
