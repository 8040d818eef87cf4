/* SPDX-License-Identifier: MIT */
/*
 * The verbs that are a request and its answer. Each, as all verbs, is given the
 * command line, and returns an exit status.
 */
#ifndef RELAYCTL_VERBS_H
#define RELAYCTL_VERBS_H

#include "relayctl/command.h"

int verb_unregister(struct command *cmd);
int verb_use(struct command *cmd);
int verb_follow(struct command *cmd);
int verb_status(struct command *cmd);
int verb_pause(struct command *cmd);
int verb_resume(struct command *cmd);
int verb_why(struct command *cmd);
int verb_path(struct command *cmd);
int verb_stop(struct command *cmd);

#endif
