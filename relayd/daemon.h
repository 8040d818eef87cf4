/*
 * The daemon: composes all the rest. It starts, takes over where it must, serves,
 * keeps what it knows in a file, drains and stops.
 */
#ifndef RELAYD_DAEMON_H
#define RELAYD_DAEMON_H

#include "relayd/control/control.h"
#include "relayd/ending.h"
#include "relayd/handover.h"
#include "relayd/host/healing.h"
#include "relayd/host/listener.h"
#include "relayd/host/options.h"
#include "relayd/base/paths.h"
#include "relayd/upstream/registry.h"
#include "relayd/control/report.h"
#include "relayd/session/sessions.h"
#include "relayd/upstream/enrol.h"

#include <ev.h>
#include <stdbool.h>

struct daemon {
    struct ev_loop *loop;
    struct options options;
    struct paths paths;
    struct registry registry;
    struct upstreams upstreams;
    struct sessions sessions;
    struct report report;
    struct control control;
    struct listener agent_listener, control_listener;
    struct handover handover; /* from the daemon before */
    struct ending ending;
    ev_signal sigterm, sigint, sigusr2;
    ev_timer resume;     /* the end of a pause */
    struct healing healing;
    ev_periodic never;   /* lets libev sleep: daemon.c */
    ev_prepare settle;   /* saves and tells, once a turn, where something changed */
    bool is_activated;
    bool is_stopping;
    bool is_leaving; /* somebody else serves here: end with the last session */
    int lock_fd;
    int ready_fd; /* with --daemon: tells the parent that it serves; or -1 */
};

/* Serves until it is told to end. Takes over an initialised and zeroed struct with
 * its options set; ready_fd as above. Returns the exit status. */
int daemon_run(struct daemon *d);

#endif
