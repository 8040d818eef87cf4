/*
 * What systemd offers a service: sockets it opened, a place to report to, and a
 * log. systemd.c does it with libsystemd; systemd-none.c, for builds without it,
 * answers that there is no systemd. The build picks one.
 */
#ifndef RELAYD_SYSTEMD_H
#define RELAYD_SYSTEMD_H

#include "relayd/log.h"

#include <stdbool.h>
#include <stddef.h>

struct systemd_sockets {
    int agent;   /* listening stream socket, or -1 */
    int control; /* listening seqpacket socket, or -1 */
};

/* Takes the sockets passed to this process, told apart by type, non-blocking and
 * close-on-exec; the caller owns them. A descriptor that is neither is closed and
 * named in the log. Returns how many of the two are here, or -errno. */
int systemd_take_sockets(struct systemd_sockets *sockets);

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
