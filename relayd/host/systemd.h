/*
 * What systemd offers a service: sockets it opened, a store for descriptors, a place to
 * report to, and a log. systemd.c does it with libsystemd; systemd-none.c, for builds without it,
 * answers that there is no systemd. The build picks one.
 */
#ifndef RELAYD_SYSTEMD_H
#define RELAYD_SYSTEMD_H

#include "relayd/base/log.h"

#include <stdbool.h>
#include <stddef.h>

struct systemd_sockets {
    int agent;   /* listening stream socket, or -1 */
    int control; /* listening seqpacket socket, or -1 */
};

/* A descriptor that was in the store, close-on-exec; the callee owns it, and copies
 * name. */
typedef void systemd_stored_fn(void *arg, int fd, const char *name);

/* Takes the descriptors passed to this process: the sockets it listens on, told apart
 * by type, non-blocking and close-on-exec, which the caller owns then; any other goes to
 * on_stored. Returns how many of the two sockets are here, or -errno. */
int systemd_take_fds(struct systemd_sockets *sockets, systemd_stored_fn *on_stored, void *arg);

/* Puts n descriptors into the store of the service, under one name; what they lead to is
 * kept open there until they are taken out or the service is stopped, a crash or a
 * restart being no stop (sd_notify(3), FDSTORE=1). They stay the caller's, who
 * may end at once. Returns whether that was sent: what becomes of it nobody tells. */
bool systemd_store(const char *name, const int *fds, unsigned n);
/* How many descriptors the store takes, where its manager says so (from systemd 254 on:
 * systemd.exec(5), FDSTORE), else UINT_MAX. */
unsigned systemd_store_room(void);
/* Takes all of that name out. */
void systemd_unstore(const char *name);

/* Whether a service manager wants to be told anything. */
bool systemd_is_listening(void);

/* Sends a line of sd_notify(3) state, e.g. "READY=1"; nothing where nobody
 * listens. */
void systemd_notify(const char *state);

/* How often it must hear "WATCHDOG=1" at the least, in seconds; 0: never. */
double systemd_watchdog_seconds(void);

/* The sink to log with: the journal's where stderr is connected to it, else
 * stderr. */
log_sink_fn *systemd_log_sink(void);

#endif
