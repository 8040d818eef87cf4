/* SPDX-License-Identifier: MIT */
/*
 * What setup says last: which shells use the relay now, which do not, what runs on, and the lines that
 * are left to the person.
 */
#ifndef RELAYCTL_SETUP_OUTCOME_H
#define RELAYCTL_SETUP_OUTCOME_H

#include "relayctl/printer.h"
#include "relayctl/setup/step.h"

/* Once all is carried out; it asks whether relayd runs. */
void outcome_tell(struct printer *out, const struct setup *setup);

#endif
