/*
 * Registering an upstream: pin it, check it, ask it once, give the verdict; and
 * notice when its process ends.
 *
 *     upstream_register() --> asked --> answered: alive
 *                                   --> nothing for 10 s: untried
 *                                   --> closed twice: silent
 *                                   --> not the protocol, or our own ping: refused
 *
 * An upstream is in the registry from the first moment. No other connection is ever
 * made here of our own accord: each costs the person at the other end something,
 * and a standing one keeps their ssh from exiting at logout.
 */
#ifndef RELAYD_ENROL_H
#define RELAYD_ENROL_H

#include "relayd/upstream/dial.h"
#include "relayd/base/list.h"
#include "relayd/upstream/registry.h"

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

/* What registering came to. */
enum verdict {
    VERDICT_ALIVE,
    VERDICT_UNTRIED,
    VERDICT_SILENT,
    VERDICT_REFUSED,
};

struct upstreams {
    struct ev_loop *loop;
    struct registry *registry;
    bool is_raw; /* not agents: a connection that is accepted is an answer */
    const char *own_paths[2]; /* our agent and control socket, borrowed */
    uint8_t instance[AGENT_INSTANCE];
    /* Called once for each upstream that was registered; on VERDICT_REFUSED it is
     * dropped right after. */
    void (*on_verdict)(void *arg, uint64_t id, enum verdict verdict, const char *reason);
    void *on_verdict_arg;
    /* Called when an upstream is found to lead back here: whatever is under way
     * through it goes round in circles. */
    void (*on_loop)(void *arg, uint64_t id);
    void *on_loop_arg;
};

/* What relayctl says of a socket; strings are borrowed, NULL is unknown. */
struct upstream_request {
    const char *path; /* absolute */
    const char *label, *connection, *tty;
    bool is_fallback;
    bool is_place_kept; /* and the label, where it is registered already */
};

/* Draws the instance. Returns 0 or -errno. */
int upstreams_init(struct upstreams *ups, struct ev_loop *loop, struct registry *registry);

/* Registers, or registers again. Returns the id, and the verdict follows; or 0 and
 * *reason where it is refused at once. */
uint64_t upstream_register(struct upstreams *ups, const struct upstream_request *request,
                           const char **reason);

/* Whether the verdict on u is still to come. */
bool upstream_is_registering(const struct upstream *u);

/* Takes up an upstream that was saved: checks that it is still the same socket, and puts it
 * last into the registry, or frees it. Watches its process; asks nothing. A
 * store_found_fn; arg is the struct upstreams. */
void upstream_resume(void *arg, struct upstream *u);

/* Asks on dial, which is idle, whether somebody is there. */
void upstream_probe(struct upstreams *ups, struct upstream *u, struct dial *dial);
/* Takes the answer to that: u is alive. */
void upstream_probed(struct upstreams *ups, struct upstream *u, const struct dial *dial);

/* Nobody listens there any more. Frees u. */
void upstream_gone(struct upstreams *ups, struct upstream *u);

/* Our own ping came in at our own agent socket: the upstream that it went out to
 * leads back here. A nonce of none is ignored. */
void upstream_looped(struct upstreams *ups, uint64_t nonce);
/* The same verdict, where it is known from elsewhere. May free u. */
void upstream_loops(struct upstreams *ups, struct upstream *u);

/* Lets go of what an upstream had here: for REGISTRY_DROPPED. */
void upstream_unwatch(struct upstreams *ups, struct upstream *u);

/* Asks the kernel about u's link, for someone who has waited so long. */
enum link_state upstream_ask_link(struct upstreams *ups, struct upstream *u, double waited,
                                  double patience);

/* Forgives the silent ones whose time has come, or whose link has received data
 * since. For the moment before the order matters. */
void upstreams_refresh(struct upstreams *ups, double patience);

/* A process's start time, or 0 (proc(5), field 22 of stat). */
uint64_t process_start_time(pid_t pid);

#endif
