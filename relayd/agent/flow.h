/* SPDX-License-Identifier: MIT */
/*
 * A flow: bytes on their way from one descriptor to another.
 *
 * An empty flow is a NULL and holds no memory, so an idle session costs next to none. Bytes that
 * have been held are wiped before their memory is given back: private keys pass here.
 */
#ifndef RELAYD_FLOW_H
#define RELAYD_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* How much a relay lets a flow read ahead. The rest waits in the kernel, which slows its
 * sender down. */
#define FLOW_SIZE 16384

/* What is held is bytes[start, end), start < end <= cap. */
struct flow_memory {
    uint32_t start, end, cap;
    uint8_t bytes[];
};

struct flow {
    struct flow_memory *held; /* NULL: nothing */
};

/* A zeroed struct is an empty flow. Wipes and frees what is held. */
void flow_fini(struct flow *flow);

static inline size_t flow_size(const struct flow *flow)
{
    return flow->held == NULL ? 0 : flow->held->end - flow->held->start;
}

static inline const uint8_t *flow_head(const struct flow *flow)
{
    return flow->held == NULL ? NULL : flow->held->bytes + flow->held->start;
}

static inline bool flow_is_full(const struct flow *flow)
{
    return flow_size(flow) >= FLOW_SIZE;
}

/* Reads once, at most FLOW_SIZE bytes and up to `limit` held in all. Returns how many came; 0 at
 * the end of the stream; -EAGAIN for none at the moment; other -errno, -ENOMEM among them: then
 * bytes are lost. -ENOBUFS: `limit` is held already. */
ssize_t flow_read(struct flow *flow, int fd, size_t limit);

/* Writes once, at most n of the bytes held. Returns how many went, 0 if none can
 * at the moment; -errno. SIGPIPE is never raised. */
ssize_t flow_write(struct flow *flow, int fd, size_t n);

/* Drops n bytes from the head; n <= flow_size(). */
void flow_drop(struct flow *flow, size_t n);

/* Puts n bytes behind what is held. Returns 0 or -ENOMEM. */
int flow_put(struct flow *flow, const uint8_t *bytes, size_t n);

/* Moves all that `from` holds to an empty flow. */
void flow_move(struct flow *to, struct flow *from);

#endif
