/* SPDX-License-Identifier: MIT */
/*
 * The audit: one line for each session that asked for something of consequence or
 * failed, so that its owner can see who used which agent for what; signatures are the
 * ledger's (ledger.h). Under the journal the same facts are fields:
 *
 *     RELAYD_UPSTREAM RELAYD_UPSTREAM_ID RELAYD_CLIENT_PID RELAYD_CLIENT_COMMAND
 *     RELAYD_CLIENT_UID RELAYD_QUESTIONS RELAYD_DURATION_MS RELAYD_REASON
 */
#ifndef RELAYD_AUDIT_H
#define RELAYD_AUDIT_H

#include "relayd/agent/agent.h"
#include "relayd/upstream/upstream.h"
#include "relayd/base/sock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why a session ended. */
enum session_reason {
    SESSION_CLIENT_CLOSED,
    SESSION_CLIENT_GONE,   /* while it was owed something */
    SESSION_CLIENT_BAD,
    SESSION_WITHHELD,      /* it was done, but --read-only had kept a question back */
    SESSION_UPSTREAM_CLOSED,
    SESSION_UPSTREAM_BAD,
    SESSION_UPSTREAM_SILENT,
    SESSION_NO_LOGIN, /* this and the next two: it got no upstream */
    SESSION_NO_ANSWER,
    SESSION_PAUSED,
    SESSION_DROPPED, /* its upstream was unregistered */
    SESSION_STOPPING,
    SESSION_NO_MEMORY,
    SESSION_UNWATCHED, /* one of its connections, by the kernel */
};

#define AUDIT_LINE_MAX 600
#define AUDIT_COMMAND_MAX 16 /* the kernel keeps no more (proc(5): comm) */

/* What there is to say of a session; all borrowed. */
struct audit {
    struct sock_peer client;
    const struct upstream *upstream; /* NULL: it had none */
    const uint32_t *asked;           /* AGENT_KINDS numbers */
    uint32_t told;                   /* signatures that the ledger has */
    char *command;                   /* from audit_look_up(), or empty */
    double seconds;
    enum session_reason reason;
    bool is_failure;
};

/* The reason in words. */
const char *audit_reason(enum session_reason reason);

/* Finds the command of a client, unless `command` has it already; it begins empty. To be called
 * as soon as a session is known to be logged, since many clients leave with their answer. */
void audit_look_up(char command[AUDIT_COMMAND_MAX], pid_t pid);

/* Logs a session that failed or asked for something of consequence, and leaves the line in
 * `line`. For any other `line` is empty. What consisted of nothing but signatures that the ledger
 * has is not said twice: such a session is logged at debug. */
void audit_log(const struct audit *audit, char line[AUDIT_LINE_MAX]);

#endif
