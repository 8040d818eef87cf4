/* SPDX-License-Identifier: MIT */
/* A program beside. It is found by where relayd's file is: PATH is that of whoever started it. It
 * inherits the three standard descriptors and the environment; all others are closed at exec. */
#include "config.h"

#include "relayd/host/run.h"

#include "relayd/base/util.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void stop(struct run *run)
{
    ev_child_stop(run->loop, &run->child);
    ev_timer_stop(run->loop, &run->bound);
    run->is_running = false;
}

static void on_child(struct ev_loop *loop, ev_child *child, int events)
{
    struct run *run = container_of(child, struct run, child);

    stop(run);
    run->on_end(run);
}

/* Its end is seen as that of any other. */
static void on_bound(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct run *run = container_of(timer, struct run, bound);

    kill(run->child.pid, SIGKILL);
}

void run_init(struct run *run, struct ev_loop *loop, void (*on_end)(struct run *run))
{
    memset(run, 0, sizeof(*run));
    run->loop = loop;
    run->on_end = on_end;
    ev_child_init(&run->child, on_child, 0, 0);
    ev_timer_init(&run->bound, on_bound, 0, 0);
}

void run_fini(struct run *run)
{
    if (!run->is_running)
        return;
    kill(run->child.pid, SIGKILL);
    stop(run);
}

/* The file of that name beside the one that runs here. */
static int find_beside(const char *name, char out[PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", out, PATH_MAX - 1);
    char *slash;

    if (n < 0)
        return -errno;
    out[n] = '\0';
    slash = strrchr(out, '/');
    if (slash == NULL || (size_t)(slash + 1 - out) + strlen(name) >= PATH_MAX)
        return -ENOENT;
    strcpy(slash + 1, name);
    return 0;
}

/* Signals that we ignore would be ignored there too. */
static int spawn(pid_t *pid, const char *path, char *const argv[])
{
    posix_spawnattr_t attributes;
    sigset_t usual;
    int r = posix_spawnattr_init(&attributes);

    if (r != 0)
        return -r;
    sigemptyset(&usual);
    posix_spawnattr_setsigmask(&attributes, &usual);
    sigaddset(&usual, SIGPIPE);
    sigaddset(&usual, SIGXFSZ);
    sigaddset(&usual, SIGTTOU);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    r = posix_spawn(pid, path, NULL, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    return -r;
}

int run_beside(struct run *run, char *const argv[], double seconds)
{
    char path[PATH_MAX];
    pid_t pid = 0;
    int r = find_beside(argv[0], path);

    if (r == 0)
        r = spawn(&pid, path, argv);
    if (r < 0)
        return r;
    ev_child_set(&run->child, pid, 0);
    ev_child_start(run->loop, &run->child);
    ev_timer_set(&run->bound, seconds, 0);
    ev_timer_start(run->loop, &run->bound);
    run->is_running = true;
    return 0;
}
