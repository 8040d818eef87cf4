/* SPDX-License-Identifier: MIT */
/*
 * The relayds of this user: the first, and those with a name of their own (relayd(1), --name).
 */
#ifndef RELAYCTL_INSTANCES_H
#define RELAYCTL_INSTANCES_H

#include "relayd/base/paths.h"

#include <stddef.h>

/* Zeroed, there are none. */
struct instances {
    char (*names)[PATHS_NAME_MAX]; /* owned; sorted; the first relayd's is empty */
    size_t n;
};

/* Finds those that have a directory, and the first in any case. Returns 0 or -ENOMEM; call
 * instances_fini() in any case. */
int instances_find(struct instances *instances);
void instances_fini(struct instances *instances);

#endif
