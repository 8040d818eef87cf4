/* SPDX-License-Identifier: MIT */
/* A wait. What the kernel says of a link is noted in its upstream, for the status and for other
 * waits; so one place asks about links. */
#include "config.h"

#include "relayd/upstream/wait.h"

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

void wait_forgive_due(struct registry *registry, double now)
{
    struct upstream *u;

    list_for_each(u, &registry->upstreams, link) {
        if (upstream_is_due(u, now))
            registry_forgive(registry, u);
    }
}

/* The silent one that was asked about longest ago, but not within the last tick; or NULL. */
static struct upstream *next_silent(struct registry *registry, double now)
{
    struct upstream *u, *next = NULL;

    list_for_each(u, &registry->upstreams, link) {
        if (u->state == UPSTREAM_SILENT && now - u->tcp.asked_at >= PATIENCE_TICK &&
            (next == NULL || u->tcp.asked_at < next->tcp.asked_at))
            next = u;
    }
    return next;
}

void wait_refresh(struct registry *registry, double now, double patience)
{
    struct upstream *u = next_silent(registry, now);

    if (u != NULL)
        wait_ask_link(registry, u, now, now - u->silence.since, patience);
    wait_forgive_due(registry, now);
}
