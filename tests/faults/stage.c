/* SPDX-License-Identifier: MIT */
/* The stage. Programs run as a plain user; this process is root's, which alone may see what a
 * relayd that is not dumpable has open. */
#include "config.h"

#include "tests/faults/stage.h"

#include "tests/faults/agents.h"
#include "tests/faults/calls.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS_MAX 24
#define RELAYCTL_SECONDS 20.0 /* it may take */
#define LOOK_MIN 0.001
#define LOOK_MAX 0.05

void stage_complain(struct stage *stage, const char *format, ...)
{
    va_list ap;

    if (stage->trouble[0] != '\0')
        return;
    va_start(ap, format);
    vsnprintf(stage->trouble, sizeof(stage->trouble), format, ap);
    va_end(ap);
}

static int must(int fd, const char *what)
{
    if (fd < 0)
        err(1, "%s", what);
    return fd;
}

/* A login's TCP connection, over which nothing goes. */
static void connect_link(struct stage *stage)
{
    struct sockaddr_in there = {.sin_family = AF_INET}, here = there;
    socklen_t size = sizeof(there);
    int *fds = stage->link;

    there.sin_addr.s_addr = htonl(0x7f000001);
    here.sin_addr.s_addr = htonl(0x7f000002);
    for (int i = 0; i < 2; i++)
        fds[i] = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    if (bind(fds[0], (struct sockaddr *)&there, size) < 0 || listen(fds[0], 1) < 0 ||
        getsockname(fds[0], (struct sockaddr *)&there, &size) < 0 ||
        bind(fds[1], (struct sockaddr *)&here, size) < 0 ||
        connect(fds[1], (struct sockaddr *)&there, size) < 0 ||
        getsockname(fds[1], (struct sockaddr *)&here, &size) < 0)
        err(1, "a TCP connection");
    fds[2] = must(accept4(fds[0], NULL, NULL, SOCK_CLOEXEC), "accept");
    snprintf(stage->connection, sizeof(stage->connection), "127.0.0.2 %d 127.0.0.1 %d",
             ntohs(here.sin_port), ntohs(there.sin_port));
}

static struct allocation *share_allocation(const struct stage *stage)
{
    char path[STAGE_PATH + 16];
    struct allocation *shared;
    int fd;

    snprintf(path, sizeof(path), "%s/allocations", stage->dir);
    fd = must(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600), path);
    if (fchown(fd, stage->uid, stage->uid) < 0 || ftruncate(fd, sizeof(*shared)) < 0)
        err(1, "%s", path);
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (shared == MAP_FAILED)
        err(1, "%s", path);
    close(fd);
    return shared;
}

void stage_init(struct stage *stage, const char *dir)
{
    static const char *const names[] = {"one", "three", "mute", NULL};

    snprintf(stage->dir, sizeof(stage->dir), "%s", dir);
    snprintf(stage->said, sizeof(stage->said), "%s/said", dir);
    if (mkdir(dir, 0700) < 0 || chown(dir, stage->uid, stage->uid) < 0)
        err(1, "%s", dir);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    connect_link(stage);
    stage->allocation = share_allocation(stage);
    stage->agents = agents_start(dir, names, stage->uid);
    stage->manager = -1;
    stage->inject.shared = NULL; /* of this worker alone */
    inject_init(&stage->inject);
}

static void end_process(pid_t pid)
{
    if (pid <= 0)
        return;
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

void stage_fini(struct stage *stage)
{
    end_process(stage->agents);
    for (int i = 0; i < 3; i++)
        close(stage->link[i]);
}

static void remove_files(const struct stage *stage)
{
    char path[STAGE_PATH + 8];
    struct dirent *entry;
    DIR *dir;

    snprintf(path, sizeof(path), "%s/d", stage->dir);
    dir = opendir(path);
    while (dir != NULL && (entry = readdir(dir)) != NULL)
        unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir != NULL)
        closedir(dir);
    rmdir(path);
}

void stage_begin(struct stage *stage)
{
    static const char *const names[] = {"two", NULL};
    int fd;

    remove_files(stage);
    inject_init(&stage->inject);
    stage->leaver = agents_start(stage->dir, names, stage->uid);
    stage->relay = stage->before = 0;
    stage->relay_end = -1;
    stage->has_ended = stage->has_served = false;
    stage->trouble[0] = '\0';
    stage->is_spared = stage->fails_allocations = false;
    *stage->allocation = (struct allocation){0};
    stage->n_stored = 0;
    stage->stored_names[0] = '\0';
    fd = must(open(stage->said, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644), stage->said);
    close(fd);
}

pid_t stage_lock_holder(const struct stage *stage)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char path[STAGE_PATH + 8];
    int fd;

    snprintf(path, sizeof(path), "%s/d/lock", stage->dir);
    fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0 || fcntl(fd, F_GETLK, &lock) < 0 || lock.l_type == F_UNLCK)
        lock.l_pid = 0;
    close(fd);
    return lock.l_pid;
}

/* What a killed process has forked has become ours. */
void stage_end(struct stage *stage)
{
    if (stage->relay > 0 && !stage->has_ended)
        end_process(stage->relay);
    end_process(stage->before);
    /* One in the background may never have answered. */
    end_process(stage_lock_holder(stage));
    if (stage->relay_end >= 0)
        close(stage->relay_end);
    end_process(stage->leaver);
    stage->leaver = 0;
    while (stage->n_stored-- > 0) {
        if (stage->stored[stage->n_stored] >= 0)
            close(stage->stored[stage->n_stored]);
    }
    stage->n_stored = 0;
    inject_fini(&stage->inject);
}

void stage_adopt(struct stage *stage, pid_t pid)
{
    if (stage->relay_end >= 0)
        close(stage->relay_end);
    stage->relay = pid;
    stage->relay_end = (int)syscall(SYS_pidfd_open, pid, 0);
    stage->has_ended = stage->relay_end < 0;
}

void stage_arm(struct stage *stage, bool is_armed)
{
    stage->inject.is_armed = is_armed && !stage->fails_allocations;
    stage->allocation->is_armed = is_armed && stage->fails_allocations;
}

unsigned stage_hits(const struct stage *stage)
{
    return stage->fails_allocations ? stage->allocation->hits : stage->inject.hits;
}

/* Starts it with faults, or without. */
static pid_t spawn_program(struct stage *stage, const struct inject_program *program)
{
    int number = stage->inject.number;
    pid_t pid;

    if (stage->is_spared || stage->fails_allocations)
        stage->inject.number = INJECT_NONE;
    pid = inject_spawn(&stage->inject, program);
    stage->inject.number = number;
    return pid;
}

static pid_t spawn(struct stage *stage, char **argv, const char *const *environment,
                   const int *fds, unsigned n_fds, const char *output)
{
    char *env[16] = {0};
    struct inject_program program = {
        .argv = argv, .env = env, .uid = stage->uid, .fds = fds, .n_fds = n_fds};
    char home[STAGE_PATH + 8], preload[256], allocations[STAGE_PATH + 40];
    size_t n = 0;
    pid_t pid;

    snprintf(home, sizeof(home), "HOME=%s", stage->dir);
    env[n++] = home;
    snprintf(preload, sizeof(preload), "LD_PRELOAD=%s", stage->preload);
    snprintf(allocations, sizeof(allocations), "FAULT_ALLOCATIONS=%s/allocations", stage->dir);
    if (stage->fails_allocations && !stage->is_spared) {
        env[n++] = preload;
        env[n++] = allocations;
    }
    for (; environment != NULL && *environment != NULL; environment++)
        env[n++] = (char *)(size_t)*environment;
    program.output = must(open(output, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644), output);
    pid = spawn_program(stage, &program);
    close(program.output);
    return pid;
}

void stage_start(struct stage *stage, const char *const *options, const char *const *environment,
                 const int *fds, unsigned n_fds)
{
    char dir[STAGE_PATH + 16];
    char *argv[ARGUMENTS_MAX] = {(char *)(size_t)stage->relayd, dir};
    size_t n = 2;

    snprintf(dir, sizeof(dir), "--dir=%s/d", stage->dir);
    for (; *options != NULL; options++)
        argv[n++] = (char *)(size_t)*options;
    stage->has_served = false;
    stage_adopt(stage, spawn(stage, argv, environment, fds, n_fds, stage->said));
}

bool stage_wait_end(struct stage *stage, double seconds)
{
    if (stage->has_ended)
        return true;
    if (!inject_wait(&stage->inject, stage->relay_end, POLLIN, monotonic_now() + seconds))
        return false;
    stage->has_ended = true;
    waitpid(stage->relay, &stage->status, 0);
    return true;
}

bool stage_wait_served(struct stage *stage)
{
    double until = monotonic_now() + stage->start_patience, pause = LOOK_MIN;

    for (; !stage->has_served && !stage_wait_end(stage, pause) && monotonic_now() < until;
         pause = pause < LOOK_MAX ? 2 * pause : pause) {
        double patience = stage->patience;
        struct reply reply;

        stage->patience = 0.1;
        reply = control_ask(stage, "status");
        stage->patience = patience;
        stage->has_served = reply.heard == HEARD_ANSWER;
    }
    if (!stage->has_served && !stage->has_ended)
        stage_complain(stage, "it neither serves nor ends");
    return stage->has_served;
}

void stage_sleep(struct stage *stage, double seconds)
{
    inject_wait(&stage->inject, -1, 0, monotonic_now() + seconds);
}

int stage_relayctl(struct stage *stage, const char *const *arguments)
{
    char dir[STAGE_PATH + 16], output[STAGE_PATH + 8], socket[STAGE_PATH + 32];
    const char *environment[] = {socket, "SHELL=/bin/sh", "SSH_TTY=/dev/pts/9", NULL};
    char *argv[ARGUMENTS_MAX] = {(char *)(size_t)stage->relayctl, dir};
    size_t n = 2;
    int end, status = -1;
    pid_t pid;

    snprintf(dir, sizeof(dir), "--dir=%s/d", stage->dir);
    snprintf(output, sizeof(output), "%s/out", stage->dir);
    snprintf(socket, sizeof(socket), "SSH_AUTH_SOCK=%s/one", stage->dir);
    for (; *arguments != NULL; arguments++)
        argv[n++] = (char *)(size_t)*arguments;
    unlink(output);
    pid = spawn(stage, argv, environment, NULL, 0, output);
    end = must((int)syscall(SYS_pidfd_open, pid, 0), "pidfd_open");
    if (!inject_wait(&stage->inject, end, POLLIN, monotonic_now() + RELAYCTL_SECONDS))
        kill(pid, SIGKILL);
    else
        status = 0;
    waitpid(pid, status == 0 ? &status : NULL, 0);
    close(end);
    return status;
}
