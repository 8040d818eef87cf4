/* SPDX-License-Identifier: MIT */
/*
 * What touches the person who looks at the status, each with the line that mends it.
 */
#ifndef RELAYCTL_NOTICES_H
#define RELAYCTL_NOTICES_H

#include "relayctl/command.h"
#include "relayctl/printer.h"

#define NOTICES_MAX 8
#define NOTICE_TEXT_MAX 480

struct notice {
    char text[NOTICE_TEXT_MAX];
    char cure[NOTICE_TEXT_MAX]; /* what to type; empty where no line mends it */
};

/* Zeroed, there are none. */
struct notices {
    struct notice notice[NOTICES_MAX];
    size_t n;
};

/* Looks at this shell's environment, the programs, and the links in the home. Adds what it finds
 * wrong; more than there is room for is left out. */
void notices_find(struct notices *notices, const struct command *cmd, const struct status *status);

/* Draws each below an empty line of its own kind; nothing where there are none. */
void notices_draw(struct printer *out, const struct notices *notices);

#endif
