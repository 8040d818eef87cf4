/* SPDX-License-Identifier: MIT */
/*
 * Sockets are blocking and each read and write is told not to wait: so a connect waits for room in the
 * backlog, as a client's does, and no call is spent on a descriptor's mode.
 */
#include "tests/bench/carry.h"

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { EVENTS = 64 };

static int epoll;
static struct pair *ended;
static char buffer[65536];

int carry_listen(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct epoll_event event = {.events = EPOLLIN};
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct rlimit limit;

    if (strlen(path) >= sizeof(address.sun_path))
        errx(64, "%s: too long for a socket", path);
    strcpy(address.sun_path, path);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(listener, SOMAXCONN) < 0)
        err(1, "%s", path);
    epoll = epoll_create1(0);
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) < 0)
        err(1, "epoll");
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    signal(SIGPIPE, SIG_IGN);
    return listener;
}

static void bury(void)
{
    while (ended != NULL) {
        struct pair *pair = ended;

        ended = pair->next;
        free(pair->client.held);
        free(pair->agent.held);
        free(pair);
    }
}

void carry_run(void (*accepted)(void), void (*ready)(struct end *e, uint32_t events))
{
    for (;;) {
        struct epoll_event events[EVENTS];
        int n = epoll_wait(epoll, events, EVENTS, -1);

        for (int i = 0; i < n; i++) {
            struct end *e = events[i].data.ptr;

            if (e == NULL)
                accepted();
            else if (e->fd >= 0)
                ready(e, events[i].events);
        }
        bury();
    }
}

struct pair *pair_new(int client, int agent)
{
    struct pair *pair = calloc(1, sizeof(*pair));

    if (pair == NULL)
        err(1, "calloc");
    pair->client = (struct end){.fd = client, .other = &pair->agent};
    pair->agent = (struct end){.fd = agent, .other = &pair->client};
    return pair;
}

struct pair *pair_of(struct end *e)
{
    /* The client is the first of the two, and the first member. */
    return (struct pair *)(e < e->other ? e : e->other);
}

void pair_end(struct pair *pair)
{
    if (pair->client.fd < 0)
        return;
    close(pair->client.fd);
    if (pair->agent.fd >= 0)
        close(pair->agent.fd);
    pair->client.fd = pair->agent.fd = -1;
    pair->next = ended;
    ended = pair;
}

/* What is held at one end decides what is waited for at both. */
static void end_arm(struct end *e, int operation)
{
    struct epoll_event event = {
        .events = (e->size > 0 ? EPOLLOUT : 0) | (e->other->size > 0 ? 0 : EPOLLIN),
        .data.ptr = e,
    };

    if (e->fd >= 0 && epoll_ctl(epoll, operation, e->fd, &event) < 0)
        pair_end(pair_of(e));
}

void end_watch(struct end *e)
{
    end_arm(e, EPOLL_CTL_ADD);
}

static void pair_rearm(struct pair *pair)
{
    end_arm(&pair->client, EPOLL_CTL_MOD);
    end_arm(&pair->agent, EPOLL_CTL_MOD);
}

size_t end_read(struct end *e, const char **bytes)
{
    ssize_t n = recv(e->fd, buffer, sizeof(buffer), MSG_DONTWAIT);

    *bytes = buffer;
    if (n <= 0) {
        pair_end(pair_of(e));
        return 0;
    }
    return (size_t)n;
}

int end_hold(struct end *e, const char *bytes, size_t size)
{
    char *held = realloc(e->held, e->size + size);

    if (held == NULL)
        return -1;
    memmove(held + e->size, bytes, size);
    e->held = held;
    e->size += size;
    return 0;
}

void end_write(struct end *e, const char *bytes, size_t size)
{
    ssize_t n = e->size > 0 ? 0 : send(e->fd, bytes, size, MSG_DONTWAIT);

    if (n == (ssize_t)size)
        return;
    if (n < 0 && errno == EAGAIN)
        n = 0;
    if (n < 0 || end_hold(e, bytes + n, size - (size_t)n) < 0)
        pair_end(pair_of(e));
    else
        pair_rearm(pair_of(e));
}

/* There is room at e for what is held. */
static void end_flush(struct end *e)
{
    ssize_t n = send(e->fd, e->held, e->size, MSG_DONTWAIT);

    if (n < 0) {
        pair_end(pair_of(e));
        return;
    }
    e->size -= (size_t)n;
    memmove(e->held, e->held + n, e->size);
    if (e->size == 0)
        pair_rearm(pair_of(e));
}

void carry(struct end *e, uint32_t events)
{
    const char *bytes;
    size_t size;

    if (e->size > 0 && (events & EPOLLOUT) != 0) {
        end_flush(e);
        return;
    }
    size = end_read(e, &bytes);
    if (size > 0)
        end_write(e->other, bytes, size);
}
