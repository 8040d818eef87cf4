/*
 * Watchers: control connections that wait for news, and are told as soon as it is so.
 */
#ifndef RELAYD_WATCHERS_H
#define RELAYD_WATCHERS_H

#include "relayd/control/conn.h"
#include "relayd/session/sessions.h"

/* What one waits for. */
enum watch_topic {
    WATCH_VERDICT, /* on an upstream that it registered */
    WATCH_USABLE,  /* an upstream that a client could be served by */
    WATCH_GONE,    /* the end of an upstream */
    WATCH_EVENTS,  /* everything: each event is told */
    WATCH_END,     /* the daemon's: its connection closes then */
};

struct watchers {
    struct conns *conns;
    struct registry *registry;
    const struct sessions *sessions;
    struct registry_observer observer;
};

void watchers_init(struct watchers *watchers, struct conns *conns,
                   const struct sessions *sessions);

/* conn waits; id: the upstream it is about, or 0. It is answered at once where what it waits
 * for is so already. */
void watchers_add(struct watchers *watchers, struct conn *conn, enum watch_topic topic,
                  uint64_t id);

/* Whether anybody waits for that. */
bool watchers_has(const struct watchers *watchers, enum watch_topic topic, uint64_t id);

/* conn has waited for a verdict as long as may be: untried, and it comes when it comes. */
void watchers_on_timeout(struct watchers *watchers, struct conn *conn);

#endif
