/* SPDX-License-Identifier: MIT */
/*
 * The registry: all upstreams, their order, and which of them are alive or silent. It asks
 * nobody, and has no clock but for what people read: whoever learns something of an upstream
 * says so here, with the time, and whoever has to know is told by an event.
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
    VERDICT_REFUSED, /* it is dropped next */
};

enum registry_event_type {
    REGISTRY_ADDED,
    REGISTRY_DROPPED,    /* it is freed next: observers let go of it; with reason */
    REGISTRY_CHANGED,    /* the facts of its login, or its place in the order */
    REGISTRY_JUDGED,     /* its state, or the cause of its silence, is another */
    REGISTRY_PING_ENDED, /* whatever came of it: attempts that it held back may begin */
    REGISTRY_LOOPS,      /* it leads back here: what is under way there goes round in circles */
    REGISTRY_REGISTERED, /* with verdict and reason */
    REGISTRY_FOLLOWED,   /* who is at its keyboard is followed; upstream NULL: nobody is */
    REGISTRY_PREFERRED,  /* it goes before all; upstream NULL: none does any more */
    REGISTRY_PAUSED,     /* or resumed; upstream NULL */
};

struct registry_event {
    enum registry_event_type type;
    struct upstream *upstream; /* or NULL */
    enum verdict verdict;
    const char *reason; /* or NULL */
};

/* One who is told. on_event may look at the upstream, and let go of what it has of it; it must
 * not add or drop one. */
struct registry_observer {
    struct list link; /* registry::observers */
    void (*on_event)(struct registry_observer *observer, const struct registry_event *event);
};

struct registry {
    struct list upstreams; /* owns them; newest first, fallbacks last */
    struct list order;     /* all, as they are tried: the preferred one, then as above; behind
                              them, in the same order, those that are silent */
    struct list asleep;    /* those that are silent and have a link, which may tell of their
                              return; the one to be asked about next comes first */
    double asked_at;       /* when the link of one of these was last asked in its turn */
    double due_at;         /* no silence ends by time before */
    struct list by_id[REGISTRY_MAX]; /* all, in lists by the remainder of the id */
    unsigned n;
    unsigned max; /* how many there may be; from 1 to REGISTRY_MAX */
    uint64_t last_id;
    uint64_t preferred; /* an id, or 0 */
    bool is_following;  /* whoever is at a keyboard goes first, unless one is preferred */
    uint64_t followed;  /* whose keyboard that is, or 0; in its usual place while it is silent */
    double followed_since;
    bool is_paused;
    double paused_until; /* 0: until resumed */
    struct list observers; /* in the order in which they are told */
};

void registry_init(struct registry *registry);
/* Drops all. */
void registry_fini(struct registry *registry);

/* Tells observer of all events from now on. Borrows it until registry_unobserve(), or for
 * good. */
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
/* Frees u; `why` is for the log and for `relayctl watch`. */
void registry_drop(struct registry *registry, struct upstream *u, const char *why);
/* The same: nobody listens there any more. */
void registry_drop_ended(struct registry *registry, struct upstream *u);

struct upstream *registry_find(const struct registry *registry, uint64_t id);
struct upstream *registry_find_path(const struct registry *registry, const char *path);
struct upstream *registry_find_pin(const struct registry *registry, const struct pin *pin);
/* Whose ping carries that nonce. */
struct upstream *registry_find_nonce(const struct registry *registry, uint64_t nonce);

/* Prefers id, 0 for none. */
void registry_prefer(struct registry *registry, uint64_t id);
/* Follows whoever is at a keyboard, or does not; u is where that is now, or NULL. */
void registry_follow(struct registry *registry, bool is_following, struct upstream *u, double now);
/* until: when it ends by itself; 0: it does not. */
void registry_pause(struct registry *registry, bool is_paused, double until);

/* u has answered. This and the next two alone set the state of an upstream. */
void registry_set_alive(struct registry *registry, struct upstream *u, double now);
/* u gave no answer, or not a proper one, when it had been asked for `waited` seconds. */
void registry_set_silent(struct registry *registry, struct upstream *u, double now,
                         enum upstream_cause cause, double waited);
/* u is untried from now on, and so back in its place in the order. */
void registry_forgive(struct registry *registry, struct upstream *u);
/* It may well be that u gives no answer: upstream::is_doubted, until its state is set again. */
void registry_doubt(struct upstream *u);

/* The facts of its login have changed. */
void registry_tell_changed(struct registry *registry, struct upstream *u);
/* A ping to u has ended, whatever came of it. */
void registry_tell_ping_ended(struct registry *registry, struct upstream *u);
/* Registering u came to this. */
void registry_tell_verdict(struct registry *registry, struct upstream *u, enum verdict verdict,
                           const char *reason);

/* Who is tried first, or NULL. */
const struct upstream *registry_first(const struct registry *registry);
/* The same, were u not there. */
const struct upstream *registry_first_beside(const struct registry *registry,
                                             const struct upstream *u);

/* Whether a client could be served: one is alive or untried, and not paused. */
bool registry_is_usable(const struct registry *registry);

#endif
