/* SPDX-License-Identifier: MIT */
/*
 * What systemd gives a service at its start: sockets that it opened, descriptors from its
 * store, a watchdog. systemd.c asks libsystemd; systemd-none.c, for builds without it, answers
 * that there is no systemd. The build picks one.
 */
#ifndef RELAYD_SYSTEMD_H
#define RELAYD_SYSTEMD_H

#include <stdbool.h>

struct systemd_sockets {
    int agent;   /* listening stream socket, or -1 */
    int control; /* listening seqpacket socket, or -1 */
};

/* A descriptor that was in the store, close-on-exec; the callee owns it, and copies
 * name. */
typedef void systemd_stored_fn(void *arg, int fd, const char *name);

/* Takes the descriptors that were passed to this process. Listening sockets, told apart by
 * type, go to *sockets, non-blocking and close-on-exec, and are the caller's then; all others
 * go to on_stored. Returns how many of the two sockets there are, or -errno. */
int systemd_take_fds(struct systemd_sockets *sockets, systemd_stored_fn *on_stored, void *arg);

/* systemd must hear "WATCHDOG=1" at least once in so many seconds; 0: it need not. */
double systemd_watchdog_seconds(void);

#endif
