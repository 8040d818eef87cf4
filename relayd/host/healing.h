/* SPDX-License-Identifier: MIT */
/*
 * Healing: the directory and what is in it is made again as soon as it can be, whether a
 * cleaner of /tmp or a person removed it, or it went with /run/user/UID after the last
 * logout. Where somebody else listens by then, that is noticed.
 */
#ifndef RELAYD_HEALING_H
#define RELAYD_HEALING_H

#include "relayd/host/listener.h"
#include "relayd/base/paths.h"

#include <ev.h>

struct healing {
    /* The caller sets these: */
    struct ev_loop *loop;
    const struct paths *paths;
    struct listener *listeners[2];
    /* Makes again what else is missing from the directory. Returns 0 or -errno,
     * -EBUSY where another daemon has it. */
    int (*on_heal)(void *arg);
    /* Somebody else listens where we did, or has the lock. Nothing is healed any more. */
    void (*on_lost)(void *arg);
    void *arg;

    ev_io events;   /* inotify(7) */
    ev_timer later;
    double retry; /* seconds of the last wait before another try; an event makes it short */
    int problem;  /* what failed and has been said, -errno, or 0 */
};

void healing_start(struct healing *healing);
/* A zeroed struct will do, and so will a second call. */
void healing_fini(struct healing *healing);

#endif
