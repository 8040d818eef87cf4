/* SPDX-License-Identifier: MIT */
/*
 * The status in a few words, for a prompt or a status line that somebody else draws.
 */
#ifndef RELAYCTL_SHORT_H
#define RELAYCTL_SHORT_H

#include "relayctl/status.h"

#include <stdio.h>

/* The most columns that it has. */
#define SHORT_WIDTH 40

/* Writes the line: who serves, and which login would but is silent. Whatever a prompt or tmux
 * could take for its own is replaced. */
void short_status(FILE *file, const struct status *status);

#endif
