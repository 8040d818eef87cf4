/* SPDX-License-Identifier: MIT */
/* A wait. What the kernel says of a link is noted in its upstream, for the status and for other
 * waits; so one place asks about links. */
#include "config.h"

#include "relayd/upstream/wait.h"

#include <math.h>

/* What the kernel said a moment ago is as good: so what asking costs does not grow with the
 * sessions that wait there. Returns what link_ask() does. */
static int ask(struct upstream_tcp *tcp, double now)
{
    if (now - tcp->asked_at >= WAIT_FRESH) {
        tcp->asked_at = now;
        tcp->result = link_ask(&tcp->tuple, &tcp->report);
    }
    return tcp->result;
}

enum link_state wait_ask_link(struct registry *registry, struct upstream *u, double now,
                              double waited, double patience)
{
    struct upstream_tcp *tcp = &u->tcp;

    if (ask(tcp, now) < 0) {
        tcp->state = LINK_UNKNOWN;
        return LINK_UNKNOWN;
    }
    tcp->state = link_judge(&tcp->report, waited, patience);
    tcp->quiet_since = tcp->asked_at - tcp->report.since_ack;
    tcp->data_at = tcp->asked_at - tcp->report.since_data;
    if (u->state == UPSTREAM_SILENT && u->silence.cause != CAUSE_LOOP &&
        !u->silence.is_chatty && tcp->data_at > u->silence.since)
        registry_forgive(registry, u);
    return tcp->state;
}

struct patience wait_look(struct wait *wait, struct registry *registry, struct upstream *u,
                          const struct options *options, double now, double waited)
{
    struct patience p = {
        .link = LINK_UNKNOWN,
        .rtt = u == NULL ? -1 : u->rtt,
        .base = options->patience,
        .dead_after = options->dead_after,
        .waited = waited,
    };
    double base = patience_base(p.base, p.rtt);

    if (u != NULL && waited >= WAIT_QUIET)
        p.link = wait_ask_link(registry, u, now, waited, base);
    /* Also for a moment after the prompt: the answers to all others are on their way then. */
    if (u != NULL)
        p.is_prompting = upstream_uses(u, UPSTREAM_PROMPT) > 0 ||
                         now - u->load[UPSTREAM_PROMPT].ended_at < base;
    if (p.link != LINK_DOWN)
        wait->down_since = 0;
    else if (wait->down_since == 0)
        wait->down_since = now;
    p.down_for = wait->down_since == 0 ? 0 : now - wait->down_since;
    return p;
}

/* When its silence, which is not due, may end by time. Where that lies behind, its link is known
 * and tells: ask_next(); unless it is a person at its prompt who keeps it. */
static double next_due(const struct upstream *u, double now)
{
    if (u->silence.forgive_at > now)
        return u->silence.forgive_at;
    return upstream_uses(u, UPSTREAM_PROMPT) > 0 ? now + PATIENCE_TICK : INFINITY;
}

/* Nothing was heard from it. */
static void forgive_in_doubt(struct registry *registry, struct upstream *u)
{
    registry_forgive(registry, u);
    registry_doubt(u);
}

void wait_forgive_due(struct registry *registry, double now)
{
    struct upstream *u;

    if (now < registry->due_at)
        return;
    registry->due_at = INFINITY;
    list_for_each(u, &registry->upstreams, link) {
        if (upstream_is_due(u, now))
            forgive_in_doubt(registry, u);
        else if (u->state == UPSTREAM_SILENT)
            registry->due_at = fmin(registry->due_at, next_due(u, now));
    }
}

/* Asks about the link of the silent one whose turn it is. */
static void ask_next(struct registry *registry, double now, double patience)
{
    struct upstream *u = list_entry(registry->asleep.next, struct upstream, sleep);

    registry->asked_at = now;
    list_remove(&u->sleep);
    list_append(&registry->asleep, &u->sleep);
    wait_ask_link(registry, u, now, now - u->silence.since, patience);
    /* Its link may have been known when time would have ended its silence. */
    if (upstream_is_due(u, now))
        forgive_in_doubt(registry, u);
}

void wait_refresh(struct registry *registry, double now, double patience)
{
    if (!list_is_empty(&registry->asleep) && now - registry->asked_at >= PATIENCE_TICK)
        ask_next(registry, now, patience);
    wait_forgive_due(registry, now);
}
