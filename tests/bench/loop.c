/* SPDX-License-Identifier: MIT */
/*
 * The floor on libev: the barest relay on the event loop that relayd has. It does what floor.c does.
 * What it costs more than that is the loop's. About half of it is that libev gives each epoll_wait(2) a
 * limit, if only of 17 days, so that the kernel sets a timer and takes it back: floor.c with such a limit
 * costs that much more, and relayd has none (relayd/host/loop.c). It takes questions and answers that fit
 * into a socket: for others it waits where it writes.
 */
#include <err.h>
#include <ev.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct pair {
    ev_io client, agent;
};

static struct sockaddr_un target = {.sun_family = AF_UNIX};
static char buffer[65536];

static void end(struct ev_loop *loop, struct pair *pair)
{
    ev_io_stop(loop, &pair->client);
    ev_io_stop(loop, &pair->agent);
    close(pair->client.fd);
    close(pair->agent.fd);
    free(pair);
}

static void on_bytes(struct ev_loop *loop, ev_io *from, int events)
{
    struct pair *pair = from->data;
    const ev_io *to = from == &pair->client ? &pair->agent : &pair->client;
    ssize_t n = recv(from->fd, buffer, sizeof(buffer), MSG_DONTWAIT);

    if (n <= 0 || send(to->fd, buffer, (size_t)n, 0) != n)
        end(loop, pair);
}

static void watch(struct ev_loop *loop, ev_io *io, int fd, struct pair *pair)
{
    ev_io_init(io, on_bytes, fd, EV_READ);
    io->data = pair;
    ev_io_start(loop, io);
}

static void on_client(struct ev_loop *loop, ev_io *listener, int events)
{
    int client = accept(listener->fd, NULL, NULL);
    int agent = socket(AF_UNIX, SOCK_STREAM, 0);
    struct pair *pair = calloc(1, sizeof(*pair));

    if (agent < 0 || pair == NULL)
        err(1, "a client");
    if (client < 0 || connect(agent, (struct sockaddr *)&target, sizeof(target)) < 0) {
        free(pair);
        close(agent);
        if (client >= 0)
            close(client);
        return;
    }
    watch(loop, &pair->client, client, pair);
    watch(loop, &pair->agent, agent, pair);
}

static void on_never(struct ev_loop *loop, ev_periodic *never, int events)
{
}

int main(int argc, char **argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct ev_loop *loop = ev_default_loop(EVFLAG_NOENV);
    ev_periodic never;
    ev_io listener;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

    if (argc != 3 || strlen(argv[1]) >= sizeof(address.sun_path) || strlen(argv[2]) >= sizeof(target.sun_path))
        errx(64, "usage: loop LISTEN TARGET");
    strcpy(address.sun_path, argv[1]);
    strcpy(target.sun_path, argv[2]);
    if (loop == NULL || fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(fd, SOMAXCONN) < 0)
        err(1, "%s", argv[1]);
    signal(SIGPIPE, SIG_IGN);
    ev_io_init(&listener, on_client, fd, EV_READ);
    ev_io_start(loop, &listener);
    /* As in relayd: without one libev wakes once a minute. */
    ev_periodic_init(&never, on_never, ev_now(loop) + 1e9, 0, NULL);
    ev_periodic_start(loop, &never);
    ev_run(loop, 0);
    return 0;
}
