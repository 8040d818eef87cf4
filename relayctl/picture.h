/* SPDX-License-Identifier: MIT */
/*
 * The status as a picture for people: the agent socket, and hanging from it the
 * logins, in the order in which a new client would meet them.
 */
#ifndef RELAYCTL_PICTURE_H
#define RELAYCTL_PICTURE_H

#include "relayctl/printer.h"
#include "relayctl/status.h"

/* Draws it; no line is wider than out allows. self is how a shell calls this program.
 * comes_by_rc: a login that forwards an agent has nothing to do to be registered. */
void picture_draw(struct printer *out, const struct status *status, const char *self,
                  bool comes_by_rc);

#endif
