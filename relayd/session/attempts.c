/* SPDX-License-Identifier: MIT */
/* All attempts. Those that are blocked are on a list of their upstream, so that the end of a
 * ping touches no others. */
#include "config.h"

#include "relayd/session/attempts.h"

#include <string.h>

void attempts_init(struct attempts *attempts, struct enrol *enrol, const struct options *options)
{
    *attempts = (struct attempts){.enrol = enrol, .options = options};
    list_init(&attempts->list);
}

/* Begins them in their order, until one stays blocked: then so would the next. */
static void begin_blocked(struct upstream *u)
{
    struct attempt *it, *next;

    list_for_each_safe(it, next, &u->blocked, queue) {
        attempt_unblock(it);
        if (it->state == ATTEMPT_BLOCKED)
            return;
    }
}

/* u is silent: those that are blocked there need another upstream. */
static void tell_blocked(struct attempts *attempts, struct upstream *u)
{
    struct attempt *it;

    list_for_each(it, &u->blocked, queue)
        attempts->on_change(it);
}

static void fail_blocked(struct attempts *attempts, struct upstream *u)
{
    while (!list_is_empty(&u->blocked)) {
        struct attempt *it = list_entry(u->blocked.next, struct attempt, queue);

        attempt_fail(it);
        attempts->on_change(it);
    }
}

static void let_go(struct attempts *attempts, struct upstream *u)
{
    struct attempt *it;

    fail_blocked(attempts, u);
    list_for_each(it, &attempts->list, link) {
        if (it->upstream == u->id)
            attempt_let_go(it, u);
    }
}

void attempts_on_event(struct attempts *attempts, const struct registry_event *event)
{
    struct upstream *u = event->upstream;

    switch (event->type) {
    case REGISTRY_DROPPED:
        let_go(attempts, u);
        break;
    case REGISTRY_LOOPS:
        attempts_fail(attempts, u);
        break;
    case REGISTRY_JUDGED:
        if (u->state == UPSTREAM_SILENT)
            tell_blocked(attempts, u);
        break;
    case REGISTRY_PING_ENDED:
        begin_blocked(u);
        break;
    case REGISTRY_ADDED:
    case REGISTRY_CHANGED:
    case REGISTRY_REGISTERED:
    case REGISTRY_PREFERRED:
    case REGISTRY_FOLLOWED:
    case REGISTRY_PAUSED:
        break;
    }
}

/* The blocked ones fail first, or the end of a ping would begin them. */
void attempts_fail(struct attempts *attempts, struct upstream *u)
{
    struct attempt *it;

    fail_blocked(attempts, u);
    list_for_each(it, &attempts->list, link) {
        if (it->upstream != u->id || it->state == ATTEMPT_FAILED)
            continue;
        attempt_fail(it);
        attempts->on_change(it);
    }
}

bool attempts_find_question(const struct attempts *attempts, const uint8_t *bytes, size_t size,
                            uint64_t *id)
{
    const struct attempt *it;
    unsigned n = 0;

    list_for_each(it, &attempts->list, link) {
        const struct question *q = it->question;

        if (it->state == ATTEMPT_ASKING && q->bytes != NULL && q->size == size &&
            memcmp(q->bytes, bytes, size) == 0)
            *id = n++ == 0 ? it->upstream : 0;
    }
    return n > 0;
}
