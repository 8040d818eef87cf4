/* The registry. The order is not kept but made when it is asked for, from the
 * order of registration and each upstream's state, so nothing has to be moved
 * when an upstream falls silent and comes back. */
#include "config.h"

#include "relayd/upstream/registry.h"

#include "relayd/base/log.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PENANCE_MIN 30.0
#define PENANCE_MAX 600.0
/* The kernel tells when data came only to its own tick, and the loop's time lags. */
#define TICK_SECONDS 0.01

struct upstream *upstream_new(const char *path)
{
    struct upstream *u = calloc(1, sizeof(*u));

    if (u == NULL)
        return NULL;
    u->pin.fd = -1;
    u->pidfd = -1;
    u->rtt = -1;
    u->penance = PENANCE_MIN;
    u->path = strdup(path);
    if (u->path == NULL) {
        free(u);
        return NULL;
    }
    return u;
}

void upstream_free(struct upstream *u)
{
    if (u == NULL)
        return;
    close_fd(u->pin.fd);
    close_fd(u->pidfd);
    free(u->path);
    free(u->label);
    free(u->host);
    free(u->connection);
    free(u->tty);
    free(u);
}

/* The first part of value, up to the first of `until`; nothing for nothing. */
static int replace(char **place, const char *value, const char *until)
{
    char *copy;

    if (value == NULL || value[0] == '\0')
        return 0;
    copy = strndup(value, strcspn(value, until));
    if (copy == NULL)
        return -ENOMEM;
    free(*place);
    *place = copy;
    return 0;
}

int upstream_set_facts(struct upstream *u, const char *label, const char *connection,
                       const char *tty)
{
    if (replace(&u->label, label, "") < 0 || replace(&u->connection, connection, "") < 0 ||
        replace(&u->tty, tty, "") < 0 || replace(&u->host, connection, " ") < 0)
        return -ENOMEM;
    if (connection != NULL)
        link_parse(&u->tuple, connection);
    return 0;
}

static void ignore_event(void *arg, enum registry_event event, struct upstream *u)
{
    (void)arg, (void)event, (void)u;
}

void registry_init(struct registry *registry)
{
    memset(registry, 0, sizeof(*registry));
    list_init(&registry->upstreams);
    registry->on_event = ignore_event;
}

static void tell(struct registry *registry, enum registry_event event, struct upstream *u)
{
    registry->on_event(registry->on_event_arg, event, u);
}

static void remove_upstream(struct registry *registry, struct upstream *u, const char *why)
{
    u->dropped_why = why;
    tell(registry, REGISTRY_DROPPED, u);
    if (registry->preferred == u->id)
        registry->preferred = 0;
    list_remove(&u->link);
    registry->n--;
    upstream_free(u);
}

void registry_fini(struct registry *registry)
{
    struct upstream *u, *next;

    list_for_each_safe(u, next, &registry->upstreams, link)
        remove_upstream(registry, u, "the relay ends");
}

/* Right in front of the first that u comes before. */
static void insert_by_age(struct registry *registry, struct upstream *u)
{
    struct upstream *it;

    list_for_each(it, &registry->upstreams, link) {
        if (!u->is_fallback || it->is_fallback)
            break;
    }
    list_append(&it->link, &u->link);
}

static void drop_oldest(struct registry *registry)
{
    struct upstream *oldest = list_entry(registry->upstreams.next, struct upstream, link), *it;

    list_for_each(it, &registry->upstreams, link) {
        if (it->registered_at <= oldest->registered_at)
            oldest = it;
    }
    registry_drop(registry, oldest, "too many are registered");
}

static void take_over(struct registry *registry, struct upstream *u)
{
    if (u->id == 0)
        u->id = registry->last_id + 1;
    if (u->id > registry->last_id)
        registry->last_id = u->id;
    registry->n++;
}

void registry_add(struct registry *registry, struct upstream *u)
{
    while (registry->n >= REGISTRY_MAX)
        drop_oldest(registry);
    take_over(registry, u);
    insert_by_age(registry, u);
    tell(registry, REGISTRY_ADDED, u);
}

void registry_append(struct registry *registry, struct upstream *u)
{
    take_over(registry, u);
    list_append(&registry->upstreams, &u->link);
    tell(registry, REGISTRY_ADDED, u);
}

void registry_move_front(struct registry *registry, struct upstream *u)
{
    list_remove(&u->link);
    insert_by_age(registry, u);
    tell(registry, REGISTRY_CHANGED, u);
}

void registry_drop(struct registry *registry, struct upstream *u, const char *why)
{
    char name[128];

    log_info("%s: dropped: %s", upstream_name(u, name, sizeof(name)), why);
    remove_upstream(registry, u, why);
}

struct upstream *registry_find(const struct registry *registry, uint64_t id)
{
    struct upstream *u;

    list_for_each(u, &registry->upstreams, link) {
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
        if (u->nonce >> 32 == nonce >> 32)
            return u;
    }
    return NULL;
}

static unsigned put_in_order(const struct registry *registry, bool is_silent,
                             struct upstream **order, unsigned n)
{
    struct upstream *preferred = registry_find(registry, registry->preferred);
    struct upstream *u;

    if (preferred != NULL && (preferred->state == UPSTREAM_SILENT) == is_silent)
        order[n++] = preferred;
    list_for_each(u, &registry->upstreams, link) {
        if (u != preferred && (u->state == UPSTREAM_SILENT) == is_silent)
            order[n++] = u;
    }
    return n;
}

unsigned registry_order(const struct registry *registry, struct upstream *order[REGISTRY_MAX])
{
    unsigned n = put_in_order(registry, false, order, 0);

    return put_in_order(registry, true, order, n);
}

void registry_prefer(struct registry *registry, uint64_t id)
{
    registry->preferred = id;
    tell(registry, REGISTRY_PREFERRED, registry_find(registry, id));
}

void registry_pause(struct registry *registry, bool is_paused, double until)
{
    registry->is_paused = is_paused;
    registry->paused_until = is_paused ? until : 0;
    tell(registry, REGISTRY_PAUSED, NULL);
}

void registry_probe_begin(struct registry *registry, struct upstream *u, double now)
{
    (void)registry;
    if (u->probes++ == 0)
        u->probing_since = now;
}

void registry_probe_end(struct registry *registry, struct upstream *u)
{
    u->probes--;
    tell(registry, REGISTRY_PROBED, u);
}

static void set_state(struct registry *registry, struct upstream *u, enum upstream_state state,
                      enum upstream_cause cause)
{
    bool is_same = u->state == state && u->cause == cause;
    char name[128];

    if (!is_same)
        log_debug("%s: %s -> %s", upstream_name(u, name, sizeof(name)),
                  upstream_state_name(u->state), upstream_state_name(state));
    u->state = state;
    u->cause = cause;
    if (!is_same)
        tell(registry, REGISTRY_CHANGED, u);
}

void registry_set_alive(struct registry *registry, struct upstream *u, double now, double rtt)
{
    /* Also where it was forgiven since: that alone was no answer. */
    bool was_silent = u->cause != CAUSE_NONE;
    char name[128];

    if (rtt >= 0) {
        u->rtt = rtt;
        u->proved_at = now;
    }
    u->is_heard = true;
    u->asking_since = now;
    u->penance = PENANCE_MIN;
    set_state(registry, u, UPSTREAM_ALIVE, CAUSE_NONE);
    if (was_silent)
        log_info("%s: answers again", upstream_name(u, name, sizeof(name)));
}

void registry_set_silent(struct registry *registry, struct upstream *u, double now,
                         enum upstream_cause cause, double waited)
{
    bool is_news = u->state != UPSTREAM_SILENT || u->cause != cause;
    char name[128], reason[160];

    if (u->state != UPSTREAM_SILENT) {
        u->silent_since = now;
        u->forgive_at = now + u->penance;
        u->penance = fmin(2 * u->penance, PENANCE_MAX);
    }
    u->waited = waited;
    u->is_chatty =
        cause == CAUSE_NO_ANSWER && u->data_at > 0 && u->data_at > now - waited - TICK_SECONDS;
    if (cause == CAUSE_LOOP)
        u->is_heard = false;
    set_state(registry, u, UPSTREAM_SILENT, cause);
    if (is_news)
        log_info("%s: %s", upstream_name(u, name, sizeof(name)),
                 upstream_explain(u, now, reason, sizeof(reason)));
}

void registry_forgive(struct registry *registry, struct upstream *u)
{
    set_state(registry, u, UPSTREAM_UNTRIED, u->cause);
}

bool upstream_is_due(const struct upstream *u, double now)
{
    return u->state == UPSTREAM_SILENT && now >= u->forgive_at && u->prompts == 0 &&
           (u->link_state == LINK_UNKNOWN || u->cause == CAUSE_LOOP || u->is_chatty);
}

bool registry_is_usable(const struct registry *registry)
{
    struct upstream *u;

    if (registry->is_paused)
        return false;
    list_for_each(u, &registry->upstreams, link) {
        if (u->state != UPSTREAM_SILENT)
            return true;
    }
    return false;
}
