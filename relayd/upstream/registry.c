/* SPDX-License-Identifier: MIT */
/* The registry. Sessions come by the thousand, logins change now and then: so it is a change that
 * walks the lists. It makes the order of trying anew, from the order of registration and the
 * upstreams' states, and a session takes what comes first. */
#include "config.h"

#include "relayd/upstream/registry.h"

#include "relayd/base/log.h"
#include "relayd/base/util.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define SILENCE_MAX 600.0
/* The kernel's times are as coarse as its tick, and our loop may be late. */
#define TICK_SECONDS 0.01

void registry_init(struct registry *registry)
{
    memset(registry, 0, sizeof(*registry));
    registry->max = REGISTRY_MAX;
    registry->due_at = INFINITY;
    list_init(&registry->upstreams);
    list_init(&registry->order);
    list_init(&registry->asleep);
    for (unsigned i = 0; i < REGISTRY_MAX; i++)
        list_init(&registry->by_id[i]);
    list_init(&registry->observers);
}

void registry_observe(struct registry *registry, struct registry_observer *observer,
                      void (*on_event)(struct registry_observer *observer,
                                       const struct registry_event *event))
{
    observer->on_event = on_event;
    list_append(&registry->observers, &observer->link);
}

void registry_unobserve(struct registry_observer *observer)
{
    list_remove(&observer->link);
}

static void tell(struct registry *registry, const struct registry_event *event)
{
    struct registry_observer *it;

    list_for_each(it, &registry->observers, link)
        it->on_event(it, event);
}

static void tell_type(struct registry *registry, enum registry_event_type type,
                      struct upstream *u)
{
    const struct registry_event event = {.type = type, .upstream = u};

    tell(registry, &event);
}

static void remove_upstream(struct registry *registry, struct upstream *u, const char *why)
{
    const struct registry_event event = {
        .type = REGISTRY_DROPPED, .upstream = u, .reason = why};

    tell(registry, &event);
    if (registry->preferred == u->id)
        registry->preferred = 0;
    if (registry->followed == u->id)
        registry->followed = 0;
    list_remove(&u->link);
    list_remove(&u->turn);
    list_remove(&u->same);
    if (list_is_linked(&u->sleep))
        list_remove(&u->sleep);
    registry->n--;
    upstream_free(u);
}

void registry_fini(struct registry *registry)
{
    struct upstream *u, *next;

    list_for_each_safe(u, next, &registry->upstreams, link)
        remove_upstream(registry, u, "relayd ends");
    assert(registry->n == 0);
}

static void put_in_order(struct registry *registry, bool is_silent)
{
    struct upstream *u;

    list_for_each(u, &registry->upstreams, link) {
        if ((u->state == UPSTREAM_SILENT) == is_silent)
            list_append(&registry->order, &u->turn);
    }
}

/* Puts u, if there is one, before all others; one that is silent, before all that are so. */
static void put_first(struct registry *registry, struct upstream *u)
{
    struct upstream *it;

    if (u == NULL)
        return;
    list_remove(&u->turn);
    list_for_each(it, &registry->order, turn) {
        if (u->state != UPSTREAM_SILENT || it->state == UPSTREAM_SILENT)
            break;
    }
    list_append(&it->turn, &u->turn);
}

/* To be called when what the order follows from has changed. */
static void reorder(struct registry *registry)
{
    struct upstream *followed = registry_find(registry, registry->followed);

    list_init(&registry->order);
    put_in_order(registry, false);
    put_in_order(registry, true);
    if (followed != NULL && followed->state != UPSTREAM_SILENT)
        put_first(registry, followed);
    put_first(registry, registry_find(registry, registry->preferred));
}

/* To be called when the state of u, or its silence, is another. */
static void follow_state(struct registry *registry, struct upstream *u)
{
    bool is_silent = u->state == UPSTREAM_SILENT;
    bool is_asleep = is_silent && u->tcp.tuple.family != 0;

    if (is_silent)
        registry->due_at = fmin(registry->due_at, u->silence.forgive_at);
    if (is_asleep && !list_is_linked(&u->sleep))
        list_append(&registry->asleep, &u->sleep);
    if (!is_asleep && list_is_linked(&u->sleep))
        list_remove(&u->sleep);
}

/* Puts u in front of its kind: a fallback before the first fallback, any other before all. */
static void insert_by_age(struct registry *registry, struct upstream *u)
{
    struct upstream *it;

    list_for_each(it, &registry->upstreams, link) {
        if (!u->login.is_fallback || it->login.is_fallback)
            break;
    }
    list_append(&it->link, &u->link);
    reorder(registry);
}

/* Whether a should rather go than b. */
static bool is_less_worth(const struct upstream *a, const struct upstream *b)
{
    bool is_silent = a->state == UPSTREAM_SILENT;

    if (is_silent != (b->state == UPSTREAM_SILENT))
        return is_silent;
    return a->login.registered_at <= b->login.registered_at;
}

static void drop_least(struct registry *registry)
{
    struct upstream *least = list_entry(registry->upstreams.next, struct upstream, link), *it;

    list_for_each(it, &registry->upstreams, link) {
        if (is_less_worth(it, least))
            least = it;
    }
    registry_drop(registry, least, "too many are registered");
}

static void take_over(struct registry *registry, struct upstream *u)
{
    if (u->id == 0)
        u->id = registry->last_id + 1;
    if (u->id > registry->last_id)
        registry->last_id = u->id;
    list_append(&registry->by_id[u->id % REGISTRY_MAX], &u->same);
    follow_state(registry, u);
    registry->n++;
}

bool registry_is_full(const struct registry *registry)
{
    return registry->n >= registry->max;
}

void registry_add(struct registry *registry, struct upstream *u)
{
    while (registry_is_full(registry))
        drop_least(registry);
    take_over(registry, u);
    insert_by_age(registry, u);
    tell_type(registry, REGISTRY_ADDED, u);
}

void registry_append(struct registry *registry, struct upstream *u)
{
    assert(!registry_is_full(registry));
    take_over(registry, u);
    list_append(&registry->upstreams, &u->link);
    reorder(registry);
    tell_type(registry, REGISTRY_ADDED, u);
}

void registry_move_front(struct registry *registry, struct upstream *u)
{
    list_remove(&u->link);
    insert_by_age(registry, u);
    tell_type(registry, REGISTRY_CHANGED, u);
}

void registry_drop(struct registry *registry, struct upstream *u, const char *why)
{
    char name[UPSTREAM_NAME_MAX];

    log_info("%s: dropped: %s", upstream_name(u, name, sizeof(name)), why);
    remove_upstream(registry, u, why);
}

void registry_replace(struct registry *registry, struct upstream *old, struct upstream *u,
                      const char *why)
{
    bool was_preferred = registry->preferred == old->id;

    assert(old != u);
    if (old->login.is_fallback == u->login.is_fallback) {
        list_remove(&u->link);
        list_append(&old->link, &u->link);
        reorder(registry);
        tell_type(registry, REGISTRY_CHANGED, u);
    }
    registry_drop(registry, old, why);
    if (was_preferred)
        registry_prefer(registry, u->id);
}

void registry_drop_ended(struct registry *registry, struct upstream *u)
{
    registry_drop(registry, u, "its login has ended");
}

struct upstream *registry_find(const struct registry *registry, uint64_t id)
{
    struct upstream *u;

    list_for_each(u, &registry->by_id[id % REGISTRY_MAX], same) {
        if (u->id == id)
            return u;
    }
    return NULL;
}

struct upstream *registry_find_path(const struct registry *registry, const char *path)
{
    struct upstream *u;

    list_for_each(u, &registry->upstreams, link) {
        if (strcmp(u->path, path) == 0)
            return u;
    }
    return NULL;
}

struct upstream *registry_find_pin(const struct registry *registry, const struct pin *pin)
{
    struct upstream *u;

    list_for_each(u, &registry->upstreams, link) {
        if (pin_is_same(&u->pin, pin))
            return u;
    }
    return NULL;
}

struct upstream *registry_find_nonce(const struct registry *registry, uint64_t nonce)
{
    struct upstream *u;

    list_for_each(u, &registry->upstreams, link) {
        if ((uint32_t)u->id == nonce >> 32)
            return u;
    }
    return NULL;
}

void registry_prefer(struct registry *registry, uint64_t id)
{
    registry->preferred = id;
    reorder(registry);
    tell_type(registry, REGISTRY_PREFERRED, registry_find(registry, id));
}

void registry_follow(struct registry *registry, bool is_following, struct upstream *u, double now)
{
    uint64_t id = u == NULL || !is_following ? 0 : u->id;

    if (registry->is_following == is_following && registry->followed == id)
        return;
    if (registry->followed != id)
        registry->followed_since = now;
    registry->is_following = is_following;
    registry->followed = id;
    reorder(registry);
    tell_type(registry, REGISTRY_FOLLOWED, id == 0 ? NULL : u);
}

void registry_pause(struct registry *registry, bool is_paused, double until)
{
    registry->is_paused = is_paused;
    registry->paused_until = is_paused ? until : 0;
    tell_type(registry, REGISTRY_PAUSED, NULL);
}

void registry_tell_changed(struct registry *registry, struct upstream *u)
{
    tell_type(registry, REGISTRY_CHANGED, u);
}

void registry_tell_ping_ended(struct registry *registry, struct upstream *u)
{
    tell_type(registry, REGISTRY_PING_ENDED, u);
}

void registry_tell_verdict(struct registry *registry, struct upstream *u, enum verdict verdict,
                           const char *reason)
{
    const struct registry_event event = {
        .type = REGISTRY_REGISTERED, .upstream = u, .verdict = verdict, .reason = reason};

    tell(registry, &event);
}

static void set_state(struct registry *registry, struct upstream *u, enum upstream_state state,
                      enum upstream_cause cause)
{
    bool is_same = u->state == state && u->silence.cause == cause;
    char name[UPSTREAM_NAME_MAX];

    if (!is_same)
        log_debug("%s: %s -> %s", upstream_name(u, name, sizeof(name)),
                  upstream_state_name(u->state), upstream_state_name(state));
    u->state = state;
    u->silence.cause = cause;
    u->is_doubted = false;
    follow_state(registry, u);
    if (is_same)
        return;
    reorder(registry);
    tell_type(registry, REGISTRY_JUDGED, u);
}

void registry_set_alive(struct registry *registry, struct upstream *u, double now)
{
    /* Even if it was forgiven in between: it had not answered by that. */
    bool was_silent = u->silence.cause != CAUSE_NONE;
    char name[UPSTREAM_NAME_MAX];

    u->is_heard = true;
    u->load[UPSTREAM_QUESTION].since = now;
    u->silence.lasts_next = UPSTREAM_SILENCE_MIN;
    set_state(registry, u, UPSTREAM_ALIVE, CAUSE_NONE);
    if (was_silent)
        log_info("%s: answers again", upstream_name(u, name, sizeof(name)));
}

static void begin_silence(struct upstream_silence *silence, double now)
{
    silence->since = now;
    silence->at = time(NULL);
    silence->forgive_at = now + silence->lasts_next;
    silence->lasts_next = fmin(2 * silence->lasts_next, SILENCE_MAX);
}

void registry_set_silent(struct registry *registry, struct upstream *u, double now,
                         enum upstream_cause cause, double waited)
{
    bool is_told = u->state == UPSTREAM_SILENT && u->silence.cause == cause;
    char name[UPSTREAM_NAME_MAX], reason[160];

    if (u->state != UPSTREAM_SILENT)
        begin_silence(&u->silence, now);
    u->silence.waited = waited;
    u->silence.is_chatty = cause == CAUSE_NO_ANSWER && u->tcp.data_at > 0 &&
                           u->tcp.data_at > now - waited - TICK_SECONDS;
    if (cause == CAUSE_LOOP)
        u->is_heard = false;
    set_state(registry, u, UPSTREAM_SILENT, cause);
    if (cause == CAUSE_LOOP)
        tell_type(registry, REGISTRY_LOOPS, u);
    if (!is_told)
        log_info("%s: %s", upstream_name(u, name, sizeof(name)),
                 upstream_explain(u, now, reason, sizeof(reason)));
}

void registry_forgive(struct registry *registry, struct upstream *u)
{
    set_state(registry, u, UPSTREAM_UNTRIED, u->silence.cause);
}

void registry_doubt(struct upstream *u)
{
    u->is_doubted = true;
}

const struct upstream *registry_first(const struct registry *registry)
{
    const struct list *order = &registry->order;

    return list_is_empty(order) ? NULL : list_entry(order->next, struct upstream, turn);
}

const struct upstream *registry_first_beside(const struct registry *registry,
                                             const struct upstream *u)
{
    const struct upstream *first = registry_first(registry);

    if (first != u || first == NULL)
        return first;
    return u->turn.next == &registry->order ? NULL
                                            : list_entry(u->turn.next, struct upstream, turn);
}

bool registry_is_usable(const struct registry *registry)
{
    const struct upstream *u = registry_first(registry);

    return !registry->is_paused && u != NULL && u->state != UPSTREAM_SILENT;
}
