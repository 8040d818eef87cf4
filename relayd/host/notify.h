/*
 * What a service manager is told (sd_notify(3)), without ever waiting for it: it may be
 * stopped, reloading or stuck, and clients must be served all the same. Nothing is said
 * where nobody listens ($NOTIFY_SOCKET).
 *
 * What must arrive (READY, and what concerns the descriptor store) is kept until there
 * is room for it, in order. Of the rest the newest is: the status, a sign of life.
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
    ev_timer later; /* tried again where the loop cannot watch */
    struct list queue; /* struct message::link, owned */
    char status[NOTIFY_STATUS_MAX]; /* untold, or empty */
    bool is_keepalive_due;
};

void notify_init(struct notify *notify, struct ev_loop *loop);
/* What still has to arrive is waited for, but not for longer than so many seconds. Of a
 * zeroed struct too, and twice. */
void notify_fini(struct notify *notify, double seconds);

/* Whether a service manager wants to be told anything. */
bool notify_is_on(const struct notify *notify);

/* It serves; it is about to end; it is not stuck. */
void notify_ready(struct notify *notify);
void notify_stopping(struct notify *notify);
void notify_keepalive(struct notify *notify);

/* What it does, in a line; any text: it is made printable. */
void notify_status(struct notify *notify, const char *status);

/* Puts one or two descriptors into the store of the service, under one name; what they
 * lead to is kept open there until they are taken out or the service is stopped, a crash
 * or a restart being no stop (sd_notify(3), FDSTORE=1). They stay the caller's, who may
 * close them at once. Returns whether that is on its way: what becomes of it nobody
 * tells. */
bool notify_store(struct notify *notify, const char *name, const int *fds, unsigned n);
/* Takes all of that name out. */
void notify_unstore(struct notify *notify, const char *name);
/* How many descriptors the store takes, where its manager says so (from systemd 254 on:
 * systemd.exec(5), FDSTORE), else UINT_MAX. */
unsigned notify_store_room(void);

#endif
