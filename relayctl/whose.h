/* SPDX-License-Identifier: MIT */
/*
 * Whose login it is: which of the registered logins a process or a terminal belongs to, or has a
 * label.
 */
#ifndef RELAYCTL_WHOSE_H
#define RELAYCTL_WHOSE_H

#include "relayctl/command.h"

/* Finds the login that --pid, --tty or --tmux name, if one of them is given, and sets cmd->login.
 * Of a process it is the first of: the one whose socket the process or an ancestor of it was
 * started with; the one of their connection or terminal; the one that they name by its label, as a
 * mosh client does, whose own login is over. Of a terminal it is that of the processes on it, else
 * the one that was registered with it. Tells where there is none. The same for an operand that is
 * the label of one login; where several have it their numbers are told. A number and the socket of a
 * login are none: those go before any label. Returns an exit status. */
int whose_find(struct command *cmd);

#endif
