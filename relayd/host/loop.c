/* SPDX-License-Identifier: MIT */
/* The loop. What libev does not do by itself is here: it goes on where it would abort, sleeps for as
 * long as there is nothing to do, and does not sleep where there is.
 *
 * libev aborts where an allocation fails (ev.c, 4.33: ev_realloc), and cannot be told
 * that there is none: its callers take what they get. So there is a reserve that costs nothing
 * until it is used, for pages that nobody touched do not exist. It need not be large. Whoever
 * would add to what libev has to remember needs memory for it first, and ends for want of it. */
#include "config.h"

#include "relayd/host/loop.h"

#include "relayd/base/log.h"
#include "relayd/base/util.h"

#include <errno.h>
#include <malloc.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define RESERVE (256 * 1024)
#define ALIGNMENT _Alignof(max_align_t)
/* How long libev waits before it tries again, and how often that is said. */
#define AGAIN_MS 50
#define SAID_SECONDS 60.0
#define NEVER_SECONDS 1e9 /* 30 years */
#define FOR_EVER_MS 1000000000
/* Longer ones are few, and the bell would ring long after what they were for. */
#define SHORT_MS 1000

/* Each block has its size in front. What is given back is used again once all has been. */
struct block {
    size_t size;
    _Alignas(max_align_t) char bytes[];
};

static _Alignas(max_align_t) char reserve[RESERVE];
static size_t reserve_used;
static unsigned reserve_blocks; /* that are in use */

static struct ev_loop *our_loop;
static ev_async awake;
static ev_io bell;
static double rings_at = INFINITY; /* on the monotonic clock */

static bool is_reserved(const void *p)
{
    return (const char *)p >= reserve && (const char *)p < reserve + sizeof(reserve);
}

static size_t size_of(void *p)
{
    if (p == NULL)
        return 0;
    return is_reserved(p) ? container_of(p, struct block, bytes)->size : malloc_usable_size(p);
}

static void give_back(void *p)
{
    if (!is_reserved(p)) {
        /* NOLINTNEXTLINE(analyzer-double-free): after realloc() nobody comes here. */
        free(p);
        return;
    }
    if (--reserve_blocks == 0)
        reserve_used = 0;
}

static void *take_reserve(size_t size)
{
    size_t whole = (sizeof(struct block) + size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct block *block = (struct block *)(void *)(reserve + reserve_used);

    if (whole > sizeof(reserve) - reserve_used) {
        log_error("out of memory: the loop cannot go on");
        return NULL;
    }
    block->size = size;
    reserve_used += whole;
    reserve_blocks++;
    return block->bytes;
}

void *loop_memory(void *old, long size)
{
    size_t wanted = (size_t)size, had = size_of(old);
    bool was_reserved = is_reserved(old);
    void *p;

    if (size == 0) {
        give_back(old);
        return NULL;
    }
    p = was_reserved ? malloc(wanted) : realloc(old, wanted);
    if (p != NULL && !was_reserved)
        return p;
    if (p == NULL)
        p = take_reserve(wanted);
    if (p == NULL || old == NULL)
        return p;
    memcpy(p, old, had < wanted ? had : wanted);
    give_back(old);
    return p;
}

/* libev tries again until it can, whether it is about to begin or has lost its epoll(7). */
static void on_error(const char *what) EV_NOEXCEPT
{
    static double said_at = -SAID_SECONDS;
    const struct timespec pause = {.tv_nsec = AGAIN_MS * 1000000L};
    const char *why = strerror(errno);

    if (monotonic_seconds() - said_at >= SAID_SECONDS) {
        log_error("%s: %s: tried again", what, why);
        said_at = monotonic_seconds();
    }
    nanosleep(&pause, NULL);
}

static void on_never(struct ev_loop *loop, ev_periodic *periodic, int events)
{
}

/* libev wakes up once a minute to see whether the clock was set, unless it has a timerfd(2) to
 * learn of that; it makes one at the first periodic (ev.c, 4.33: MAX_BLOCKTIME,
 * evtimerfd_init). This one never comes due. */
static void let_sleep(struct ev_loop *loop)
{
    static ev_periodic never;

    ev_periodic_init(&never, on_never, ev_now(loop) + NEVER_SECONDS, 0, NULL);
    ev_periodic_start(loop, &never);
}

static void on_awake(struct ev_loop *loop, ev_async *async, int events)
{
}

/* libev tells of an epoll_ctl(2) that failed by an event, which it makes just before it goes to
 * sleep, and would sleep all the same (ev.c, 4.33: fd_reify in ev_run). That one may have been for
 * libev's own descriptor, by which it learns of signals and of asyncs; libev makes another when an
 * async is started (evpipe_init), and nowhere else. It counts the one that it has lost twice
 * (fd_kill: ev_io_stop), and a loop in which it counts no watcher any more ends. The wait ends at once
 * where that one is heard, and soon where it is not. */
static void renew_own(struct ev_loop *loop)
{
    ev_ref(loop);
    ev_async_stop(loop, &awake);
    ev_async_start(loop, &awake);
    ev_async_send(loop, &awake);
}

static void on_bell(struct ev_loop *loop, ev_io *io, int events)
{
    uint64_t times;

    rings_at = INFINITY;
    if ((events & EV_ERROR) == 0) {
        (void)!read(io->fd, &times, sizeof(times));
        return;
    }
    close(io->fd);
    ev_io_set(io, -1, EV_READ);
}

/* Whether a wait needs no limit to end by then. */
static bool rings_by(double at)
{
    struct itimerspec due = {.it_value.tv_sec = (time_t)at};

    if (bell.fd < 0)
        return false;
    if (rings_at <= at)
        return true;
    due.it_value.tv_nsec = (long)((at - (double)due.it_value.tv_sec) * 1e9);
    if (timerfd_settime(bell.fd, TFD_TIMER_ABSTIME, &due, NULL) < 0)
        return false;
    rings_at = at;
    return true;
}

static int limit_of(int limit_ms)
{
    if (limit_ms > FOR_EVER_MS)
        return -1;
    if (limit_ms > 0 && limit_ms <= SHORT_MS && rings_by(monotonic_seconds() + limit_ms / 1e3))
        return -1;
    return limit_ms;
}

/* libev calls this, for a program's own function goes before that of the C library. It gives each
 * wait a limit, and the kernel sets a timer for that and takes it back: a twentieth of what a
 * question costs. So there is one timer for many short waits, the bell, which is set anew only when
 * it would ring too late. When it rings too early libev finds nothing to do, and waits again. Before
 * there is a loop it is a library that calls, as getpwuid(3) may have one that asks a directory. */
int epoll_wait(int epfd, struct epoll_event *events, int maxevents, int timeout)
{
    if (our_loop == NULL)
        return epoll_pwait(epfd, events, maxevents, timeout, NULL);
    if (ev_pending_count(our_loop) > 0) {
        renew_own(our_loop);
        return epoll_pwait(epfd, events, maxevents, AGAIN_MS, NULL);
    }
    return epoll_pwait(epfd, events, maxevents, limit_of(timeout), NULL);
}

static void set_up_waits(struct ev_loop *loop)
{
    our_loop = loop;
    ev_async_init(&awake, on_awake);
    ev_async_start(loop, &awake);
    ev_io_init(&bell, on_bell, timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), EV_READ);
    if (bell.fd >= 0)
        ev_io_start(loop, &bell);
}

struct ev_loop *loop_new(void)
{
    struct ev_loop *loop;

    ev_set_allocator(loop_memory);
    ev_set_syserr_cb(on_error);
    loop = ev_default_loop(EVFLAG_NOENV);
    if (loop == NULL) {
        log_error("no event loop can be made: %s", strerror(errno));
        return NULL;
    }
    let_sleep(loop);
    set_up_waits(loop);
    return loop;
}
