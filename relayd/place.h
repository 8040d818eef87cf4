/* SPDX-License-Identifier: MIT */
/*
 * The place: what a daemon takes on its host. Its directory (paths.h chooses it), the lock on
 * that, the limit of open files, its two sockets, and their healing.
 *
 *     place_take() --> place_open() --> place_close()
 */
#ifndef RELAYD_PLACE_H
#define RELAYD_PLACE_H

#include "relayd/base/paths.h"
#include "relayd/host/healing.h"
#include "relayd/host/listener.h"
#include "relayd/host/options.h"
#include "relayd/host/systemd.h"
#include "relayd/upstream/registry.h"

#include <stdbool.h>

struct place {
    struct paths paths;
    int lock_fd; /* -1: none */
    struct systemd_sockets given; /* from systemd, or -1 */
    bool is_activated;            /* systemd gave one */
    bool has_log;                 /* a log file stands in the directory */
    unsigned max_upstreams, max_control; /* that the limit of open files allows */
    struct listener agent, control;
    struct healing healing;
    /* The saved registry has gone, and is to be saved again. */
    void (*on_emptied)(void *arg);
    /* Somebody else serves there now. */
    void (*on_lost)(void *arg);
    void *arg;
};

/* Finds the directory, makes it where it is missing, and takes the lock; given holds what
 * systemd gave. Logs what prevents it. Returns 0 or -errno. */
int place_take(struct place *place, const struct options *options,
               const struct systemd_sockets *given);

/* Raises the limit of open files, and shares it out. A quarter is for logins, three each (the
 * pin, a pidfd, the connection of a hold), up to REGISTRY_MAX of them; some are for relayctl, and
 * for relayd itself; the rest is for clients, two each. So whatever is registered or watched, a
 * client finds a descriptor. Sets max_upstreams and max_control, and has max_clients fit. */
void place_raise_limits(struct place *place, struct options *options);

/* Opens both sockets, begins to accept, and heals them from now on. The caller must have set the
 * callbacks, and called listener_init() for both. Logs what prevents it. Returns 0 or -errno. */
int place_open(struct place *place, struct ev_loop *loop);

/* Whether another daemon serves in the place of our agent socket. */
bool place_is_replaced(const struct place *place);

/* Accepts no more, and heals no more. */
void place_leave(struct place *place);

/* The same, and lets go of the lock. After place_take() alone it will do as well. */
void place_close(struct place *place);

#endif
