/* SPDX-License-Identifier: MIT */
/* Agents. They answer at once, so one process that never waits for a client serves them all. */
#include "config.h"

#include "tests/faults/agents.h"

#include <err.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKETS_MAX 64
#define QUESTION_MAX 65536

enum { LIST = 11, LIST_ANSWER = 12, SIGN = 13, SIGN_ANSWER = 14, EXTENSION = 27 };

struct socket {
    const char *name; /* of its agent */
    bool is_listener;
    size_t have;
    uint8_t *question;
};

static struct pollfd fds[SOCKETS_MAX];
static struct socket sockets[SOCKETS_MAX];
static nfds_t n_fds;

static void add(int fd, const char *name, bool is_listener)
{
    if (fd < 0)
        return;
    if (n_fds == SOCKETS_MAX) {
        close(fd);
        return;
    }
    sockets[n_fds] = (struct socket){.name = name, .is_listener = is_listener};
    if (!is_listener)
        sockets[n_fds].question = malloc(QUESTION_MAX);
    fds[n_fds++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

static void drop(nfds_t i)
{
    close(fds[i].fd);
    free(sockets[i].question);
    fds[i] = fds[--n_fds];
    sockets[i] = sockets[n_fds];
}

static uint8_t *put_string(uint8_t *out, const void *bytes, size_t n)
{
    out[0] = out[1] = 0;
    out[2] = (uint8_t)(n >> 8);
    out[3] = (uint8_t)n;
    memcpy(out + 4, bytes, n);
    return out + 4 + n;
}

static void answer(int fd, const char *name, int type)
{
    static const char blob[4 + 11 + 4 + 32] = "\0\0\0\013ssh-ed25519\0\0\0\040";
    uint8_t frame[256] = {0}, *out = frame + 5;

    if (type == LIST) {
        frame[4] = LIST_ANSWER;
        memcpy(out, "\0\0\0\1", 4);
        out = put_string(put_string(out + 4, blob, sizeof(blob)), name, strlen(name));
    } else if (type == SIGN) {
        frame[4] = SIGN_ANSWER;
        out = put_string(out, name, strlen(name));
    } else {
        frame[4] = type == EXTENSION ? 5 : 6;
    }
    frame[3] = (uint8_t)(out - frame - 4);
    send(fd, frame, (size_t)(out - frame), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Answers what is whole. Returns false where it never can be. */
static bool take_questions(int fd, struct socket *s)
{
    while (s->have >= 5) {
        size_t size = 4 + ((size_t)s->question[1] << 16 | (size_t)s->question[2] << 8 | s->question[3]);

        if (size > QUESTION_MAX)
            return false;
        if (s->have < size)
            break;
        if (strncmp(s->name, "mute", 4) != 0)
            answer(fd, s->name, s->question[4]);
        s->have -= size;
        memmove(s->question, s->question + size, s->have);
    }
    return true;
}

static void serve(nfds_t i)
{
    struct socket *s = &sockets[i];
    ssize_t n;

    if (s->is_listener) {
        add(accept(fds[i].fd, NULL, NULL), s->name, false);
        return;
    }
    n = recv(fds[i].fd, s->question + s->have, QUESTION_MAX - s->have, MSG_DONTWAIT);
    if (n > 0)
        s->have += (size_t)n;
    if (n <= 0 || !take_questions(fds[i].fd, s))
        drop(i);
}

static void listen_at(const char *dir, const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", dir, name);
    unlink(address.sun_path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 64) < 0)
        err(1, "%s", address.sun_path);
    add(fd, name, true);
}

static _Noreturn void be_agents(const char *dir, const char *const *names, uid_t uid, int ready)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
        err(1, "uid %d", (int)uid);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (; *names != NULL; names++)
        listen_at(dir, *names);
    close(ready);
    for (;;) {
        poll(fds, n_fds, -1);
        for (nfds_t i = n_fds; i-- > 0;) {
            if (fds[i].revents != 0)
                serve(i);
        }
    }
}

pid_t agents_start(const char *dir, const char *const *names, uid_t uid)
{
    int ready[2];
    char byte;
    pid_t pid;

    if (pipe(ready) < 0 || (pid = fork()) < 0)
        err(1, "agents");
    if (pid == 0) {
        close(ready[0]);
        be_agents(dir, names, uid, ready[1]);
    }
    close(ready[1]);
    if (read(ready[0], &byte, 1) < 0)
        err(1, "agents");
    close(ready[0]);
    return pid;
}
