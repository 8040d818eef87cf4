/* SPDX-License-Identifier: MIT */
/* Healing. It waits for inotify(7), so an idle daemon does nothing. */
#include "config.h"

#include "relayd/host/healing.h"

#include "relayd/base/log.h"
#include "relayd/base/util.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

/* Nothing is done at once: somebody else may be about to listen there, such as systemd, which
 * removes, binds and listens one after the other. */
#define LATER_SECONDS 0.2
/* What fails once mostly fails for hours: /run/user/UID is gone after the last logout. */
#define RETRY_MIN 1.0
#define RETRY_MAX 60.0

/* Has on_later() called in so many seconds. */
static void look_after(struct healing *healing, double seconds)
{
    ev_timer_stop(healing->loop, &healing->later);
    ev_timer_set(&healing->later, seconds, 0);
    ev_timer_start(healing->loop, &healing->later);
}

static int watch_path(const struct healing *healing, const char *path, uint32_t what)
{
    return inotify_add_watch(healing->events.fd, path, what | IN_ONLYDIR) < 0 ? -errno : 0;
}

/* /run/user/UID is a mount, which can be taken away under whoever has files open in
 * it: they see no event. Those are above it, where its mount point comes and goes. */
static int watch(struct healing *healing)
{
    int r;

    if (healing->events.fd < 0) {
        int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

        if (fd < 0)
            return -errno;
        ev_io_set(&healing->events, fd, EV_READ);
    }
    ev_io_start(healing->loop, &healing->events);
    r = watch_path(healing, healing->paths->dir,
                   IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF);
    if (r == 0 && paths_is_user_manager_dir(healing->paths))
        r = watch_path(healing, PATHS_RUN_USER, IN_CREATE | IN_DELETE);
    return r;
}

/* One failure is no reason to leave the rest. That somebody else listens weighs most. */
static int heal_sockets(struct healing *healing, const char **where)
{
    int r = 0;

    for (size_t i = 0; i < ARRAY_SIZE(healing->listeners); i++) {
        int one = listener_heal(healing->listeners[i]);

        if (one < 0 && (r == 0 || one == -EADDRINUSE)) {
            r = one;
            *where = healing->listeners[i]->path;
        }
    }
    return r;
}

/* Where it fails, *where is what cannot be made again. */
static int heal(struct healing *healing, const char **where)
{
    int r = healing->on_heal(healing->arg);

    *where = healing->paths->dir;
    return r < 0 ? r : heal_sockets(healing, where);
}

static bool is_lost(int r)
{
    return r == -EADDRINUSE || r == -EBUSY;
}

/* A problem is said once; what cannot be watched is looked at again and again. */
static int look(struct healing *healing)
{
    int r = paths_check_dir(healing->paths, true);
    int watched = r < 0 ? 0 : watch(healing);
    const char *where = healing->paths->dir, *why = paths_problem(r);

    if (r == 0) {
        r = heal(healing, &where);
        why = listener_problem(r);
    }
    if (r < 0 && r != healing->problem && !is_lost(r))
        log_error("%s: cannot be made again: %s", where, why);
    else if (r == 0 && watched < 0 && watched != healing->problem)
        log_warning("%s: cannot be watched: %s", where, strerror(-watched));
    healing->problem = r < 0 ? r : watched;
    return r;
}

static void look_again(struct healing *healing)
{
    healing->retry = fmin(fmax(2 * healing->retry, RETRY_MIN), RETRY_MAX);
    look_after(healing, healing->retry);
}

static void on_later(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct healing *healing = container_of(timer, struct healing, later);
    int r = look(healing);

    if (is_lost(r)) {
        ev_io_stop(healing->loop, &healing->events);
        healing->on_lost(healing->arg);
    } else if (healing->problem < 0) {
        look_again(healing);
    }
}

/* Whether event may have harmed us. That the registry's file is moved into place does not:
 * store_save() does that. */
static bool concerns_us(const struct healing *healing, const struct inotify_event *event)
{
    const struct paths *paths = healing->paths;
    const char *const files[] = {
        paths->upstreams, paths->agent, paths->control, paths->lock, paths->log};
    char uid[24];

    for (size_t i = (event->mask & IN_MOVED_TO) != 0; i < ARRAY_SIZE(files) && event->len > 0; i++) {
        if (strcmp(strrchr(files[i], '/') + 1, event->name) == 0)
            return true;
    }
    snprintf(uid, sizeof(uid), "%lu", (unsigned long)geteuid());
    return event->len == 0 || strcmp(uid, event->name) == 0;
}

static void on_events(struct ev_loop *loop, ev_io *io, int events)
{
    struct healing *healing = container_of(io, struct healing, events);
    _Alignas(struct inotify_event) char buf[4096];
    bool is_harm = false;
    ssize_t n;

    if ((events & EV_ERROR) != 0) {
        log_warning("%s: cannot be watched", healing->paths->dir);
        look_again(healing);
        return;
    }
    while ((n = read(io->fd, buf, sizeof(buf))) > 0) {
        const struct inotify_event *event;

        for (char *p = buf; p < buf + n; p += sizeof(*event) + event->len) {
            event = (const struct inotify_event *)(void *)p;
            is_harm |= concerns_us(healing, event);
        }
    }
    if (!is_harm)
        return;
    healing->retry = fmin(healing->retry, RETRY_MIN / 2);
    look_after(healing, LATER_SECONDS);
}

void healing_start(struct healing *healing)
{
    int r;

    ev_io_init(&healing->events, on_events, -1, EV_READ);
    ev_timer_init(&healing->later, on_later, 0, 0);
    r = watch(healing);
    if (r < 0)
        log_warning("%s: cannot be watched: %s", healing->paths->dir, strerror(-r));
    healing->problem = r;
    /* A socket from systemd may never have been where it was bound. */
    look_after(healing, LATER_SECONDS);
}

void healing_fini(struct healing *healing)
{
    if (healing->loop == NULL)
        return;
    ev_timer_stop(healing->loop, &healing->later);
    ev_io_stop(healing->loop, &healing->events);
    close_fd(healing->events.fd);
    healing->loop = NULL;
}
