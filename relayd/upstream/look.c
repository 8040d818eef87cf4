/* SPDX-License-Identifier: MIT */
/* The look. The kernel's list of listeners is a proof of life and none of death: it knows nothing
 * of other network namespaces. */
#include "config.h"

#include "relayd/upstream/look.h"

#include "relayd/base/log.h"
#include "relayd/base/sock.h"
#include "relayd/base/util.h"
#include "relayd/upstream/listening.h"

#include <string.h>

bool look_is_ended(const struct upstream *u)
{
    return !sock_is_live(u->pin.path, SOCK_STREAM);
}

static bool may_connect(const struct upstream *u, double now)
{
    return upstream_uses(u, UPSTREAM_PING) == 0 &&
           (u->looked_at <= 0 || now - u->looked_at >= LOOK_SECONDS);
}

static void decide(struct registry *registry, struct upstream *u, double now)
{
    if (!may_connect(u, now))
        return;
    u->looked_at = now;
    if (look_is_ended(u))
        registry_drop_ended(registry, u);
}

/* All in the registry's order. Returns how many. */
static unsigned list_all(const struct registry *registry, struct listening all[REGISTRY_MAX])
{
    struct upstream *u;
    unsigned n = 0;

    list_for_each(u, &registry->upstreams, link)
        all[n++] = (struct listening){.pin = &u->pin, .path = u->path};
    return n;
}

void look_at_all(struct registry *registry)
{
    struct listening all[REGISTRY_MAX];
    unsigned n = list_all(registry, all), i = 0;
    struct upstream *u, *next;
    int r;

    if (n == 0)
        return;
    r = listening_find(all, n);
    if (r < 0)
        log_debug("the kernel does not tell who listens: %s", strerror(-r));
    list_for_each_safe(u, next, &registry->upstreams, link) {
        if (!all[i++].is_found)
            decide(registry, u, monotonic_seconds());
    }
}
