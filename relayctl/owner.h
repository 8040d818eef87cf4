/* SPDX-License-Identifier: MIT */
/*
 * Whose relay is asked for: each account has its own, root too.
 */
#ifndef RELAYCTL_OWNER_H
#define RELAYCTL_OWNER_H

#include "relayd/base/paths.h"

#define OWNER_HINT_MAX 384

/* What root does to reach the relay of the user whose directory that is. Returns out; NULL where
 * we are not root, or nobody has that directory. */
const char *owner_hint_other(const struct paths *paths, char out[OWNER_HINT_MAX]);

/* What root does where no relay answers in the directory, which may be root's own. Returns out;
 * NULL where we are not root, or the directory was named. */
const char *owner_hint_root(const struct paths *paths, char out[OWNER_HINT_MAX]);

#endif
