/* SPDX-License-Identifier: MIT */
/*
 * Watchers: control connections that wait for something to happen, and are told when it does.
 */
#ifndef RELAYD_WATCHERS_H
#define RELAYD_WATCHERS_H

#include "relayd/control/conn.h"
#include "relayd/session/sessions.h"

/* What a watcher waits for. */
enum watch_topic {
    WATCH_VERDICT, /* on an upstream that it registered */
    WATCH_REFUSAL, /* the same, but no longer than a refusal takes that needs no answer */
    WATCH_USABLE,  /* an upstream that a client could be served by */
    WATCH_GONE,    /* the end of an upstream */
    WATCH_EVENTS,  /* all events, until it leaves */
    WATCH_END,     /* the end of the daemon, by which the connection closes */
};

struct watchers {
    struct conns *conns;
    struct registry *registry;
    const struct sessions *sessions;
    struct registry_observer observer;
    uint64_t serving;  /* who served when the last event had come: an id; 0: nobody */
    ev_timer lull;     /* runs after a refusal was told: those that follow are counted */
    unsigned refusals; /* since then */
};

void watchers_init(struct watchers *watchers, struct conns *conns,
                   const struct sessions *sessions);
void watchers_fini(struct watchers *watchers);

/* A client was refused. The first is told at once, with its reason; those of the ten seconds that
 * follow as a number, for some clients try again without end. */
void watchers_note_refusal(struct watchers *watchers, const struct sock_peer *peer,
                           const char *why);

/* Has conn wait for topic; id: the upstream that it is about, or 0. It is answered at once where
 * that has happened already, or too many wait without end (conns_are_many()). */
void watchers_add(struct watchers *watchers, struct conn *conn, enum watch_topic topic,
                  uint64_t id);

/* Whether anybody waits for topic and id. */
bool watchers_has(const struct watchers *watchers, enum watch_topic topic, uint64_t id);

/* conn has waited long enough for a verdict: tells it how the upstream stands, with "no answer
 * yet". */
void watchers_on_timeout(struct watchers *watchers, struct conn *conn);

#endif
