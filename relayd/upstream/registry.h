/*
 * The registry: all upstreams, their order, and the verdicts on them. No I/O and no clock:
 * whoever learns something says so here, with the time, and whoever has to know hears of it
 * as an event.
 *
 * Times are those of monotonic_seconds().
 */
#ifndef RELAYD_REGISTRY_H
#define RELAYD_REGISTRY_H

#include "relayd/base/list.h"
#include "relayd/upstream/upstream.h"

#include <stdbool.h>
#include <stdint.h>

#define REGISTRY_MAX 256

/* What registering one came to. */
enum verdict {
    VERDICT_ALIVE,
    VERDICT_UNTRIED,
    VERDICT_SILENT,
    VERDICT_REFUSED, /* it is dropped right after */
};

enum registry_event_type {
    REGISTRY_ADDED,
    REGISTRY_DROPPED,    /* the last moment of its life: only to look at and let go; reason */
    REGISTRY_CHANGED,    /* state, place, or what it may be used for */
    REGISTRY_PING_ENDED, /* in some way: who was blocked by it may go on */
    REGISTRY_LOOPS,      /* it leads back here: what is under way there goes round in circles */
    REGISTRY_REGISTERED, /* verdict, reason */
    REGISTRY_PREFERRED,  /* it goes before all; no upstream: none does any more */
    REGISTRY_PAUSED,     /* or resumed; no upstream */
};

struct registry_event {
    enum registry_event_type type;
    struct upstream *upstream; /* or NULL */
    enum verdict verdict;
    const char *reason; /* or NULL */
};

/* One who has to know. on_event may look, and let go of what it has of the upstream; it
 * neither adds nor drops one. */
struct registry_observer {
    struct list link; /* registry::observers */
    void (*on_event)(struct registry_observer *observer, const struct registry_event *event);
};

struct registry {
    struct list upstreams; /* owns them; newest first, fallbacks last */
    unsigned n;
    unsigned max; /* how many there may be; from 1 to REGISTRY_MAX */
    uint64_t last_id;
    uint64_t preferred; /* an id, or 0 */
    bool is_paused;
    double paused_until; /* 0: until resumed */
    struct list observers; /* told in the order in which they came */
};

void registry_init(struct registry *registry);
/* Drops all. */
void registry_fini(struct registry *registry);

/* Borrows observer until registry_unobserve(), or for good. */
void registry_observe(struct registry *registry, struct registry_observer *observer,
                      void (*on_event)(struct registry_observer *observer,
                                       const struct registry_event *event));

void registry_unobserve(struct registry_observer *observer);

/* Whether one more is one too many. */
bool registry_is_full(const struct registry *registry);

/* Takes u over, gives it an id unless it has one, and puts it in front of its kind. Where it is
 * full, the one that was registered longest ago goes: of those that are silent, else of all. */
void registry_add(struct registry *registry, struct upstream *u);
/* The same at the end, for a registry that is being restored, and is not full. */
void registry_append(struct registry *registry, struct upstream *u);
/* Moves u in front of its kind. */
void registry_move_front(struct registry *registry, struct upstream *u);
/* Drops old; u takes its place, where both are of one kind, and is preferred if old was. */
void registry_replace(struct registry *registry, struct upstream *old, struct upstream *u,
                      const char *why);
/* Frees u. */
void registry_drop(struct registry *registry, struct upstream *u, const char *why);
/* The same: nobody listens there any more. */
void registry_drop_ended(struct registry *registry, struct upstream *u);

struct upstream *registry_find(const struct registry *registry, uint64_t id);
struct upstream *registry_find_path(const struct registry *registry, const char *path);
struct upstream *registry_find_pin(const struct registry *registry, const struct pin *pin);
struct upstream *registry_find_nonce(const struct registry *registry, uint64_t nonce);

/* The order of trying: the preferred one, the newest, fallbacks; then those that are silent,
 * in the same order. Returns how many. */
unsigned registry_order(const struct registry *registry, struct upstream *order[REGISTRY_MAX]);

/* Prefers id, 0 for none. */
void registry_prefer(struct registry *registry, uint64_t id);
/* until: 0 for until resumed. */
void registry_pause(struct registry *registry, bool is_paused, double until);

/* The only writers of a verdict. */
void registry_set_alive(struct registry *registry, struct upstream *u, double now);
/* waited: how long it had been asked, in seconds. */
void registry_set_silent(struct registry *registry, struct upstream *u, double now,
                         enum upstream_cause cause, double waited);
/* Back to its place, as if not tried. */
void registry_forgive(struct registry *registry, struct upstream *u);

/* A ping to u has ended, in some way. */
void registry_tell_ping_ended(struct registry *registry, struct upstream *u);
/* Registering u came to this. */
void registry_tell_verdict(struct registry *registry, struct upstream *u, enum verdict verdict,
                           const char *reason);

/* Whether a client could be served: one is alive or untried, and not paused. */
bool registry_is_usable(const struct registry *registry);

/* All of it in a line, with how many clients there are: "3 logins, serving laptop
 * (10.0.0.5), 2 clients". Returns out. */
const char *registry_summary(const struct registry *registry, unsigned clients, char *out,
                             size_t size);

#endif
