/* SPDX-License-Identifier: MIT */
/* The help texts, made from the table of verbs. */
#ifndef RELAYCTL_USAGE_H
#define RELAYCTL_USAGE_H

#include "relayctl/cmdline.h"

#include <stdio.h>

/* All verbs, a line each. The table ends with an entry without a name. */
void usage_all(FILE *file, const struct verb *verbs);

/* One verb: synopsis, what it does, its options. */
void usage_verb(FILE *file, const struct verb *verb);

#endif
