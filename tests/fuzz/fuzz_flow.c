/* SPDX-License-Identifier: MIT */
/* A flow, against a model of a queue. The input is a list of what is done to two flows: a byte says
 * what, two how much, and one what the kernel does. The bytes that go in are known by their place,
 * so that each that comes out is known to be the next. */
#include "config.h"

#include "relayd/agent/flow.h"
#include "relayd/base/util.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#define HELD_MAX 40000
#define MUCH 20000
#define PATTERN 65521 /* a prime */

static uint8_t pattern[PATTERN + HELD_MAX + MUCH];

/* A flow, and which bytes of the pattern it holds: [out, in). */
struct model {
    struct flow flow;
    size_t in, out;
};

static const uint8_t *bytes_at(size_t place)
{
    return pattern + place % PATTERN;
}

/* --- the kernel: who calls, and what it does */

static struct {
    struct model *model;
    size_t takes, gives; /* at most so many bytes in one call */
    int error;           /* or this */
} kernel;

ssize_t __wrap_recv(int fd, void *data, size_t size, int flags);
ssize_t __wrap___recv_chk(int fd, void *data, size_t size, size_t room, int flags);
ssize_t __wrap_send(int fd, const void *data, size_t size, int flags);

ssize_t __wrap_recv(int fd, void *data, size_t size, int flags)
{
    struct fuzz_input in = {bytes_at(kernel.model->in), kernel.gives};

    fuzz_must(size > 0 && size <= FLOW_SIZE);
    if (kernel.error != 0) {
        errno = kernel.error;
        return -1;
    }
    return (ssize_t)fuzz_fill(data, size, in);
}

/* What an older compiler makes of it where it is to guard buffers. */
ssize_t __wrap___recv_chk(int fd, void *data, size_t size, size_t room, int flags)
{
    fuzz_must(size <= room);
    return __wrap_recv(fd, data, size, flags);
}

ssize_t __wrap_send(int fd, const void *data, size_t size, int flags)
{
    size_t n = size < kernel.takes ? size : kernel.takes;

    fuzz_must(size > 0 && (flags & MSG_NOSIGNAL) != 0);
    if (kernel.error != 0) {
        errno = kernel.error;
        return -1;
    }
    fuzz_must(memcmp(data, bytes_at(kernel.model->out), n) == 0);
    return (ssize_t)n;
}

static void set_kernel(struct model *model, uint8_t what, size_t n)
{
    static const int errors[] = {EAGAIN, EINTR, ECONNRESET, EPIPE};

    kernel.model = model;
    kernel.takes = kernel.gives = what < 128 ? n : what;
    kernel.error = what >= 252 ? errors[what - 252] : 0;
}

/* --- what may be done */

static void check(const struct model *model)
{
    const struct flow *flow = &model->flow;
    size_t n = model->in - model->out;

    fuzz_must(flow_size(flow) == n && (flow->bytes == NULL) == (n == 0));
    fuzz_must(flow_is_full(flow) == (n >= FLOW_SIZE));
    fuzz_must(n == 0 || (flow->start < flow->end && flow->end <= flow->cap));
    fuzz_must(n == 0 || memcmp(flow_head(flow), bytes_at(model->out), n) == 0);
    fuzz_must(n > 0 || flow_head(flow) == NULL);
}

static void put(struct model *model, size_t n)
{
    if (model->in - model->out + n > HELD_MAX)
        return;
    fuzz_must(flow_put(&model->flow, bytes_at(model->in), n) == 0);
    model->in += n;
}

static void read_some(struct model *model, size_t limit, uint8_t *scratch)
{
    size_t held = model->in - model->out, room = limit > held ? limit - held : 0;
    size_t wanted = kernel.gives < room ? kernel.gives : room;
    ssize_t n = scratch == NULL ? flow_read(&model->flow, 0, limit)
                                : flow_read_into(&model->flow, 0, limit, scratch);

    fuzz_open();
    wanted = wanted < FLOW_SIZE ? wanted : FLOW_SIZE;
    if (room == 0)
        fuzz_must(n == -ENOBUFS);
    else if (kernel.error != 0)
        fuzz_must(n == (kernel.error == EINTR ? -EAGAIN : -kernel.error));
    else
        fuzz_must(n == (ssize_t)wanted);
    model->in += n > 0 ? (size_t)n : 0;
}

static void write_some(struct model *model, size_t most)
{
    size_t held = model->in - model->out, wanted = most < held ? most : held;
    bool is_later = kernel.error == EAGAIN || kernel.error == EINTR;
    ssize_t n = flow_write(&model->flow, 0, most);

    if (wanted == 0 || is_later)
        fuzz_must(n == 0);
    else if (kernel.error != 0)
        fuzz_must(n == -kernel.error);
    else
        fuzz_must(n == (ssize_t)(wanted < kernel.takes ? wanted : kernel.takes));
    model->out += n > 0 ? (size_t)n : 0;
}

/* Reads what is to go on at once, and lets n bytes of it go. What was lent is no more afterwards. */
static void pass(struct model *model, size_t n)
{
    uint8_t *scratch = calloc(1, FLOW_SIZE);

    read_some(model, FLOW_SIZE, scratch);
    write_some(model, n);
    fuzz_must(flow_keep(&model->flow) == 0);
    for (size_t i = 0; i < FLOW_SIZE; i++)
        fuzz_must(scratch[i] == 0);
    free(scratch);
}

static void drop(struct model *model, size_t n)
{
    size_t held = model->in - model->out;

    n = n < held ? n : held;
    flow_drop(&model->flow, n);
    model->out += n;
}

/* All of it to the other, which is empty. */
static void move(struct model *model, struct model *other)
{
    drop(other, HELD_MAX);
    flow_move(&other->flow, &model->flow);
    other->in = model->in;
    other->out = model->out;
    model->out = model->in;
}

static void act(struct model *model, struct model *other, struct fuzz_input *in)
{
    uint8_t what = fuzz_byte(in);
    size_t n = fuzz_number(in, 2) % MUCH;

    set_kernel(model, fuzz_byte(in), n);
    switch (what % 6) {
    case 0: put(model, n); break;
    case 1: read_some(model, what < 128 ? FLOW_SIZE : n, NULL); break;
    case 2: write_some(model, n); break;
    case 3: drop(model, n); break;
    case 4: move(model, other); break;
    case 5: pass(model, n); break;
    }
    check(model);
    check(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    struct model models[2] = {0};

    for (size_t i = 0; i < sizeof(pattern) && pattern[sizeof(pattern) - 1] == 0; i++)
        pattern[i] = (uint8_t)(1 + i % PATTERN % 251);
    while (in.n > 0) {
        size_t which = (*in.p >> 6) & 1;

        act(&models[which], &models[1 - which], &in);
    }
    flow_fini(&models[0].flow);
    flow_fini(&models[1].flow);
    fuzz_must(models[0].flow.bytes == NULL);
    return 0;
}
