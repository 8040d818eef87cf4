/* SPDX-License-Identifier: MIT */
/*
 * Control: answers relayctl. One request a connection, by the verbs of one table (control.c);
 * proto.h has the form of the packets, relayctl(1) what the verbs are for.
 *
 * Verbs that wait (register, wait, gone, watch, stop) keep their connection until
 * the answer is there; what was asked is carried out even if the asker has gone.
 */
#ifndef RELAYD_CONTROL_H
#define RELAYD_CONTROL_H

#include "relayd/control/conn.h"
#include "relayd/control/status.h"
#include "relayd/control/watchers.h"
#include "relayd/session/sessions.h"

struct control {
    struct enrol *enrol;
    struct registry *registry;
    struct sessions *sessions;
    struct status_daemon daemon; /* the caller fills it, but for started_at */
    struct conns conns; /* accepted descriptors go to conn_new() */
    struct watchers watchers;
    void (*stop)(void *arg); /* ends the daemon; the caller sets it and stop_arg */
    void *stop_arg;
};

void control_init(struct control *control, struct sessions *sessions);
void control_fini(struct control *control);

#endif
