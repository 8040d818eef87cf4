/* SPDX-License-Identifier: MIT */
/* The report. A client comes and goes in a millisecond, and the service manager reads every
 * message: so changes are gathered. An idle daemon has no timer but the watchdog's. */
#include "config.h"

#include "relayd/control/report.h"

#include "relayd/base/util.h"
#include "relayd/control/summary.h"
#include "relayd/host/systemd.h"

#define STATUS_SECONDS 1.0

static void tell_status(struct report *report)
{
    char summary[NOTIFY_STATUS_MAX];

    notify_status(report->notify, summary_of(report->registry, report->sessions->n,
                                                   summary, sizeof(summary)));
}

static void on_status(struct ev_loop *loop, ev_timer *timer, int events)
{
    tell_status(container_of(timer, struct report, status));
}

static void on_keepalive(struct ev_loop *loop, ev_timer *timer, int events)
{
    notify_keepalive(container_of(timer, struct report, keepalive)->notify);
}

void report_init(struct report *report, struct ev_loop *loop, struct notify *notify,
                 const struct registry *registry, const struct sessions *sessions)
{
    *report = (struct report){
        .loop = loop, .notify = notify, .registry = registry, .sessions = sessions};
    ev_timer_init(&report->status, on_status, 0, 0);
    ev_timer_init(&report->keepalive, on_keepalive, 0, 0);
}

void report_fini(struct report *report)
{
    ev_timer_stop(report->loop, &report->status);
    ev_timer_stop(report->loop, &report->keepalive);
}

void report_ready(struct report *report)
{
    double seconds = systemd_watchdog_seconds() / 2;

    notify_ready(report->notify);
    tell_status(report);
    if (seconds <= 0)
        return;
    ev_timer_set(&report->keepalive, seconds, seconds);
    ev_timer_start(report->loop, &report->keepalive);
}

void report_stopping(struct report *report)
{
    ev_timer_stop(report->loop, &report->status);
    notify_stopping(report->notify);
}

void report_change(struct report *report)
{
    if (!notify_is_on(report->notify) || ev_is_active(&report->status))
        return;
    ev_timer_set(&report->status, STATUS_SECONDS, 0);
    ev_timer_start(report->loop, &report->status);
}
