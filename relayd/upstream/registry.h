/*
 * The registry: the upstreams there are, what is known of each, and the order in
 * which a client's question tries them. No I/O and no clock: whoever learns
 * something says so here, with the time.
 *
 * An upstream belongs to the registry. Everyone else keeps its id, and looks it up
 * again after anything may have happened. Times are seconds of the wall clock, as
 * ev_now() gives them.
 */
#ifndef RELAYD_REGISTRY_H
#define RELAYD_REGISTRY_H

#include "relayd/agent/agent.h"
#include "relayd/upstream/link.h"
#include "relayd/base/list.h"
#include "relayd/upstream/pin.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define REGISTRY_MAX 256

enum upstream_state {
    UPSTREAM_UNTRIED, /* not heard from, or forgiven its silence */
    UPSTREAM_ALIVE,   /* it answered */
    UPSTREAM_SILENT,  /* it lost a session by silence, or by closing unanswered */
};

/* Why an upstream is silent. */
enum upstream_cause {
    CAUSE_NONE,
    CAUSE_NO_ANSWER, /* no answer in time, its link up or unknown */
    CAUSE_LINK_DOWN, /* no answer, and the link acknowledges nothing */
    CAUSE_CLOSED,    /* accepted and closed without an answer */
    CAUSE_NONSENSE,  /* answered, but not in the agent protocol */
    CAUSE_LOOP,      /* our own ping came back to us through it */
};

struct upstream_watch;

struct upstream {
    struct list link; /* registry::upstreams, newest first, fallbacks last */
    uint64_t id;      /* from 1, never used again */
    uint64_t nonce;   /* what its pings carry, in the upper 32 bits */
    uint32_t pings;   /* how many went out: the lower ones, so that no two are alike */
    char *path;       /* as registered; only for people */
    struct pin pin;
    pid_t pid;        /* who listens there; 0: unknown */
    uint64_t pid_start; /* its start time (proc(5), field 22) */
    int pidfd;        /* of that process, or -1 */
    struct upstream_watch *watch; /* upstream.c's; it goes when the upstream does */

    char *label, *host, *connection, *tty; /* the login's facts, or NULL */
    struct link_tuple tuple;
    bool is_fallback;

    enum upstream_state state;
    enum upstream_cause cause;
    bool is_heard;    /* it answered since it was registered or looped */
    bool has_no_ping; /* it closes on pings: a listing stands in */
    double rtt;       /* of the last ping; negative: not measured */
    double registered_at;
    double silent_since;
    double waited;    /* how long the session waited that it lost */
    double forgive_at; /* when silence is forgiven where the link is unknown */
    double penance;   /* how long that takes the next time */

    enum link_state link_state; /* as last asked */
    double quiet_since;         /* the last acknowledgement, where link_state is down */
    double data_at;             /* the last data from the login, 0: unknown */
    bool is_chatty; /* silent, and data came from its login meanwhile: more of it says
                       nothing about the agent */

    unsigned probes;  /* pings under way */
    double probing_since; /* the first of them */
    double proved_at; /* when a ping was last answered */
    unsigned asking;  /* first questions under way */
    double asking_since; /* the first of them, or the last answer */
    unsigned prompts; /* sessions that it owes the answer to an unsafe question */
    double prompt_since;
    double prompted_at; /* when the last of them ended */
    unsigned sessions; /* open now */
    uint64_t served;  /* sessions that it had */
    const char *dropped_why; /* while it is being dropped */
};

enum registry_event {
    REGISTRY_ADDED,
    REGISTRY_DROPPED, /* the last moment of its life: only to look at and let go */
    REGISTRY_CHANGED, /* state, place, or what it may be used for */
    REGISTRY_PROBED,  /* a ping has ended: who was blocked by it may go on */
    REGISTRY_PREFERRED, /* it goes before all; no upstream: none does any more */
    REGISTRY_PAUSED,  /* or resumed: no upstream */
};

struct registry {
    struct list upstreams; /* owns them */
    unsigned n;
    uint64_t last_id;
    uint64_t preferred; /* an id, or 0 */
    bool is_paused;
    double paused_until; /* 0: until resumed */
    void (*on_event)(void *arg, enum registry_event event, struct upstream *u);
    void *on_event_arg;
};

void registry_init(struct registry *registry);
void registry_fini(struct registry *registry);

/* A new upstream that is on no list: pin.fd and pidfd -1, rtt negative. NULL
 * without memory. Its strings are its own; NULL stays NULL. */
struct upstream *upstream_new(const char *path);
void upstream_free(struct upstream *u);
/* Sets the login's facts, copies; NULL leaves one as it is. host and tuple follow
 * from the connection. Returns 0 or -ENOMEM. */
int upstream_set_facts(struct upstream *u, const char *label, const char *connection,
                       const char *tty);

/* Takes u over, gives it an id unless it has one, and puts it in front of its kind.
 * Past REGISTRY_MAX the one that was registered longest ago goes. */
void registry_add(struct registry *registry, struct upstream *u);
/* The same at the end, for a registry that is being restored. */
void registry_append(struct registry *registry, struct upstream *u);
/* Moves u in front of its kind. */
void registry_move_front(struct registry *registry, struct upstream *u);
/* Frees u. */
void registry_drop(struct registry *registry, struct upstream *u, const char *why);

struct upstream *registry_find(const struct registry *registry, uint64_t id);
struct upstream *registry_find_path(const struct registry *registry, const char *path);
struct upstream *registry_find_pin(const struct registry *registry, const struct pin *pin);
struct upstream *registry_find_nonce(const struct registry *registry, uint64_t nonce);

/* The order of trying: the preferred one, the newest, fallbacks; then those that
 * are silent, in the same order. Returns how many. */
unsigned registry_order(const struct registry *registry, struct upstream *order[REGISTRY_MAX]);

/* Prefers id, 0 for none. */
void registry_prefer(struct registry *registry, uint64_t id);
/* until: 0 for until resumed. */
void registry_pause(struct registry *registry, bool is_paused, double until);

/* The only writers of a verdict. rtt: of a ping, or negative if this was none. */
void registry_set_alive(struct registry *registry, struct upstream *u, double now, double rtt);
/* waited: how long it had been asked, in seconds. */
void registry_set_silent(struct registry *registry, struct upstream *u, double now,
                         enum upstream_cause cause, double waited);
/* Back to its place, as if not tried. */
void registry_forgive(struct registry *registry, struct upstream *u);
/* Whether u's silence has lasted its time: for links that are unknown, and loops; not
 * while it may have a person at a prompt. */
bool upstream_is_due(const struct upstream *u, double now);

/* A ping to u begins, or has ended in some way. */
void registry_probe_begin(struct registry *registry, struct upstream *u, double now);
void registry_probe_end(struct registry *registry, struct upstream *u);

/* Whether a client could be served: one is alive or untried, and not paused. */
bool registry_is_usable(const struct registry *registry);

const char *upstream_state_name(enum upstream_state state);
/* A name for logs: "upstream 3 (laptop)", "upstream 3 (10.0.0.5)". */
const char *upstream_name(const struct upstream *u, char *out, size_t size);
/* The same without the number, and with both: "laptop (10.0.0.5)". */
const char *upstream_person(const struct upstream *u, char *out, size_t size);
/* Why it is or is not used, in words a person understands, claiming no more than
 * is known: "alive, 23 ms", "silent since 14:02: ...". Returns out. */
const char *upstream_explain(const struct upstream *u, double now, char *out, size_t size);
/* All of it in a line, with how many clients there are: "3 logins, serving laptop
 * (10.0.0.5), 2 clients". Returns out. */
const char *registry_summary(const struct registry *registry, unsigned clients, char *out,
                             size_t size);

#endif
