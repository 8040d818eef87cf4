/* SPDX-License-Identifier: MIT */
/*
 * What relayd says of itself: one record for it, one for each login.
 */
#ifndef RELAYCTL_STATUS_H
#define RELAYCTL_STATUS_H

#include "relayd/base/proto.h"

#include <stdbool.h>
#include <stddef.h>

/* Zeroed, it is empty. Owns the messages. */
struct status {
    struct proto_msg daemon;
    struct proto_msg *upstreams; /* in the order they would be tried */
    size_t n;
};

/* Takes over a record; drops one that is neither "daemon" nor "upstream". Returns 0, or -ENOMEM:
 * then it is still the caller's. */
int status_add(struct status *status, struct proto_msg *record);
void status_fini(struct status *status);

/* The value of key, "" where it is missing. */
const char *status_text(const struct proto_msg *record, const char *key);

/* Its terminal as people call it, "pts/3"; "" where there is none. */
const char *status_tty(const struct proto_msg *upstream);

/* Whether a login is known not to answer. */
bool status_is_silent(const struct proto_msg *upstream);

/* What stands where the agent socket should be, so that no client reaches it; or NULL. */
const char *status_obstacle(const struct status *status);

/* Whether relayd says that a client that came now would find a login. */
bool status_can_serve(const struct status *status);

/* The first login with that value of that key; NULL: none, or the value is NULL or empty. A path
 * must have no symlink in it. */
const struct proto_msg *status_find(const struct status *status, const char *key,
                                    const char *value);

#endif
