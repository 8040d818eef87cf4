/* SPDX-License-Identifier: MIT */
/*
 * The status: what relayctl is told of the daemon and of each login, as records of the control
 * protocol. The names of the keys are contract: two versions meet at every upgrade.
 */
#ifndef RELAYD_STATUS_H
#define RELAYD_STATUS_H

#include "relayd/base/proto.h"
#include "relayd/host/listener.h"
#include "relayd/session/sessions.h"

/* Facts of the daemon that its parts do not know. */
struct status_daemon {
    const char *socket; /* the agent socket's path, borrowed, and who listens there */
    const struct listener *listener;
    bool is_activated;  /* sockets from systemd: stopping does not end service */
    double started_at;
};

/* The record "daemon". */
void status_put_daemon(struct proto_buf *buf, const struct status_daemon *daemon,
                       const struct sessions *sessions);

/* The record "upstream". */
void status_put_upstream(struct proto_buf *buf, const struct upstream *u,
                         const struct registry *registry);

/* How u stands after registering, as the last packet of a reply. reason: why, in words; NULL:
 * upstream_explain(). */
void status_put_registered(struct proto_buf *buf, const struct upstream *u, const char *reason);

#endif
