/* SPDX-License-Identifier: MIT */
/* A kernel for fuzzers. Where Linux has a corner, so has this: a reset is told after what came
 * before it, and once; a socket that is a quarter full is not called writable, though it still
 * takes something; a full backlog is no event. */
#include "config.h"

#include "tests/fuzz/kernel.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define START_SECONDS 1000.0

struct kernel kernel;

static struct kernel_fd fds[KERNEL_FDS];
static uint8_t memory[KERNEL_FDS][KERNEL_ROOM];

void kernel_begin(void)
{
    for (int i = 0; i < kernel.top - KERNEL_FIRST; i++)
        fds[i].type = KERNEL_FREE;
    kernel = (struct kernel){.is_on = true, .now = START_SECONDS, .top = KERNEL_FIRST};
    for (unsigned i = 0; i < KERNEL_FILES; i++)
        kernel.files[i] = (struct kernel_file){
            .listener = -1, .pid = (pid_t)(1000000 + i), .uid = geteuid()};
}

void kernel_end(void)
{
    kernel.is_on = false;
}

unsigned kernel_inside(void)
{
    unsigned n = 0;

    for (int i = 0; i < kernel.top - KERNEL_FIRST; i++)
        n += fds[i].type != KERNEL_FREE && fds[i].is_inside;
    return n;
}

struct kernel_fd *kernel_get(int fd)
{
    if (fd < KERNEL_FIRST || fd >= kernel.top || fds[fd - KERNEL_FIRST].type == KERNEL_FREE)
        return NULL;
    return &fds[fd - KERNEL_FIRST];
}

int kernel_new(enum kernel_type type, bool is_inside)
{
    for (int i = 0; i < KERNEL_FDS; i++) {
        if (fds[i].type != KERNEL_FREE)
            continue;
        fds[i] = (struct kernel_fd){.type = type, .is_inside = is_inside, .peer = -1,
                                    .epoll = -1, .room = KERNEL_ROOM, .bytes = memory[i]};
        if (i >= kernel.top - KERNEL_FIRST)
            kernel.top = KERNEL_FIRST + i + 1;
        return KERNEL_FIRST + i;
    }
    errno = EMFILE;
    return -1;
}

/* The other end has gone. */
static void lose_peer(struct kernel_fd *k, bool is_reset)
{
    k->peer = -1;
    k->is_in_over = k->is_out_over = true;
    if (is_reset)
        k->error = ECONNRESET;
}

static void close_stream(struct kernel_fd *k, bool is_reset)
{
    struct kernel_fd *peer = kernel_get(k->peer);

    if (peer != NULL)
        lose_peer(peer, is_reset || k->n > 0);
}

static void close_listener(struct kernel_fd *k)
{
    for (unsigned i = 0; i < k->queued; i++) {
        close_stream(kernel_get(k->queue[i]), true);
        kernel_get(k->queue[i])->type = KERNEL_FREE;
    }
    if (kernel.files[k->file].listener >= 0 && kernel_get(kernel.files[k->file].listener) == k)
        kernel.files[k->file].listener = -1;
}

int kernel_close(int fd)
{
    struct kernel_fd *k = kernel_get(fd);

    assert(k != NULL);
    if (k->type == KERNEL_STREAM)
        close_stream(k, false);
    else if (k->type == KERNEL_LISTENER)
        close_listener(k);
    k->type = KERNEL_FREE;
    return 0;
}

static void join(int a, int b, size_t room)
{
    struct kernel_fd *ka = kernel_get(a), *kb = kernel_get(b);

    ka->peer = b;
    kb->peer = a;
    ka->room = kb->room = room;
    ka->peer_uid = kb->peer_uid = geteuid();
}

void kernel_pair(int fd[2], size_t room)
{
    fd[0] = kernel_new(KERNEL_STREAM, false);
    fd[1] = kernel_new(KERNEL_STREAM, true);
    assert(fd[0] >= 0 && fd[1] >= 0);
    join(fd[0], fd[1], room);
}

void kernel_listen(unsigned file, unsigned backlog)
{
    struct kernel_file *f = &kernel.files[file];
    struct kernel_fd *k;

    if (f->listener >= 0)
        return;
    f->listener = kernel_new(KERNEL_LISTENER, false);
    if (f->listener < 0)
        return;
    k = kernel_get(f->listener);
    f->inode = ++kernel.last_inode;
    f->is_process_over = false;
    k->file = file;
    k->inode = f->inode;
    k->backlog = backlog < KERNEL_BACKLOG ? backlog : KERNEL_BACKLOG;
}

void kernel_deafen(unsigned file)
{
    if (kernel.files[file].listener >= 0)
        kernel_close(kernel.files[file].listener);
}

void kernel_unlink(unsigned file)
{
    kernel.files[file].inode = 0;
}

int kernel_accept(unsigned file)
{
    struct kernel_fd *k = kernel_get(kernel.files[file].listener);
    int fd;

    if (k == NULL || k->queued == 0)
        return -1;
    fd = k->queue[0];
    memmove(k->queue, k->queue + 1, --k->queued * sizeof(k->queue[0]));
    return fd;
}

/* The listener that a file which was opened leads to: that file may be another's by now. */
static struct kernel_fd *listener_of(const struct kernel_fd *file)
{
    struct kernel_fd *k = kernel_get(kernel.files[file->file].listener);

    return k != NULL && k->inode == file->inode ? k : NULL;
}

int kernel_connect(struct kernel_fd *k, struct kernel_fd *to)
{
    struct kernel_fd *listener = listener_of(to);
    const struct kernel_file *f = &kernel.files[to->file];
    int fd = (int)(k - fds) + KERNEL_FIRST, other;

    if (listener == NULL)
        return ECONNREFUSED;
    if (listener->queued >= listener->backlog)
        return EAGAIN;
    other = kernel_new(KERNEL_STREAM, false);
    if (other < 0)
        return EAGAIN;
    join(fd, other, KERNEL_ROOM);
    k->peer_pid = f->pid;
    k->peer_uid = f->uid;
    listener->queue[listener->queued++] = other;
    return 0;
}

const uint8_t *kernel_peek(const struct kernel_fd *k)
{
    return k->bytes + k->start;
}

/* Why nothing can be read: -1 with errno, or 0 at the end. */
static ssize_t nothing(struct kernel_fd *k)
{
    errno = k->error;
    k->error = 0;
    if (errno != 0)
        return -1;
    if (k->is_in_over)
        return 0;
    errno = EAGAIN;
    return -1;
}

static void let_others_run(const struct kernel_fd *k)
{
    if (k->is_inside && kernel.on_call != NULL)
        kernel.on_call();
}

ssize_t kernel_recv(struct kernel_fd *k, void *out, size_t n, int flags)
{
    let_others_run(k);
    if (k->n == 0)
        return nothing(k);
    if (n > k->n)
        n = k->n;
    memcpy(out, kernel_peek(k), n);
    if ((flags & MSG_PEEK) != 0)
        return (ssize_t)n;
    k->n -= n;
    k->start = k->n == 0 ? 0 : k->start + n;
    k->read += n;
    return (ssize_t)n;
}

ssize_t kernel_send(struct kernel_fd *k, const void *bytes, size_t n)
{
    struct kernel_fd *peer;

    let_others_run(k);
    peer = kernel_get(k->peer);
    if (k->is_out_over || peer == NULL) {
        errno = EPIPE;
        return -1;
    }
    if (n > peer->room - peer->n)
        n = peer->room - peer->n;
    if (n == 0) {
        errno = EAGAIN;
        return -1;
    }
    if (peer->start + peer->n + n > KERNEL_ROOM) {
        memmove(peer->bytes, kernel_peek(peer), peer->n);
        peer->start = 0;
    }
    memcpy(peer->bytes + peer->start + peer->n, bytes, n);
    peer->n += n;
    peer->written += n;
    return (ssize_t)n;
}

void kernel_shut(struct kernel_fd *k)
{
    struct kernel_fd *peer = kernel_get(k->peer);

    k->is_out_over = true;
    if (peer != NULL)
        peer->is_in_over = true;
}

static uint32_t stream_events(const struct kernel_fd *k)
{
    const struct kernel_fd *peer = kernel_get(k->peer);
    uint32_t events = 0;

    if (k->n > 0 || k->is_in_over)
        events |= EPOLLIN;
    if (k->is_in_over)
        events |= EPOLLRDHUP;
    if (k->is_in_over && k->is_out_over)
        events |= EPOLLHUP;
    if (k->error != 0)
        events |= EPOLLERR;
    if (peer == NULL || peer->n * 4 <= peer->room)
        events |= EPOLLOUT;
    return events;
}

uint32_t kernel_events(const struct kernel_fd *k)
{
    switch (k->type) {
    case KERNEL_STREAM:
        return stream_events(k);
    case KERNEL_LISTENER:
        return k->queued > 0 ? EPOLLIN : 0;
    case KERNEL_PROCESS:
        return kernel.files[k->file].is_process_over ? EPOLLIN : 0;
    case KERNEL_FREE:
    case KERNEL_FILE:
    case KERNEL_EPOLL:
    case KERNEL_NETLINK:
        break;
    }
    return 0;
}

int kernel_poll(struct pollfd *one)
{
    const struct kernel_fd *k = kernel_get(one->fd);
    uint32_t wanted = (uint16_t)one->events | EPOLLERR | EPOLLHUP;

    if (k == NULL)
        return -1;
    /* The bits of the two are the same. */
    one->revents = (short)(kernel_events(k) & wanted);
    return one->revents != 0;
}
