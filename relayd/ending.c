/* SPDX-License-Identifier: MIT */
/* The daemon's end. Sessions become portable within milliseconds, in any order, so all are looked
 * at every LOOK_SECONDS, but no more often than LOOKS_MAX. */
#include "config.h"

#include "relayd/ending.h"

#include "relayd/handover.h"
#include "relayd/base/log.h"
#include "relayd/base/util.h"

#define LOOK_SECONDS 0.005
#define LOOKS_MAX 40
#define DRAIN_SECONDS 5.0

void ending_look(struct ending *ending)
{
    if (ending->sessions->n == 0)
        ending->on_over(ending->arg);
}

static void drain(struct ending *ending)
{
    ev_timer_start(ending->loop, &ending->draining);
    sessions_drain(ending->sessions);
    ending_look(ending);
}

static void on_quiescing(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct ending *ending = container_of(timer, struct ending, quiescing);
    unsigned n;

    if (!sessions_are_portable(ending->sessions) && ++ending->looks < LOOKS_MAX)
        return;
    ev_timer_stop(loop, timer);
    n = handover_give(ending->sessions, ending->notify);
    log_info("%u client%s left with systemd for the next relayd", n, n == 1 ? "" : "s");
    drain(ending);
}

static void on_drained(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct ending *ending = container_of(timer, struct ending, draining);

    ending->on_over(ending->arg);
}

void ending_init(struct ending *ending, struct ev_loop *loop, struct sessions *sessions,
                 struct notify *notify, void (*on_over)(void *arg), void *arg)
{
    *ending = (struct ending){
        .loop = loop, .sessions = sessions, .notify = notify, .on_over = on_over, .arg = arg};
    ev_timer_init(&ending->quiescing, on_quiescing, 0, LOOK_SECONDS);
    ev_timer_init(&ending->draining, on_drained, DRAIN_SECONDS, 0);
}

void ending_fini(struct ending *ending)
{
    ev_timer_stop(ending->loop, &ending->quiescing);
    ev_timer_stop(ending->loop, &ending->draining);
}

void ending_begin(struct ending *ending, bool is_handover)
{
    if (!is_handover || ending->sessions->n == 0) {
        drain(ending);
        return;
    }
    sessions_quiesce(ending->sessions);
    ev_timer_start(ending->loop, &ending->quiescing);
}
