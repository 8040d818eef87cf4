/*
 * Control: answers relayctl. One request a connection, by the verbs of one table;
 * proto.h has the packets' form, relayctl(1) what they are for.
 *
 * Verbs that wait (register, wait, gone, watch, stop) keep their connection until
 * the answer is there; what was asked is carried out even if the asker has gone.
 */
#ifndef RELAYD_CONTROL_H
#define RELAYD_CONTROL_H

#include "relayd/control/conn.h"
#include "relayd/session/sessions.h"
#include "relayd/upstream/enrol.h"

#include <ev.h>
#include <stdbool.h>

struct control {
    struct registry *registry;
    struct upstreams *upstreams;
    struct sessions *sessions;
    const struct options *options;
    const char *socket; /* the agent socket's path, borrowed */
    bool is_activated;  /* sockets from systemd: stopping does not end service */
    double started_at;
    struct conns conns; /* accepted descriptors go to conn_new() */
    void (*stop)(void *arg); /* end the daemon */
    void *stop_arg;
};

/* The other fields are the caller's to set. */
void control_init(struct control *control, struct ev_loop *loop);
void control_fini(struct control *control);

/* A registration's verdict: whoever asked for it is answered. */
void control_verdict(struct control *control, uint64_t id, enum verdict verdict,
                     const char *reason);

/* conn is told how things are, and from now on what happens. */
void control_watch(struct control *control, struct conn *conn);
/* Something happened in the registry: for those who watch or wait. */
void control_event(struct control *control, enum registry_event event, const struct upstream *u);

#endif
