/* SPDX-License-Identifier: MIT */
/* The manager. It makes the directory and the sockets as a socket unit of a user's would. */
#include "config.h"

#include "tests/faults/manager.h"

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define END_SECONDS 20.0
#define STORED_MAX ((unsigned)(sizeof(((struct stage *)NULL)->stored) / sizeof(int)))

static int bind_at(const struct stage *stage, const char *name, int type)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%.80s/%s", stage->dir, name);
    unlink(address.sun_path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        chown(address.sun_path, stage->uid, stage->uid) < 0)
        err(1, "%s", address.sun_path);
    return fd;
}

void manager_make_sockets(struct stage *stage)
{
    static const char *const names[] = {"d/agent.sock", "d/control.sock"};
    char dir[STAGE_PATH + 8];

    snprintf(dir, sizeof(dir), "%s/d", stage->dir);
    if ((mkdir(dir, 0700) < 0 && errno != EEXIST) || chown(dir, stage->uid, stage->uid) < 0)
        err(1, "%s", dir);
    stage->manager = bind_at(stage, "notify", SOCK_DGRAM);
    for (int i = 0; i < 2; i++) {
        stage->given[i] = bind_at(stage, names[i], i == 0 ? SOCK_STREAM : SOCK_SEQPACKET);
        if (listen(stage->given[i], 128) < 0)
            err(1, "listen");
    }
}

void manager_fini(struct stage *stage)
{
    if (stage->manager < 0)
        return;
    close(stage->manager);
    close(stage->given[0]);
    close(stage->given[1]);
    stage->manager = -1;
}

void manager_start(struct stage *stage, const char *const *options)
{
    char notify[STAGE_PATH + 24], count[32], names[600];
    const char *const environment[] = {notify, count, names, "LISTEN_PID=$PID", "FDSTORE=64",
                                       "WATCHDOG_USEC=20000000", "WATCHDOG_PID=$PID", NULL};
    int fds[2 + STORED_MAX];

    snprintf(notify, sizeof(notify), "NOTIFY_SOCKET=%s/notify", stage->dir);
    snprintf(count, sizeof(count), "LISTEN_FDS=%u", 2 + stage->n_stored);
    snprintf(names, sizeof(names), "LISTEN_FDNAMES=agent:control%s", stage->stored_names);
    memcpy(fds, stage->given, sizeof(stage->given));
    memcpy(fds + 2, stage->stored, stage->n_stored * sizeof(int));
    stage_start(stage, options, environment, fds, 2 + stage->n_stored);
}

static void keep(struct stage *stage, const char *text, const int *fds, size_t n)
{
    const char *name = strstr(text, "FDNAME=");
    size_t used = strlen(stage->stored_names);

    for (size_t i = 0; i < n; i++) {
        if (strstr(text, "FDSTORE=1") == NULL || name == NULL || stage->n_stored == STORED_MAX) {
            close(fds[i]);
            continue;
        }
        stage->stored[stage->n_stored++] = fds[i];
        used += (size_t)snprintf(stage->stored_names + used, sizeof(stage->stored_names) - used,
                                 ":%.*s", (int)strcspn(name + 7, "\n"), name + 7);
    }
}

/* The names are those in the environment, so the place of the one that goes stays. */
static void drop(struct stage *stage, const char *text)
{
    const char *name = strstr(text, "FDNAME=");
    size_t n = name == NULL ? 0 : strcspn(name + 7, "\n");
    char *at = stage->stored_names;

    for (unsigned i = 0; i < stage->n_stored && strstr(text, "FDSTOREREMOVE=1") != NULL; i++) {
        at++;
        if (n > 0 && strncmp(at, name + 7, n) == 0 && stage->stored[i] >= 0) {
            close(stage->stored[i]);
            stage->stored[i] = -1;
        }
        at += strcspn(at, ":");
    }
}

/* Takes one message, if there is one. */
static bool receive(struct stage *stage)
{
    char text[2048], control[CMSG_SPACE(8 * sizeof(int))];
    struct iovec iov = {text, sizeof(text) - 1};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
                         .msg_controllen = sizeof(control)};
    ssize_t n = recvmsg(stage->manager, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    struct cmsghdr *head = n < 0 ? NULL : CMSG_FIRSTHDR(&msg);

    if (n < 0)
        return false;
    text[n] = '\0';
    drop(stage, text);
    if (head != NULL)
        keep(stage, text, (const int *)(const void *)CMSG_DATA(head),
             (head->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    return true;
}

static void receive_all(struct stage *stage)
{
    while (receive(stage))
        ;
}

bool manager_restart(struct stage *stage, const char *const *options)
{
    double until = monotonic_now() + END_SECONDS;

    receive_all(stage);
    kill(stage->relay, SIGUSR2);
    while (!stage_wait_end(stage, 0) && monotonic_now() < until) {
        inject_wait(&stage->inject, stage->manager, POLLIN, monotonic_now() + 0.01);
        receive_all(stage);
    }
    receive_all(stage);
    if (!stage->has_ended)
        stage_complain(stage, "it does not end for a restart");
    if (!stage->has_ended || stage->status != 0)
        return false;
    manager_start(stage, options);
    if (!stage_wait_served(stage))
        return false;
    receive_all(stage);
    return true;
}
