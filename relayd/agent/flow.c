/* SPDX-License-Identifier: MIT */
/* A flow. Memory is taken for what has to wait, as much as it is, and given back when it has gone:
 * a buffer kept for each of ten thousand idle clients would cost more. Nobody knows how many bytes
 * will come before they are read, so they are read onto the reader's stack, and nearly all go on from
 * there; a large buffer taken for a small question would leave a hole when it is given back,
 * between what other clients keep. */
#include "config.h"

#include "relayd/agent/flow.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool is_lent(const struct flow *flow)
{
    return flow->bytes != NULL && flow->cap == 0;
}

void flow_fini(struct flow *flow)
{
    if (flow->bytes == NULL)
        return;
    explicit_bzero(flow->bytes, flow->end);
    if (!is_lent(flow))
        free(flow->bytes);
    *flow = (struct flow){0};
}

/* Makes room of its own for `more` bytes behind those held. Moves them to the front and grows where
 * that is needed: by as much as it owned already, so that what comes byte by byte is not moved each
 * time. */
static int flow_reserve(struct flow *flow, size_t more)
{
    size_t size = flow_size(flow), cap = size + more + (is_lent(flow) ? 0 : size);
    struct flow grown = {.end = (uint32_t)size, .cap = (uint32_t)cap};

    assert(cap > 0);
    if (flow->end + more <= flow->cap)
        return 0;
    if (cap > UINT32_MAX)
        return -ENOMEM;
    /* Not realloc: it would leave an unwiped copy behind. */
    grown.bytes = malloc(cap);
    if (grown.bytes == NULL)
        return -ENOMEM;
    if (flow->bytes != NULL)
        memcpy(grown.bytes, flow->bytes + flow->start, size);
    flow_fini(flow);
    *flow = grown;
    return 0;
}

int flow_keep(struct flow *flow)
{
    int r = is_lent(flow) ? flow_reserve(flow, 0) : 0;

    if (r < 0)
        flow_fini(flow);
    return r;
}

int flow_put(struct flow *flow, const uint8_t *bytes, size_t n)
{
    int r = n == 0 ? 0 : flow_reserve(flow, n);

    if (n == 0 || r < 0)
        return r;
    memcpy(flow->bytes + flow->end, bytes, n);
    flow->end += (uint32_t)n;
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

ssize_t flow_read_into(struct flow *flow, int fd, size_t limit, uint8_t scratch[FLOW_SIZE])
{
    size_t size = flow_size(flow);
    ssize_t n;
    int r;

    assert(!is_lent(flow));
    if (size >= limit)
        return -ENOBUFS;
    n = recv(fd, scratch, limit - size < FLOW_SIZE ? limit - size : FLOW_SIZE, 0);
    if (n < 0)
        return transfer_error(errno);
    if (n == 0)
        return 0;
    if (size == 0) {
        *flow = (struct flow){.bytes = scratch, .end = (uint32_t)n};
        return n;
    }
    r = flow_put(flow, scratch, (size_t)n);
    explicit_bzero(scratch, (size_t)n);
    return r < 0 ? r : n;
}

ssize_t flow_read(struct flow *flow, int fd, size_t limit)
{
    uint8_t scratch[FLOW_SIZE];
    ssize_t n = flow_read_into(flow, fd, limit, scratch);
    int r = flow_keep(flow);

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
        flow->start += (uint32_t)n;
}

void flow_move(struct flow *to, struct flow *from)
{
    assert(to->bytes == NULL && !is_lent(from));
    *to = *from;
    *from = (struct flow){0};
}
