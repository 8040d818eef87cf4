/* SPDX-License-Identifier: MIT */
/*
 * The report to the service manager: that the daemon serves, what it does, in a line, and,
 * where WatchdogSec= asks for it, that it is not stuck. Without a service manager, nothing.
 */
#ifndef RELAYD_REPORT_H
#define RELAYD_REPORT_H

#include "relayd/host/notify.h"
#include "relayd/upstream/registry.h"
#include "relayd/session/sessions.h"

#include <ev.h>

struct report {
    struct ev_loop *loop;
    struct notify *notify;
    const struct registry *registry;
    const struct sessions *sessions;
    ev_timer status;    /* runs while a change has not been told */
    ev_timer keepalive; /* at half of the time that WatchdogSec= allows */
};

void report_init(struct report *report, struct ev_loop *loop, struct notify *notify,
                 const struct registry *registry, const struct sessions *sessions);
void report_fini(struct report *report);

/* Tell that the daemon serves; that it is about to end. */
void report_ready(struct report *report);
void report_stopping(struct report *report);

/* Something changed: that is told within a second, and at most once a second. */
void report_change(struct report *report);

#endif
