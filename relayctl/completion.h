/* SPDX-License-Identifier: MIT */
/*
 * What shells complete. The words of the command line are put into their completions when relayd
 * is built (contrib/completion); the logins, which come and go, are asked for at each Tab.
 */
#ifndef RELAYCTL_COMPLETION_H
#define RELAYCTL_COMPLETION_H

#include "relayctl/cmdline.h"

#include <stdio.h>

/* Prints a row for each word of the command line, of four fields with tabs between them:
 *
 *   where     the command behind which it may stand; "-": before the command, "*": both
 *   word      a command or an option
 *   argument  what follows it, as the synopsis calls that; "-": nothing
 *   help      what it is, a few words
 *
 * The table ends with an entry without a name. */
void completion_words(FILE *file, const struct verb *verbs);

/* Prints a line for each login, in the order in which they would be tried: its number, a tab, and
 * who it is, without control characters. Where no relayd runs it is silent, starts none, and
 * returns EXIT_NO_DAEMON; it waits a moment at most. */
int completion_logins(const struct command *cmd);

/* Prints the names of this user's relayds, a line each, but for the first, which has none. */
int completion_names(FILE *file);

#endif
