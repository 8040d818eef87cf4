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
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#define RESERVE (256 * 1024)
#define ALIGNMENT _Alignof(max_align_t)
/* How long libev waits before it tries again, and how often that is said. */
#define AGAIN_NS 50000000
#define SAID_SECONDS 60.0
#define ALARM_MICROSECONDS 50000
#define NEVER_SECONDS 1e9 /* 30 years */

/* Each block has its size in front. What is given back is used again once all has been. */
struct block {
    size_t size;
    _Alignas(max_align_t) char bytes[];
};

static _Alignas(max_align_t) char reserve[RESERVE];
static size_t reserve_used;
static unsigned reserve_blocks; /* that are in use */

static ev_async awake;
static bool is_alarm_set;

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
    const struct timespec pause = {.tv_nsec = AGAIN_NS};
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

static void on_alarm(int signal)
{
}

/* Has epoll_wait(2) interrupted, again and again until it has been: the first time may be too early.
 * 0: no more. */
static void set_alarm(long microseconds)
{
    const struct itimerval alarm = {.it_value.tv_usec = microseconds,
                                    .it_interval.tv_usec = microseconds};

    setitimer(ITIMER_REAL, &alarm, NULL);
    is_alarm_set = microseconds > 0;
}

/* libev tells of an epoll_ctl(2) that failed by an event, which it makes just before it goes to
 * sleep, and sleeps all the same (ev.c, 4.33: fd_reify in ev_run): for good, where the kernel
 * watches nothing any more. It may have been the one for libev's own descriptor, by which it learns
 * of signals and of asyncs; libev makes another when an async is started (evpipe_init), and nowhere
 * else. It counts the one that it has lost twice (fd_kill: ev_io_stop), and a loop in which it counts
 * no watcher any more ends. */
static void on_sleep(struct ev_loop *loop) EV_NOEXCEPT
{
    if (ev_pending_count(loop) == 0)
        return;
    ev_ref(loop);
    ev_async_stop(loop, &awake);
    ev_async_start(loop, &awake);
    ev_async_send(loop, &awake);
    set_alarm(ALARM_MICROSECONDS); /* where that is not heard */
}

static void on_woken(struct ev_loop *loop) EV_NOEXCEPT
{
    if (is_alarm_set)
        set_alarm(0);
}

static void keep_awake(struct ev_loop *loop)
{
    const struct sigaction action = {.sa_handler = on_alarm};

    sigaction(SIGALRM, &action, NULL);
    ev_async_init(&awake, on_awake);
    ev_async_start(loop, &awake);
    ev_set_loop_release_cb(loop, on_sleep, on_woken);
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
    keep_awake(loop);
    return loop;
}
