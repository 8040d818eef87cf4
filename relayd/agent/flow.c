/* SPDX-License-Identifier: MIT */
/* A flow. Memory is taken when bytes come, as much as they are, and given back when they have
 * gone: malloc's cache makes that cheaper than keeping a buffer for each of ten thousand idle
 * clients. Nobody knows how many will come before they are read, so they are read into the stack;
 * a large buffer taken for a small question would leave a hole when it is given back, between
 * what other clients keep. */
#include "config.h"

#include "relayd/agent/flow.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void flow_fini(struct flow *flow)
{
    if (flow->held != NULL)
        explicit_bzero(flow->held->bytes, flow->held->end);
    free(flow->held);
    flow->held = NULL;
}

/* Makes room for `more` bytes behind those held, moving them to the front and growing where
 * needed: by as much as is held already, so that what comes byte by byte is not moved each
 * time. */
static int flow_reserve(struct flow *flow, size_t more)
{
    size_t size = flow_size(flow);
    size_t cap = size + more + size;
    struct flow_memory *held;

    if (flow->held != NULL && flow->held->cap - flow->held->end >= more)
        return 0;
    if (cap > UINT32_MAX)
        return -ENOMEM;
    /* Not realloc: it would leave an unwiped copy behind. */
    held = malloc(sizeof(*held) + cap);
    if (held == NULL)
        return -ENOMEM;
    held->start = 0;
    held->end = (uint32_t)size;
    held->cap = (uint32_t)cap;
    if (size > 0)
        memcpy(held->bytes, flow_head(flow), size);
    flow_fini(flow);
    flow->held = held;
    return 0;
}

int flow_put(struct flow *flow, const uint8_t *bytes, size_t n)
{
    int r = n == 0 ? 0 : flow_reserve(flow, n);

    if (n == 0 || r < 0)
        return r;
    memcpy(flow->held->bytes + flow->held->end, bytes, n);
    flow->held->end += (uint32_t)n;
    return 0;
}

/* The kernel's own ENOBUFS is a shortage, and not ours, after which nothing is read until there is
 * room. */
static int transfer_error(int error)
{
    switch (error) {
    case EAGAIN:
    case EINTR:
        return -EAGAIN;
    case ENOBUFS:
        return -ENOMEM;
    default:
        return -error;
    }
}

ssize_t flow_read(struct flow *flow, int fd, size_t limit)
{
    uint8_t bytes[FLOW_SIZE];
    size_t size = flow_size(flow);
    ssize_t n;
    int r;

    if (size >= limit)
        return -ENOBUFS;
    n = recv(fd, bytes, limit - size < sizeof(bytes) ? limit - size : sizeof(bytes), 0);
    if (n < 0)
        return transfer_error(errno);
    if (n == 0)
        return 0;
    r = flow_put(flow, bytes, (size_t)n);
    explicit_bzero(bytes, (size_t)n);
    return r < 0 ? r : n;
}

ssize_t flow_write(struct flow *flow, int fd, size_t n)
{
    ssize_t sent;

    if (n > flow_size(flow))
        n = flow_size(flow);
    if (n == 0)
        return 0;
    sent = send(fd, flow_head(flow), n, MSG_NOSIGNAL);
    if (sent < 0 && transfer_error(errno) == -EAGAIN)
        return 0;
    if (sent < 0)
        return transfer_error(errno);
    flow_drop(flow, (size_t)sent);
    return sent;
}

void flow_drop(struct flow *flow, size_t n)
{
    assert(n <= flow_size(flow));
    if (n == flow_size(flow))
        flow_fini(flow);
    else
        flow->held->start += (uint32_t)n;
}

void flow_move(struct flow *to, struct flow *from)
{
    assert(to->held == NULL);
    *to = *from;
    from->held = NULL;
}
