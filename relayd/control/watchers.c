/* News: what those who wait or watch are told, as soon as it is so. */
#include "config.h"

#include "relayd/control/control.h"

#include <stdio.h>

static const char *explain_pause(const struct registry *registry, double now, char *out, size_t size)
{
    double left = registry->paused_until - now;

    if (!registry->is_paused)
        return "resumed";
    if (registry->paused_until <= 0)
        return "paused";
    snprintf(out, size, "paused for %.*f s", left < 1 ? 1 : 0, left);
    return out;
}

/* What `watch` says of it; nothing of what concerns nobody but us. */
static const char *explain_event(const struct control *control, enum registry_event event,
                                 const struct upstream *u, char *out, size_t size)
{
    switch (event) {
    case REGISTRY_ADDED:
        return "registered";
    case REGISTRY_DROPPED:
        snprintf(out, size, "dropped: %s", u->dropped_why);
        return out;
    case REGISTRY_CHANGED:
        return upstream_explain(u, ev_now(control->conns.loop), out, size);
    case REGISTRY_PREFERRED:
        return u != NULL ? "preferred" : "none is preferred: the newest goes first";
    case REGISTRY_PAUSED:
        return explain_pause(control->registry, ev_now(control->conns.loop), out, size);
    case REGISTRY_PROBED:
        break;
    }
    return NULL;
}

static void reply_event(struct conn *conn, double now, const struct upstream *u, const char *text)
{
    struct proto_buf buf;
    char name[128];

    proto_begin(&buf, "event");
    proto_addf(&buf, "time", "%.0f", now);
    if (u != NULL)
        proto_add_u64(&buf, "id", u->id);
    proto_addf(&buf, "text", "%s%s%s", u == NULL ? "" : upstream_name(u, name, sizeof(name)),
               u == NULL ? "" : ": ", text);
    conn_reply(conn, &buf);
}

void control_watch(struct control *control, struct conn *conn)
{
    char summary[256];

    reply_event(conn, ev_now(control->conns.loop), NULL,
                registry_summary(control->registry, control->sessions->n, summary, sizeof(summary)));
    conn_wait(conn, CONN_WATCH, 0);
}

void control_event(struct control *control, enum registry_event event, const struct upstream *u)
{
    char out[256];
    const char *text = explain_event(control, event, u, out, sizeof(out));
    struct conn *it, *next;

    if (text == NULL)
        return;
    list_for_each_safe(it, next, &control->conns.list, link) {
        if (it->state == CONN_WATCH)
            reply_event(it, ev_now(control->conns.loop), u, text);
        else if (it->state == CONN_GONE && event == REGISTRY_DROPPED && u->id == it->id)
            conn_finish_ok(it);
        else if (it->state == CONN_WAIT && event != REGISTRY_DROPPED &&
                 registry_is_usable(control->registry))
            conn_finish_ok(it);
        else
            continue;
        conn_settle(it);
    }
}
