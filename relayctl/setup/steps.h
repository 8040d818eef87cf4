/* SPDX-License-Identifier: MIT */
/*
 * How each step plans. The table of them, in the order in which they are told and carried out, is in
 * setup.c.
 */
#ifndef RELAYCTL_SETUP_STEPS_H
#define RELAYCTL_SETUP_STEPS_H

#include "relayctl/setup/step.h"

/* ~/.ssh/rc, or everybody's /etc/ssh/sshrc: sshd offers each login to the relay. */
int rc_plan(struct setup *setup);

/* tmux's configuration, and its servers that run. */
int tmux_plan(struct setup *setup);
/* Whether its configuration has the lines of ours that tell relayd who types. */
bool tmux_is_told_to_follow(const struct setup *setup);

/* relayd puts the login of whoever is at the keyboard first: only where is_follow is set. */
int follow_plan(struct setup *setup);
/* Whether that was done before. */
bool follow_is_there(const struct setup *setup);
/* Whether it would be of use: more than one person or machine may be at a keyboard here. */
bool follow_is_useful(const struct setup *setup);

/* systemd's user units. */
int units_plan(struct setup *setup);

/* Whether that step enables the socket unit of a relayd with a name. What it does is noted by a word
 * of the block in ~/.ssh/rc, which is planned before. */
bool units_are_enabled_by(const struct setup *setup);
#define UNITS_ENABLED "enabled"

/* Everybody's files in /etc: shells of ssh logins use the relay. */
int system_plan(struct setup *setup);

/* The files of bash, zsh, fish and sh: shells use the relay. */
int shells_plan(struct setup *setup);
/* One of them that new shells read and that setup could not change: the file as it is told to people, or
 * where setup writes none, the shell. NULL where all are as they should be. Not for undo. */
const char *shells_left(const struct setup *setup);

/* relayd runs, and has this login. */
int running_plan(struct setup *setup);

/* Symlinks that led to a login's agent lead to the relay. */
int links_plan(struct setup *setup);

#endif
