/*
 * The report to the service manager: that the daemon serves, in a line what it does,
 * and, where it is asked for, that it is not stuck. Nothing where nobody listens.
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
    ev_timer status;    /* while a change has not been told */
    ev_timer keepalive; /* at half of the time that WatchdogSec= allows */
};

void report_init(struct report *report, struct ev_loop *loop, struct notify *notify,
                 const struct registry *registry, const struct sessions *sessions);
void report_fini(struct report *report);

/* It serves; it is about to end. */
void report_ready(struct report *report);
void report_stopping(struct report *report);

/* Something changed; it is told within a second, and no more often. */
void report_change(struct report *report);

#endif
