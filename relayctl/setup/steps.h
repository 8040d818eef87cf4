/* SPDX-License-Identifier: MIT */
/*
 * How each step plans. The table of them, in the order in which they are told and carried out, is in
 * setup.c.
 */
#ifndef RELAYCTL_SETUP_STEPS_H
#define RELAYCTL_SETUP_STEPS_H

#include "relayctl/setup/step.h"

/* ~/.ssh/rc: sshd offers each login to the relay. */
int rc_plan(struct setup *setup);

/* tmux's configuration, and its servers that run. */
int tmux_plan(struct setup *setup);

/* systemd's user units. */
int units_plan(struct setup *setup);

#endif
