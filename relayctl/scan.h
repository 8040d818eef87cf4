/* SPDX-License-Identifier: MIT */
/*
 * Looking for logins that nobody registered: servers that run no ~/.ssh/rc, logins from before
 * relayd was installed.
 */
#ifndef RELAYCTL_SCAN_H
#define RELAYCTL_SCAN_H

#include "relayctl/login.h"
#include "relayctl/process.h"

#include <stddef.h>
#include <time.h>

#define SCAN_MAX 256 /* as many as relayd takes */

struct scan_found {
    char *path; /* a socket, no symlink; owned */
    struct login login; /* points into scan's processes */
    struct timespec made; /* when the socket was made */
};

struct scan {
    struct processes processes;
    struct scan_found found[SCAN_MAX];
    size_t n;
};

/* Looks for sockets of this user's logins, the oldest first: those that a login was started with,
 * and those that stand where servers put them. None of a relayd, and none of an agent on this
 * host. Connects to nobody. Returns 0 or -ENOMEM; call scan_fini() in any case. */
int scan_find(struct scan *scan);
void scan_fini(struct scan *scan);

#endif
