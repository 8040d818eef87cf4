/* SPDX-License-Identifier: MIT */
/* Watchers. Each event of the registry is compared with what each of them waits for. */
#include "config.h"

#include "relayd/control/watchers.h"

#include "relayd/base/utf8.h"
#include "relayd/base/util.h"
#include "relayd/control/status.h"
#include "relayd/control/summary.h"

#include <stdio.h>
#include <time.h>

/* How long a register waits for its verdict; relayctl would take us for hung after 1 s. */
#define VERDICT_SECONDS 0.8
/* To connect and to look who listens takes no longer; a new shell waits for it. */
#define REFUSAL_SECONDS 0.05
/* After a refusal was told, for so long others are counted only. */
#define LULL_SECONDS 10.0

static const char *explain_pause(const struct registry *registry, char *out, size_t size)
{
    double left = registry->paused_until - monotonic_seconds();

    if (!registry->is_paused)
        return "resumed";
    if (registry->paused_until <= 0)
        return "paused";
    snprintf(out, size, "paused for %.*f s", left < 1 ? 1 : 0, left);
    return out;
}

/* What `relayctl watch` says of an event; NULL where it changes nothing for who reads that. is_other:
 * it changes who serves. */
static const char *explain_event(const struct registry *registry,
                                 const struct registry_event *event, bool is_other, char *out,
                                 size_t size)
{
    switch (event->type) {
    case REGISTRY_ADDED:
        return "registered";
    case REGISTRY_DROPPED:
        snprintf(out, size, "dropped: %s", event->reason);
        return out;
    case REGISTRY_CHANGED:
        return is_other ? "has another place" : NULL;
    case REGISTRY_JUDGED:
        return upstream_explain(event->upstream, monotonic_seconds(), out, size);
    case REGISTRY_FOLLOWED:
        return event->upstream != NULL ? "at the keyboard"
               : registry->is_following ? "nobody is at a keyboard"
                                        : "whoever is at a keyboard is not followed any more";
    case REGISTRY_PREFERRED:
        return event->upstream != NULL ? "preferred"
                                       : "none is preferred: the newest goes first";
    case REGISTRY_PAUSED:
        return explain_pause(registry, out, size);
    case REGISTRY_PING_ENDED:
    case REGISTRY_LOOPS:
    case REGISTRY_REGISTERED:
        break;
    }
    return NULL;
}

/* Who serves when the event is over, or NULL. */
static const struct upstream *find_serving(const struct registry *registry,
                                           const struct registry_event *event)
{
    const struct upstream *gone = event->type == REGISTRY_DROPPED ? event->upstream : NULL;
    const struct upstream *u = registry_first_beside(registry, gone);

    return u == NULL || u->state == UPSTREAM_SILENT ? NULL : u;
}

/* What follows from an event that changes who serves; "" where its own words say so. */
static const char *explain_serving(const struct registry_event *event,
                                   const struct upstream *serving, char *out, size_t size)
{
    char name[UPSTREAM_NAME_MAX];

    if (serving == NULL)
        return "; no login serves now";
    if (serving != event->upstream)
        return utf8_format(out, size, "; %s serves now", upstream_name(serving, name, sizeof(name)));
    return event->type == REGISTRY_JUDGED || event->type == REGISTRY_CHANGED ? "; serves now" : "";
}

/* The line for an event, or NULL. */
static const char *describe(struct watchers *watchers, const struct registry_event *event,
                            char *out, size_t size)
{
    const struct registry *registry = watchers->registry;
    const struct upstream *serving = find_serving(registry, event);
    uint64_t id = serving == NULL ? 0 : serving->id;
    bool is_other = id != watchers->serving && !registry->is_paused;
    char text[256], then[UPSTREAM_NAME_MAX + 20];
    const char *said = explain_event(registry, event, is_other, text, sizeof(text));

    watchers->serving = id;
    if (said == NULL)
        return NULL;
    return utf8_format(out, size, "%s%s", said,
                       is_other ? explain_serving(event, serving, then, sizeof(then)) : "");
}

static void reply_event(struct conn *conn, const struct upstream *u, const char *text)
{
    struct proto_buf buf;
    char name[UPSTREAM_NAME_MAX];

    proto_begin(&buf, "event");
    proto_addf(&buf, "time", "%lld", (long long)time(NULL));
    if (u != NULL)
        proto_add_u64(&buf, "id", u->id);
    proto_addf(&buf, "text", "%s%s%s", u == NULL ? "" : upstream_name(u, name, sizeof(name)),
               u == NULL ? "" : ": ", text);
    conn_reply(conn, &buf);
}

/* One that does not read is not waited for, nor kept memory for without end. */
static void tell_event(struct conn *conn, const struct upstream *u, const char *text)
{
    bool is_behind = conn_is_behind(conn);

    if (!is_behind)
        reply_event(conn, u, text);
    else if (!conn->is_missing)
        reply_event(conn, NULL, "what came then is missing here: nobody read it");
    conn->is_missing = is_behind;
}

static void reply_verdict(struct conn *conn, const struct registry_event *event)
{
    struct proto_buf buf;

    if (event->verdict == VERDICT_REFUSED) {
        conn_finish_error(conn, event->reason);
        return;
    }
    status_put_registered(&buf, event->upstream, event->reason);
    conn_finish(conn, &buf);
}

/* A hold tells its person why. */
static void reply_gone(struct conn *conn, const char *reason)
{
    struct proto_buf buf;

    proto_begin(&buf, "ok");
    proto_add(&buf, "reason", reason);
    conn_finish(conn, &buf);
}

/* Tells conn if the event is what it waits for. Returns whether it was told. */
static bool tell(const struct watchers *watchers, struct conn *conn,
                 const struct registry_event *event, const char *text)
{
    bool is_about = event->upstream != NULL && event->upstream->id == conn->subject;
    bool is_so = false;

    switch ((enum watch_topic)conn->topic) {
    case WATCH_VERDICT:
    case WATCH_REFUSAL:
        if (event->type == REGISTRY_REGISTERED && is_about)
            reply_verdict(conn, event);
        return event->type == REGISTRY_REGISTERED && is_about;
    case WATCH_EVENTS:
        if (text != NULL)
            tell_event(conn, event->upstream, text);
        return text != NULL;
    case WATCH_GONE:
        if (event->type == REGISTRY_DROPPED && is_about)
            reply_gone(conn, event->reason);
        return event->type == REGISTRY_DROPPED && is_about;
    case WATCH_USABLE:
        is_so = event->type != REGISTRY_DROPPED && registry_is_usable(watchers->registry);
        break;
    case WATCH_END:
        break;
    }
    if (is_so)
        conn_finish_ok(conn);
    return is_so;
}

static void on_event(struct registry_observer *observer, const struct registry_event *event)
{
    struct watchers *watchers = container_of(observer, struct watchers, observer);
    char out[256 + UPSTREAM_NAME_MAX + 20];
    const char *text = describe(watchers, event, out, sizeof(out));
    struct conn *it, *next;

    list_for_each_safe(it, next, &watchers->conns->list, link) {
        if (it->state == CONN_WAITING && tell(watchers, it, event, text))
            conn_flush(it);
    }
}

/* Tells all who follow what happens. Returns whether there is one. */
static bool tell_all(const struct watchers *watchers, const char *text)
{
    struct conn *it, *next;
    bool is_told = false;

    list_for_each_safe(it, next, &watchers->conns->list, link) {
        if (it->state != CONN_WAITING || it->topic != WATCH_EVENTS)
            continue;
        is_told = true;
        tell_event(it, NULL, text);
        conn_flush(it);
    }
    return is_told;
}

static void begin_lull(struct watchers *watchers)
{
    watchers->refusals = 0;
    ev_timer_set(&watchers->lull, LULL_SECONDS, 0);
    ev_timer_start(watchers->conns->loop, &watchers->lull);
}

/* As long as clients go on to be refused, their number is told at each end. */
static void on_lull_over(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct watchers *watchers = container_of(timer, struct watchers, lull);
    unsigned n = watchers->refusals;
    char text[80];

    if (n == 0)
        return;
    snprintf(text, sizeof(text), "%u more client%s refused in the last %.0f s", n,
             n == 1 ? " was" : "s were", LULL_SECONDS);
    if (tell_all(watchers, text))
        begin_lull(watchers);
}

/* The list of connections is looked through once in LULL_SECONDS, and not at all where nobody
 * asks anything. */
void watchers_note_refusal(struct watchers *watchers, const struct sock_peer *peer,
                           const char *why)
{
    char command[AUDIT_COMMAND_MAX] = "", text[160];

    if (ev_is_active(&watchers->lull)) {
        watchers->refusals++;
        return;
    }
    if (watchers->conns->n == 0)
        return;
    audit_look_up(command, peer->pid);
    utf8_format(text, sizeof(text), "client %d (%s) was refused: %s", (int)peer->pid, command, why);
    tell_all(watchers, text);
    begin_lull(watchers);
}

void watchers_init(struct watchers *watchers, struct conns *conns,
                   const struct sessions *sessions)
{
    *watchers = (struct watchers){
        .conns = conns, .registry = sessions->registry, .sessions = sessions};
    ev_timer_init(&watchers->lull, on_lull_over, 0, 0);
    registry_observe(watchers->registry, &watchers->observer, on_event);
}

void watchers_fini(struct watchers *watchers)
{
    ev_timer_stop(watchers->conns->loop, &watchers->lull);
    registry_unobserve(&watchers->observer);
}

bool watchers_has(const struct watchers *watchers, enum watch_topic topic, uint64_t id)
{
    const struct conn *it;

    list_for_each(it, &watchers->conns->list, link) {
        if (it->state == CONN_WAITING && it->topic == (int)topic && it->subject == id)
            return true;
    }
    return false;
}

static void begin_events(const struct watchers *watchers, struct conn *conn)
{
    char summary[UPSTREAM_NAME_MAX + 64];

    reply_event(conn, NULL,
                summary_of(watchers->registry, watchers->sessions->n, summary,
                                 sizeof(summary)));
}

/* 0: for good. */
static double wait_seconds(enum watch_topic topic)
{
    switch (topic) {
    case WATCH_VERDICT:
        return VERDICT_SECONDS;
    case WATCH_REFUSAL:
        return REFUSAL_SECONDS;
    case WATCH_USABLE:
    case WATCH_GONE:
    case WATCH_EVENTS:
    case WATCH_END:
        break;
    }
    return 0;
}

/* The end will come, and its waiter is the last. */
static bool is_refused(const struct watchers *watchers, enum watch_topic topic)
{
    return wait_seconds(topic) <= 0 && topic != WATCH_END && conns_are_many(watchers->conns);
}

static bool has_happened(const struct watchers *watchers, enum watch_topic topic, uint64_t id)
{
    const struct registry *registry = watchers->registry;

    return (topic == WATCH_GONE && registry_find(registry, id) == NULL) ||
           (topic == WATCH_USABLE && registry_is_usable(registry));
}

void watchers_add(struct watchers *watchers, struct conn *conn, enum watch_topic topic,
                  uint64_t id)
{
    if (has_happened(watchers, topic, id)) {
        conn_finish_ok(conn);
        return;
    }
    if (is_refused(watchers, topic)) {
        conn_finish_error(conn, "too many wait for news already");
        return;
    }
    conn_wait(conn, (int)topic, id, wait_seconds(topic));
    if (topic == WATCH_EVENTS)
        begin_events(watchers, conn);
}

void watchers_on_timeout(struct watchers *watchers, struct conn *conn)
{
    struct upstream *u = registry_find(watchers->registry, conn->subject);
    struct proto_buf buf;

    if (u == NULL) {
        conn_finish_error(conn, "its login has ended");
        return;
    }
    status_put_registered(&buf, u, "no answer yet");
    conn_finish(conn, &buf);
}
