/* The report. A client comes and goes in a millisecond, and its manager reads every
 * message: so changes are gathered, and an idle daemon has no timer but the
 * watchdog's. */
#include "config.h"

#include "relayd/control/report.h"

#include "relayd/host/systemd.h"
#include "relayd/base/util.h"

#include <stdio.h>

#define STATUS_SECONDS 1.0

static void tell_status(const struct report *report)
{
    char summary[256], status[sizeof(summary) + 8];

    snprintf(status, sizeof(status), "STATUS=%s",
             registry_summary(report->registry, report->sessions->n, summary, sizeof(summary)));
    systemd_notify(status);
}

static void on_status(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop, (void)events;
    tell_status(container_of(timer, struct report, status));
}

static void on_keepalive(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop, (void)timer, (void)events;
    systemd_notify("WATCHDOG=1");
}

void report_init(struct report *report, struct ev_loop *loop, const struct registry *registry,
                 const struct sessions *sessions)
{
    *report = (struct report){.loop = loop, .registry = registry, .sessions = sessions};
    ev_timer_init(&report->status, on_status, 0, 0);
    ev_timer_init(&report->keepalive, on_keepalive, 0, 0);
}

void report_fini(struct report *report)
{
    if (report->loop == NULL)
        return;
    ev_timer_stop(report->loop, &report->status);
    ev_timer_stop(report->loop, &report->keepalive);
}

void report_ready(struct report *report)
{
    double seconds = systemd_watchdog_seconds() / 2;

    systemd_notify("READY=1");
    tell_status(report);
    if (seconds <= 0)
        return;
    ev_timer_set(&report->keepalive, seconds, seconds);
    ev_timer_start(report->loop, &report->keepalive);
}

void report_stopping(struct report *report)
{
    ev_timer_stop(report->loop, &report->status);
    systemd_notify("STOPPING=1");
}

void report_change(struct report *report)
{
    if (!systemd_is_listening() || ev_is_active(&report->status))
        return;
    ev_timer_set(&report->status, STATUS_SECONDS, 0);
    ev_timer_start(report->loop, &report->status);
}
