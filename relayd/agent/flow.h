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

/* It holds bytes[start, end), start < end. */
struct flow {
    uint8_t *bytes; /* NULL: nothing is held, and all else is 0 */
    uint32_t start, end;
    uint32_t cap; /* of bytes, which are its own; 0: they are lent to it (flow_read_into) */
};

/* A zeroed struct is an empty flow. Wipes what is held, and frees it unless it is lent. */
void flow_fini(struct flow *flow);

static inline size_t flow_size(const struct flow *flow)
{
    return flow->end - flow->start;
}

static inline const uint8_t *flow_head(const struct flow *flow)
{
    return flow->bytes == NULL ? NULL : flow->bytes + flow->start;
}

static inline bool flow_is_full(const struct flow *flow)
{
    return flow_size(flow) >= FLOW_SIZE;
}

/* Reads once, at most FLOW_SIZE bytes and up to `limit` held in all. Returns how many came; 0 at
 * the end of the stream; -EAGAIN for none at the moment; other -errno, -ENOMEM among them: then
 * bytes are lost. -ENOBUFS: `limit` is held already. */
ssize_t flow_read(struct flow *flow, int fd, size_t limit);

/* Like flow_read(), for what is to go on at once. An empty flow takes no memory: the bytes stay in
 * scratch, lent to the flow. Call flow_keep() before scratch ends or is used again. */
ssize_t flow_read_into(struct flow *flow, int fd, size_t limit, uint8_t scratch[FLOW_SIZE]);

/* Gives what is held memory of its own, if it is lent. Returns 0 or -ENOMEM: then it is lost. What
 * was lent is wiped. */
int flow_keep(struct flow *flow);

/* Writes once, at most n of the bytes held. Returns how many went, 0 if none can
 * at the moment; -errno. SIGPIPE is never raised. */
ssize_t flow_write(struct flow *flow, int fd, size_t n);

/* Drops n bytes from the head; n <= flow_size(). */
void flow_drop(struct flow *flow, size_t n);

/* Puts n bytes behind what is held, which has memory of its own then. Returns 0 or -ENOMEM: then all
 * is as it was. */
int flow_put(struct flow *flow, const uint8_t *bytes, size_t n);

/* Moves all that `from` holds to an empty flow. */
void flow_move(struct flow *to, struct flow *from);

#endif
