/* SPDX-License-Identifier: MIT */
/*
 * Whose login it is: which of the registered logins a process or a terminal belongs to.
 */
#ifndef RELAYCTL_WHOSE_H
#define RELAYCTL_WHOSE_H

#include "relayctl/status.h"

#include <sys/types.h>

/* Finds the login behind a process of this user, the first of: the one whose socket it or an
 * ancestor was started with; the one of their connection or terminal; the one that they name by
 * its label, as a mosh client does, whose own login is over. Returns its record, or NULL and sets
 * *why. */
const struct proto_msg *whose_process(const struct status *status, pid_t pid, const char **why);

/* The same for a terminal, "pts/3" or "/dev/pts/3": the login behind the processes on it, else the
 * one that was registered with it. */
const struct proto_msg *whose_terminal(const struct status *status, const char *tty,
                                       const char **why);

#endif
