/* SPDX-License-Identifier: MIT */
/*
 * What setup says: the plan, what would change line by line, and how each change came out.
 */
#ifndef RELAYCTL_SETUP_TELL_H
#define RELAYCTL_SETUP_TELL_H

#include "relayctl/printer.h"
#include "relayctl/setup/step.h"

/* What would be done, as a table, and what would not, and why. */
void tell_plan(struct printer *out, const struct setup *setup);

/* Each change of a file as a diff, each other one as a command. */
void tell_diffs(struct printer *out, const struct setup *setup);

/* One change that was carried out, or was not. */
void tell_result(struct printer *out, const struct change *change);

/* What was left alone, with the lines to paste, and what else the person should know. */
void tell_remarks(struct printer *out, const struct setup *setup);

#endif
