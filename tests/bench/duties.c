/* SPDX-License-Identifier: MIT */
/*
 * The floor with relayd's duties: the barest relay that does what no relay for agents may leave out.
 * Nothing is opened at the agent before the client has asked a whole question, for that costs the
 * person who owns the agent; whoever connects and whoever listens is checked; and the agent is reached
 * through a descriptor that was opened at the start, so that nobody can put another socket at its path.
 */
#define _GNU_SOURCE
#include "tests/bench/carry.h"

#include <err.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { ENOUGH = 4096 }; /* of a long question, relayd too waits for no more */

static int listener;
static struct sockaddr_un target = {.sun_family = AF_UNIX};
static uid_t self;

static bool is_ours(int fd)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (peer.uid == self || peer.uid == 0);
}

static void accepted(void)
{
    int client = accept(listener, NULL, NULL);

    if (client < 0)
        return;
    if (!is_ours(client)) {
        close(client);
        return;
    }
    end_watch(&pair_new(client, -1)->client);
}

static bool dial(struct pair *pair)
{
    int agent = socket(AF_UNIX, SOCK_STREAM, 0);

    pair->agent.fd = agent;
    if (agent < 0 || connect(agent, (struct sockaddr *)&target, sizeof(target)) < 0 ||
        !is_ours(agent)) {
        pair_end(pair);
        return false;
    }
    end_watch(&pair->agent);
    return true;
}

/* Of a frame whose header is not here yet, 4 bytes are missing at least. */
static size_t frame_size(const char *bytes, size_t size)
{
    const unsigned char *b = (const unsigned char *)bytes;

    return size < 4 ? 4 + size : 4 + ((size_t)b[0] << 24 | (size_t)b[1] << 16 | (size_t)b[2] << 8 | b[3]);
}

static bool is_whole(const char *bytes, size_t size)
{
    return size >= frame_size(bytes, size) || size >= ENOUGH;
}

/* A question comes in one piece nearly always. */
static void gather(struct pair *pair)
{
    const char *bytes;
    size_t size = end_read(&pair->client, &bytes);

    if (size == 0)
        return;
    if (pair->agent.size == 0 && is_whole(bytes, size)) {
        if (dial(pair))
            end_write(&pair->agent, bytes, size);
        return;
    }
    if (end_hold(&pair->agent, bytes, size) < 0)
        pair_end(pair);
    else if (is_whole(pair->agent.held, pair->agent.size))
        dial(pair);
}

static void ready(struct end *e, uint32_t events)
{
    if (pair_of(e)->agent.fd < 0)
        gather(pair_of(e));
    else
        carry(e, events);
}

int main(int argc, char **argv)
{
    int pin;

    if (argc != 3)
        errx(64, "usage: duties LISTEN TARGET");
    pin = open(argv[2], O_PATH | O_CLOEXEC);
    if (pin < 0)
        err(1, "%s", argv[2]);
    snprintf(target.sun_path, sizeof(target.sun_path), "/proc/self/fd/%d", pin);
    self = getuid();
    listener = carry_listen(argv[1]);
    carry_run(accepted, ready);
}
