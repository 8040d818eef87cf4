/* SPDX-License-Identifier: MIT */
/* The client's end of the control socket. relayctl runs in every login, before its shell. So each
 * step ends by a deadline on the monotonic clock, even where relayd hangs or is just ending. */
#include "config.h"

#include "relayctl/client.h"

#include "relayctl/exit.h"
#include "relayctl/text.h"
#include "relayd/base/sock.h"
#include "relayd/base/util.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#define BACKLOG_RETRY_MS 10
#define COMMAND_MAX (PATHS_OPTION_MAX + 64)

void call_init(struct call *call, const char *verb, int64_t deadline)
{
    proto_begin(&call->request, verb);
    call->object = verb;
    call->connect_by = call->answer_by = deadline;
    call->reader = -1;
    call->on_record = NULL;
    call->on_record_arg = NULL;
}

int64_t client_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int client_left(int64_t deadline)
{
    int64_t left;

    if (deadline == CLIENT_FOREVER)
        return -1;
    left = deadline - client_now();
    if (left < 0)
        return 0;
    return left > INT_MAX ? INT_MAX : (int)left;
}

static int fail(struct client *client, int error, const char *cause, const char *hint)
{
    assert(error < 0);
    client->fd = close_fd(client->fd);
    client->cause = cause;
    client->hint = hint;
    return error;
}

static int fail_errno(struct client *client, int error)
{
    return fail(client, error, strerror(-error), NULL);
}

/* relayctl with that verb, for the relay that was asked for; no line is broken in it. */
static const char *format_command(const struct paths *paths, const char *verb,
                                  char out[COMMAND_MAX])
{
    char option[PATHS_OPTION_MAX], command[COMMAND_MAX];

    snprintf(command, sizeof(command), RELAYCTL_NAME "%s %s", paths_option(paths, option), verb);
    return text_whole(out, COMMAND_MAX, command);
}

static int fail_nobody(struct client *client, const struct paths *paths)
{
    const char *hint = owner_hint_root(paths, client->words);
    char command[COMMAND_MAX];

    if (hint == NULL) {
        snprintf(client->words, sizeof(client->words),
                 "start one: %s, in a login made by ssh\u00a0-A",
                 format_command(paths, "register", command));
        hint = client->words;
    }
    return fail(client, -ECONNREFUSED, "no relayd answers here", hint);
}

/* relayd may run, and be out of reach: another would not be within reach either. */
static int fail_obstructed(struct client *client)
{
    return fail(client, -ENOTSOCK, "what stands there is not a socket: remove it", NULL);
}

static int fail_hung(struct client *client)
{
    return fail(client, -ETIMEDOUT, "relayd is there but does not answer",
                "if it stays so, kill that relayd: the next login starts another");
}

static int check_dir(struct client *client, const struct paths *paths)
{
    int r = paths_check_dir(paths, false);

    if (r == 0)
        return 0;
    if (r == -ENOENT)
        return fail_nobody(client, paths);
    client->object = paths->dir;
    return fail(client, -EPERM, paths_problem(r),
                r == -EPERM ? owner_hint_other(paths, client->words) : NULL);
}

static int check_peer(struct client *client)
{
    struct sock_peer peer;
    int r = sock_peer(client->fd, &peer);

    if (r < 0)
        return fail_errno(client, r);
    if (!sock_uid_is_trusted(peer.uid))
        return fail(client, -EPERM, "is served by another user", NULL);
    return 0;
}

/* poll(2) says nothing of a listener whose backlog is full: only time helps. */
static int connect_until(int fd, const char *path, int64_t deadline)
{
    int r;

    while ((r = sock_connect(fd, path)) == -EAGAIN) {
        int left = client_left(deadline);

        if (left == 0)
            return -ETIMEDOUT;
        poll(NULL, 0, left < 0 || left > BACKLOG_RETRY_MS ? BACKLOG_RETRY_MS : left);
    }
    return r;
}

static bool is_obstructed(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && !S_ISSOCK(st.st_mode);
}

int client_open(struct client *client, const struct paths *paths, int64_t deadline)
{
    int r;

    client->fd = close_fd(client->fd);
    client->paths = paths;
    client->object = paths->control;
    r = check_dir(client, paths);
    if (r < 0)
        return r;
    client->fd = sock_new(SOCK_SEQPACKET);
    if (client->fd < 0)
        return fail_errno(client, client->fd);

    r = connect_until(client->fd, paths->control, deadline);
    if (r == -ECONNREFUSED && is_obstructed(paths->control))
        return fail_obstructed(client);
    if (r == -ENOENT || r == -ECONNREFUSED)
        return fail_nobody(client, paths);
    if (r == -ETIMEDOUT)
        return fail_hung(client);
    if (r < 0)
        return fail_errno(client, r);
    return check_peer(client);
}

void client_fini(struct client *client)
{
    client->fd = close_fd(client->fd);
    proto_msg_fini(&client->refusal);
}

static int fail_gone(struct client *client)
{
    char command[COMMAND_MAX];

    snprintf(client->words, sizeof(client->words), "what stands in its way: %s",
             format_command(client->paths, "doctor", command));
    return fail(client, -ECONNRESET, "relayd has gone", client->words);
}

int client_send(struct client *client, const struct paths *paths, const struct call *call)
{
    const struct proto_buf *request = &call->request;
    int r = client->fd < 0 ? client_open(client, paths, call->connect_by) : 0;

    if (r < 0)
        return r;
    if (request->is_full)
        return fail(client, -EMSGSIZE, "the request is too long", NULL);
    if (send(client->fd, request->data, request->size, MSG_NOSIGNAL) >= 0)
        return 0;
    if (errno == EPIPE || errno == ECONNRESET)
        return fail_gone(client);
    return fail_errno(client, -errno);
}

/* Waits until something is to be read, or nobody is there to read what would be printed of it. */
static int await(struct client *client, const struct call *call)
{
    struct pollfd wanted[] = {{.fd = client->fd, .events = POLLIN}, {.fd = call->reader}};
    int n;

    do
        n = poll(wanted, ARRAY_SIZE(wanted), client_left(call->answer_by));
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return fail_errno(client, -errno);
    if (wanted[1].revents != 0)
        return fail_errno(client, -EPIPE);
    return n == 0 ? fail_hung(client) : 0;
}

static int receive_packet(struct client *client, const struct call *call, struct proto_msg *msg)
{
    char packet[PROTO_PACKET_MAX + 1]; /* one more shows what is too long */
    ssize_t size;
    int r = await(client, call);

    if (r < 0)
        return r;
    size = recv(client->fd, packet, sizeof(packet), 0);
    if (size == 0 || (size < 0 && errno == ECONNRESET))
        return fail_gone(client);
    if (size < 0)
        return fail_errno(client, -errno);
    r = proto_parse(msg, packet, (size_t)size);
    if (r == -ENOMEM)
        return fail_errno(client, r);
    if (r < 0)
        return fail(client, -EBADMSG, "answers in a way that relayctl does not understand",
                    "are relayd and relayctl of the same version?");
    return 0;
}

static int take_record(struct client *client, const struct call *call, struct proto_msg *record)
{
    int r;

    if (call->on_record == NULL) {
        proto_msg_fini(record);
        return 0;
    }
    r = call->on_record(record, call->on_record_arg);
    return r < 0 ? fail_errno(client, r) : 0;
}

static int fail_refused(struct client *client, const struct call *call,
                        const struct proto_msg *refusal)
{
    const char *reason = proto_get(refusal, "reason");
    const char *hint = proto_get(refusal, "hint");
    char command[COMMAND_MAX];

    if (hint == NULL && reason != NULL && strncmp(reason, "unknown ", 8) == 0) {
        snprintf(client->words, sizeof(client->words), "relayd is of another version: %s tells of which",
                 format_command(client->paths, "status", command));
        hint = client->words;
    }
    proto_msg_fini(&client->refusal);
    client->refusal = *refusal;
    client->object = call->object;
    return fail(client, -EREMOTE, reason != NULL ? reason : "refused", hint);
}

int client_receive(struct client *client, const struct call *call, struct proto_msg *reply)
{
    struct proto_msg msg;
    int r;

    for (;;) {
        r = receive_packet(client, call, &msg);
        if (r < 0)
            return r;
        if (strcmp(msg.verb, "error") == 0)
            return fail_refused(client, call, &msg);
        if (strcmp(msg.verb, "ok") == 0)
            break;
        r = take_record(client, call, &msg);
        if (r < 0)
            return r;
    }
    if (reply != NULL)
        *reply = msg;
    else
        proto_msg_fini(&msg);
    return 0;
}

int client_exit_status(int error)
{
    switch (-error) {
    case EPERM:
    case EMSGSIZE:
    case EREMOTE:
        return EXIT_NO;
    default:
        return EXIT_NO_DAEMON;
    }
}
