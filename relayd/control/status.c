/* SPDX-License-Identifier: MIT */
/* The status. It is encoded as it is asked for; nothing of it is kept. */
#include "config.h"

#include "relayd/control/status.h"

#include "relayd/base/util.h"
#include "relayd/host/program.h"

#include <math.h>
#include <unistd.h>

void status_put_daemon(struct proto_buf *buf, const struct status_daemon *daemon,
                       const struct sessions *sessions)
{
    const struct registry *registry = sessions->registry;
    double now = monotonic_seconds();

    proto_begin(buf, "daemon");
    proto_add(buf, "version", PACKAGE_VERSION);
    proto_add_u64(buf, "pid", (uint64_t)getpid());
    proto_add(buf, "program", program_fate());
    proto_add(buf, "socket", daemon->socket);
    proto_add(buf, "obstacle", listener_obstacle(daemon->listener));
    proto_add_u64(buf, "paused", registry->is_paused);
    proto_add_u64(buf, "following", registry->is_following);
    if (registry->paused_until > 0)
        proto_addf(buf, "paused_for_s", "%.0f", fmax(registry->paused_until - now, 0));
    proto_add_u64(buf, "can_serve", registry_is_usable(registry));
    proto_add_u64(buf, "sessions", sessions->n);
    proto_add_u64(buf, "served", sessions->served);
    proto_add_u64(buf, "refused", sessions->refused);
    proto_addf(buf, "since_s", "%.0f", now - daemon->started_at);
    proto_add_u64(buf, "activated", daemon->is_activated);
}

static void put_rtt(struct proto_buf *buf, const struct upstream *u)
{
    if (u->rtt >= 0)
        proto_addf(buf, "rtt_ms", "%.1f", u->rtt * 1000);
}

static void put_login(struct proto_buf *buf, const struct upstream_login *login, double now)
{
    proto_add(buf, "label", login->label);
    proto_add(buf, "host", login->host);
    proto_add(buf, "connection", login->connection);
    proto_add(buf, "tty", login->tty);
    proto_add_u64(buf, "fallback", login->is_fallback);
    proto_addf(buf, "age_s", "%.0f", now - login->registered_at);
}

void status_put_upstream(struct proto_buf *buf, const struct upstream *u,
                         const struct registry *registry)
{
    double now = monotonic_seconds();
    char reason[160];

    proto_begin(buf, "upstream");
    proto_add_u64(buf, "id", u->id);
    proto_add(buf, "path", u->path);
    put_login(buf, &u->login, now);
    proto_add_u64(buf, "pid", (uint64_t)u->process.pid);
    proto_add(buf, "state", upstream_state_name(u->state));
    proto_add(buf, "link", link_state_name(u->tcp.state));
    put_rtt(buf, u);
    if (u->keys >= 0)
        proto_add_u64(buf, "keys", (uint64_t)u->keys);
    proto_add_u64(buf, "sessions", upstream_uses(u, UPSTREAM_SESSION));
    proto_add_u64(buf, "served", u->served);
    if (u->is_used)
        proto_addf(buf, "used_s", "%.0f", now - u->used_at);
    proto_add_u64(buf, "preferred", u->id == registry->preferred);
    if (u->id == registry->followed)
        proto_addf(buf, "followed_s", "%.0f", now - registry->followed_since);
    proto_add(buf, "reason", upstream_explain(u, now, reason, sizeof(reason)));
    if (u->state == UPSTREAM_SILENT)
        proto_addf(buf, "silent_s", "%.0f", now - u->silence.since);
}

void status_put_registered(struct proto_buf *buf, const struct upstream *u, const char *reason)
{
    char text[160];

    if (reason == NULL)
        reason = upstream_explain(u, monotonic_seconds(), text, sizeof(text));
    proto_begin(buf, "ok");
    proto_add_u64(buf, "id", u->id);
    proto_add(buf, "state", upstream_state_name(u->state));
    put_rtt(buf, u);
    proto_add(buf, "reason", reason);
    if (u->login.registrations == 1)
        proto_add_u64(buf, "first", 1);
}
