/* SPDX-License-Identifier: MIT */
/* A listener. Past its limit clients wait in the kernel's backlog, and are served late rather
 * than refused. */
#include "config.h"

#include "relayd/host/listener.h"

#include "relayd/base/log.h"
#include "relayd/base/sock.h"
#include "relayd/base/util.h"
#include "relayd/host/bound.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define BACKLOG 4096
#define PAUSE_SECONDS 0.1

static bool is_full(const struct listener *listener)
{
    return listener->limit > 0 && listener->count(listener->arg) >= listener->limit;
}

/* Whatever it is that fails, a shortage of descriptors mostly, it fails again at once: a
 * loop that goes on would spin. */
static void pause_for(struct listener *listener, const char *why)
{
    if (!listener->is_pausing)
        log_warning("%s: %s: clients wait", listener->path, why);
    listener->is_pausing = true;
    ev_io_stop(listener->loop, &listener->io);
    ev_timer_set(&listener->pause, PAUSE_SECONDS, 0);
    ev_timer_start(listener->loop, &listener->pause);
}

/* One client in a turn of the loop: those that are served already do not wait, and the kernel is
 * not asked for another where none is, which costs as much as eight turns. */
static void accept_one(struct listener *listener)
{
    int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd >= 0) {
        listener->is_pausing = false;
        listener->accept(listener->arg, fd);
    } else if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR) {
        pause_for(listener, strerror(errno));
    }
}

static void on_readable(struct ev_loop *loop, ev_io *io, int events)
{
    struct listener *listener = container_of(io, struct listener, io);

    if ((events & EV_ERROR) != 0)
        pause_for(listener, "cannot be watched");
    else if (is_full(listener))
        ev_io_stop(loop, io);
    else
        accept_one(listener);
}

static void on_pause_over(struct ev_loop *loop, ev_timer *timer, int events)
{
    listener_resume(container_of(timer, struct listener, pause));
}

void listener_init(struct listener *listener, struct ev_loop *loop, const char *path, int type,
                   unsigned limit, unsigned (*count)(void *arg),
                   void (*accept)(void *arg, int fd), void *arg)
{
    *listener = (struct listener){
        .loop = loop, .path = path, .type = type, .limit = limit, .fd = -1,
        .count = count, .accept = accept, .arg = arg,
    };
    ev_io_init(&listener->io, on_readable, -1, EV_READ);
    ev_timer_init(&listener->pause, on_pause_over, PAUSE_SECONDS, 0);
}

/* Removes what is in the way if it is a socket that nobody listens on. */
static int clear_stale(const struct listener *listener)
{
    struct stat st;

    if (lstat(listener->path, &st) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISSOCK(st.st_mode))
        return S_ISDIR(st.st_mode) ? -EISDIR : -ENOTSOCK;
    if (sock_is_live(listener->path, listener->type))
        return -EADDRINUSE;
    return unlink(listener->path) < 0 && errno != ENOENT ? -errno : 0;
}

/* Takes all who have connected to a socket that is given up. systemd may keep it open, and they would wait
 * for ever. Past the limit they are closed: that is an end too. */
static void take_last(const struct listener *listener)
{
    int fd;

    while (listener->fd >= 0 &&
           (fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
        if (is_full(listener))
            close(fd);
        else
            listener->accept(listener->arg, fd);
    }
}

int listener_bind(struct listener *listener)
{
    struct stat st;
    int r = clear_stale(listener);
    int fd = r < 0 ? r : sock_listen(listener->path, listener->type, BACKLOG);

    if (fd < 0)
        return fd;
    if (stat(listener->path, &st) < 0) {
        r = -errno;
        close(fd);
        return r;
    }
    take_last(listener);
    listener_adopt(listener, fd);
    listener->is_own = true;
    listener->dev = st.st_dev;
    listener->ino = st.st_ino;
    return 0;
}

void listener_adopt(struct listener *listener, int fd)
{
    ev_io_stop(listener->loop, &listener->io);
    close_fd(listener->fd);
    listener->fd = fd;
    ev_io_set(&listener->io, fd, EV_READ);
}

void listener_resume(struct listener *listener)
{
    if (listener->fd >= 0 && !listener->is_stopped && !is_full(listener) &&
        !ev_is_active(&listener->pause))
        ev_io_start(listener->loop, &listener->io);
}

/* 1 where its path leads to it, 0 where not, or -errno: that cannot be told now, and to take it for
 * missing would be to find ourselves in its place. Once the socket is closed, another file may have
 * its number. */
static int is_at_path(const struct listener *listener)
{
    struct stat st;

    if (listener->fd < 0)
        return 0;
    if (stat(listener->path, &st) < 0)
        return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
    return st.st_dev == listener->dev && st.st_ino == listener->ino;
}

/* 1, 0, or -errno. What systemd bound has no file that we know: where a socket is, it is taken for it. */
static int is_missing(const struct listener *listener)
{
    struct stat st;
    int r;

    if (listener->is_own) {
        r = is_at_path(listener);
        return r < 0 ? r : !r;
    }
    if (!sock_is_bound_to(listener->fd, listener->path))
        return 0;
    return stat(listener->path, &st) < 0 ? errno == ENOENT : !S_ISSOCK(st.st_mode);
}

bool listener_is_missing(const struct listener *listener)
{
    return is_missing(listener) == 1;
}

const char *listener_problem(int error)
{
    switch (-error) {
    case EADDRINUSE: return "somebody listens there already";
    case EISDIR: return "a directory stands where the socket should be: remove it";
    case ENOTSOCK: return "what stands there is not a socket: remove it";
    default: return strerror(-error);
    }
}

const char *listener_obstacle(const struct listener *listener)
{
    struct stat st;

    if (listener->is_stopped || !listener_is_missing(listener))
        return NULL;
    if (lstat(listener->path, &st) < 0)
        return "its socket is missing";
    return listener_problem(S_ISDIR(st.st_mode)    ? -EISDIR
                            : !S_ISSOCK(st.st_mode) ? -ENOTSOCK
                                                    : -EADDRINUSE);
}

/* Whether another socket stands where systemd bound ours, and nobody listens there. A relay that had made
 * it anew, because ours was removed, was killed and left it. */
static bool is_left_behind(const struct listener *listener)
{
    uint32_t inode;
    struct stat st;

    return !listener->is_own && sock_is_bound_to(listener->fd, listener->path) &&
           bound_inode(listener->fd, &inode) == 0 && stat(listener->path, &st) == 0 &&
           (uint32_t)st.st_ino != inode && !sock_is_live(listener->path, listener->type);
}

int listener_heal(struct listener *listener)
{
    int r = listener->is_stopped ? 0 : is_missing(listener);

    if (r == 0 && !listener->is_stopped)
        r = is_left_behind(listener);
    if (r <= 0)
        return r;
    r = listener_bind(listener);
    if (r < 0)
        return r;
    log_notice("%s: was gone, made again", listener->path);
    listener_resume(listener);
    return 0;
}

void listener_stop(struct listener *listener)
{
    listener->is_stopped = true;
    if (listener->loop == NULL)
        return;
    ev_io_stop(listener->loop, &listener->io);
    ev_timer_stop(listener->loop, &listener->pause);
    if (listener->is_own && is_at_path(listener) == 1)
        unlink(listener->path);
    listener->fd = close_fd(listener->fd);
}
