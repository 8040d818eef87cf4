/*
 * A conversation with the daemon: connect to its control socket, send one request,
 * receive the replies. Nothing here waits without a bound but client_receive() with
 * CLIENT_FOREVER.
 *
 * Deadlines are times of client_now(), in milliseconds.
 */
#ifndef RELAYCTL_CLIENT_H
#define RELAYCTL_CLIENT_H

#include "relayd/base/paths.h"
#include "relayd/base/proto.h"

#include <stdbool.h>
#include <stdint.h>

#define CLIENT_FOREVER INT64_MAX

/* Owns fd, -1 while not connected. After a failure the three words say what is to
 * be told: about what, why, and what to do (or NULL). They live as long as the
 * struct paths of the last client_open(). */
struct client {
    int fd;
    const char *object;
    const char *cause;
    const char *hint;
};

#define CLIENT_INIT {.fd = -1}

int64_t client_now(void);

/* Milliseconds from now to deadline, for poll(2): 0 when it has passed, -1 for
 * CLIENT_FOREVER. */
int client_left(int64_t deadline);

/* Connects, having checked the directory before and the peer after. Returns 0, or
 *   -ECONNREFUSED  no daemon is there
 *   -ETIMEDOUT     one is there and accepts nobody
 *   -EPERM         what is there is not to be trusted
 * or another -errno. */
int client_open(struct client *client, const struct paths *paths, int64_t deadline);
void client_close(struct client *client);

/* Returns 0, -EMSGSIZE where the request is too long, or another -errno. */
int client_send(struct client *client, const struct proto_buf *request);

/* The next packet, which the caller must proto_msg_fini(). Returns 0, or
 *   -ETIMEDOUT   nothing came until the deadline
 *   -ECONNRESET  the daemon has gone
 *   -EBADMSG     it does not speak our protocol
 * or another -errno. */
int client_receive(struct client *client, struct proto_msg *msg, int64_t deadline);

/* Whether a packet is the last of its reply. */
bool client_is_last(const struct proto_msg *msg);

/* The exit status that a failure above means. */
int client_exit_status(int error);

#endif
