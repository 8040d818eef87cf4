/* SPDX-License-Identifier: MIT */
/*
 * The daemon: composes all the rest. It starts, takes over where it must, serves, keeps what it
 * knows in a file, drains and stops.
 *
 *     starting --> serving --> stopping --> over
 *                     \--> leaving --^
 *
 * leaving: somebody else serves in its place. Nobody is let in any more, but open connections
 * are served until the last is closed. stopping: it was told to end; clients are handed over, or
 * have some seconds for what they are owed (ending.h).
 */
#ifndef RELAYD_DAEMON_H
#define RELAYD_DAEMON_H

#include "relayd/control/control.h"
#include "relayd/control/report.h"
#include "relayd/ending.h"
#include "relayd/handover.h"
#include "relayd/host/notify.h"
#include "relayd/host/options.h"
#include "relayd/place.h"
#include "relayd/saving.h"

#include <ev.h>

enum daemon_phase {
    DAEMON_STARTING,
    DAEMON_SERVING,
    DAEMON_LEAVING,
    DAEMON_STOPPING,
    DAEMON_OVER,
};

struct daemon {
    struct ev_loop *loop;
    enum daemon_phase phase;
    struct options options;
    struct place place;
    struct registry registry;
    struct registry_observer observer;
    struct enrol enrol;
    struct sessions sessions;
    struct notify notify;
    struct report report;
    struct control control;
    struct handover handover; /* from the daemon before */
    struct ending ending;
    struct saving saving;
    ev_signal sigterm, sigint, sigusr2;
    ev_timer resume; /* the end of a pause */
    int ready_fd;    /* with --daemon: of daemonize_begin(); or -1 */
};

/* Serves until it is told to end. d is zeroed but for its options and ready_fd. Returns the exit
 * status. */
int daemon_run(struct daemon *d);

#endif
