/* SPDX-License-Identifier: MIT */
/*
 * What a service manager is told (sd_notify(3)), without ever waiting for it: it may be
 * stopped, reloading or stuck, and clients must be served all the same. Nothing is said
 * where nobody listens ($NOTIFY_SOCKET).
 *
 * What must arrive (READY, and what concerns the descriptor store) is kept, in order, until
 * there is room for it. Of the status and of the sign of life only the newest is kept.
 */
#ifndef RELAYD_NOTIFY_H
#define RELAYD_NOTIFY_H

#include "relayd/base/list.h"

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

#define NOTIFY_STATUS_MAX 512

struct notify {
    struct ev_loop *loop;
    ev_io writable; /* its descriptor is the socket, or -1; active while there is no room */
    ev_timer later; /* tries again, where the loop cannot watch the socket */
    struct list queue; /* struct message::link, owned */
    char status[NOTIFY_STATUS_MAX]; /* untold, or empty */
    bool is_keepalive_due;
};

void notify_init(struct notify *notify, struct ev_loop *loop);
/* Waits, at most so many seconds, until what must arrive has been sent. A zeroed struct will
 * do, and so will a second call. */
void notify_fini(struct notify *notify, double seconds);

/* Whether a service manager wants to be told anything. */
bool notify_is_on(const struct notify *notify);

/* Tell that the daemon serves; that it is about to end; that it is not stuck. */
void notify_ready(struct notify *notify);
void notify_stopping(struct notify *notify);
void notify_keepalive(struct notify *notify);

/* Tells what the daemon does, in a line, which is made printable. */
void notify_status(struct notify *notify, const char *status);

/* Puts one or two descriptors into the store of the service, under one name. There they
 * stay open until they are taken out or the service is stopped; a crash or a restart is no
 * stop (sd_notify(3), FDSTORE=1). The caller keeps its own, and may close them at once.
 * Returns whether the message is on its way; the manager does not say what became of it. */
bool notify_store(struct notify *notify, const char *name, const int *fds, unsigned n);
/* Takes all descriptors of that name out. */
void notify_unstore(struct notify *notify, const char *name);
/* How many descriptors the store takes, where its manager says so (from systemd 254 on:
 * systemd.exec(5), FDSTORE), else UINT_MAX. */
unsigned notify_store_room(void);

#endif
