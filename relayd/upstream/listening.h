/* SPDX-License-Identifier: MIT */
/*
 * Listening: whether anybody listens on a socket file, as the kernel sees it, without a
 * connection that the other end would notice.
 *
 * The kernel is asked by NETLINK_SOCK_DIAG (sock_diag(7), linux/unix_diag.h), which any user
 * may. It tells of this network namespace alone, so who is not found may listen elsewhere.
 */
#ifndef RELAYD_LISTENING_H
#define RELAYD_LISTENING_H

#include "relayd/upstream/pin.h"

#include <stdbool.h>

/* One socket file that is asked about. */
struct listening {
    const struct pin *pin;
    const char *path; /* its real path */
    bool is_found;    /* somebody listens on it */
};

/* Sets is_found of all n, by one dump of the host's listeners. Returns 0, or -errno where the
 * kernel cannot be asked: what was not found by then is false. Takes some 0.2 ms and never waits. */
int listening_find(struct listening *all, unsigned n);

#endif
