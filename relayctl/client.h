/* SPDX-License-Identifier: MIT */
/*
 * A conversation with relayd: connect to its control socket, send one request,
 * receive the records and the last packet of the reply. Each step ends by a deadline.
 *
 * Deadlines are times of client_now(), in milliseconds.
 */
#ifndef RELAYCTL_CLIENT_H
#define RELAYCTL_CLIENT_H

#include "relayctl/owner.h"
#include "relayd/base/paths.h"
#include "relayd/base/proto.h"

#include <stdint.h>

#define CLIENT_FOREVER INT64_MAX

/* Owns fd, -1 while not connected. After a failure three texts say about what, why, and what to
 * do (or NULL). They live until client_fini(), but no longer than the struct paths and the struct
 * call that were given. */
struct client {
    int fd;
    const struct paths *paths; /* of the relayd that is asked */
    char words[OWNER_HINT_MAX]; /* for the last of them */
    const char *object;
    const char *cause;
    const char *hint;
    struct proto_msg refusal; /* relayd's "error", which the texts may point into */
};

#define CLIENT_INIT {.fd = -1}

/* Takes over a record of the reply. Returns 0, or an -errno that ends the conversation. */
typedef int call_record_fn(struct proto_msg *record, void *arg);

/* One request, and how its reply is taken. */
struct call {
    struct proto_buf request;
    const char *object; /* what a refusal is about */
    int64_t connect_by, answer_by;
    int reader; /* what the records are printed to; -1: the wait goes on where nobody reads it */
    call_record_fn *on_record; /* NULL: records are dropped */
    void *on_record_arg;
};

/* Begins a request with that verb, which is also its object; deadline is for both. The caller may
 * add keys, and change all else. */
void call_init(struct call *call, const char *verb, int64_t deadline);

int64_t client_now(void);

/* Milliseconds from now to deadline, for poll(2): 0 when it has passed, -1 for
 * CLIENT_FOREVER. */
int client_left(int64_t deadline);

/* Checks the directory, connects, and checks the peer. Returns 0, or
 *   -ECONNREFUSED  no relayd is there
 *   -ETIMEDOUT     one is there and accepts no more
 *   -EPERM         what is there is not to be trusted
 * or another -errno. */
int client_open(struct client *client, const struct paths *paths, int64_t deadline);

void client_fini(struct client *client);

/* The first half of a conversation: connects where client is not connected yet, and
 * sends the request. Returns as client_open(), or -EMSGSIZE where it is too long. */
int client_send(struct client *client, const struct paths *paths, const struct call *call);

/* The second half: gives each record to call, and the last packet to reply, which the
 * caller must proto_msg_fini(); NULL drops it. The connection stays open. Returns 0, or
 *   -EREMOTE     relayd refuses; cause is its reason
 *   -ETIMEDOUT   no packet came in time
 *   -ECONNRESET  relayd has gone
 *   -EBADMSG     it does not speak our protocol
 *   -EPIPE       nobody reads from the call's reader any more
 * or another -errno. */
int client_receive(struct client *client, const struct call *call, struct proto_msg *reply);

/* The exit status that a failure above means. */
int client_exit_status(int error);

#endif
