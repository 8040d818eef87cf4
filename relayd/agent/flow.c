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
    if (flow->data != NULL)
        explicit_bzero(flow->data, flow->end);
    free(flow->data);
    memset(flow, 0, sizeof(*flow));
}

/* Makes room for `more` bytes behind those held, moving them to the front and growing where
 * needed: by as much as is held already, so that what comes byte by byte is not moved each
 * time. */
static int flow_reserve(struct flow *flow, size_t more)
{
    size_t size = flow_size(flow);
    size_t cap = size + more + size;
    uint8_t *data;

    if (flow->data != NULL && flow->cap - flow->end >= more)
        return 0;
    if (cap > UINT32_MAX)
        return -ENOMEM;
    /* Not realloc: it would leave an unwiped copy behind. */
    data = malloc(cap);
    if (data == NULL)
        return -ENOMEM;
    if (size > 0)
        memcpy(data, flow_head(flow), size);
    flow_fini(flow);
    flow->data = data;
    flow->end = (uint32_t)size;
    flow->cap = (uint32_t)cap;
    return 0;
}

int flow_put(struct flow *flow, const uint8_t *bytes, size_t n)
{
    int r = flow_reserve(flow, n);

    if (r < 0)
        return r;
    memcpy(flow->data + flow->end, bytes, n);
    flow->end += (uint32_t)n;
    return 0;
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
        return errno == EWOULDBLOCK || errno == EINTR ? -EAGAIN : -errno;
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
    if (sent < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : -errno;
    flow_drop(flow, (size_t)sent);
    return sent;
}

void flow_drop(struct flow *flow, size_t n)
{
    flow->start += (uint32_t)n;
    if (flow->start == flow->end)
        flow_fini(flow);
}

void flow_move(struct flow *to, struct flow *from)
{
    assert(to->data == NULL);
    *to = *from;
    memset(from, 0, sizeof(*from));
}
