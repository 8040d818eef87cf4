/*
 * Healing: what is removed, by a cleaner of /tmp, by hand, or with /run/user/UID after
 * the last logout, is made again as soon as it can be, the directory included; and where
 * somebody else listens by then, that is noticed.
 */
#ifndef RELAYD_HEALING_H
#define RELAYD_HEALING_H

#include "relayd/host/listener.h"
#include "relayd/base/paths.h"

#include <ev.h>

struct healing {
    /* The caller's to set: */
    struct ev_loop *loop;
    const struct paths *paths;
    struct listener *listeners[2];
    /* Makes again what else is missing from the directory. Returns 0 or -errno,
     * -EBUSY where another daemon has it. */
    int (*on_heal)(void *arg);
    /* Somebody else listens where we did. Nothing is healed any more. */
    void (*on_lost)(void *arg);
    void *arg;

    ev_io events;   /* inotify(7) */
    ev_timer later;
    double retry; /* seconds of the last wait before another try; an event makes it short */
    int problem;  /* what failed and has been said, -errno, or 0 */
};

void healing_start(struct healing *healing);
/* Of a zeroed struct too, and twice. */
void healing_fini(struct healing *healing);

#endif
