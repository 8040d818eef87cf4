/* SPDX-License-Identifier: MIT */
/* Injection. A call that waits for our decision keeps its program waiting, so this process never
 * waits for anything but through inject_wait(). A child makes its own filter, which others cannot
 * do for it, and no call that might be of the filtered kind until we have the filter's descriptor:
 * the two talk through a word of memory. */
#include "config.h"

#include "tests/faults/inject.h"

#include "tests/faults/calls.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438 /* headers before Linux 5.6 do not have it */
#endif
#define EXIT_UNABLE 77 /* faults.t skips then */
#define FIRST_PASSED 3
#define PASSED_MAX 64
/* What the parent says. */
#define TAKEN (-0x10000)

double monotonic_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void inject_init(struct inject *inject)
{
    int *shared = inject->shared;

    *inject = (struct inject){.number = INJECT_NONE, .shared = shared};
    if (shared == NULL)
        inject->shared = mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (inject->shared == MAP_FAILED)
        err(1, "mmap");
}

void inject_fini(struct inject *inject)
{
    while (inject->n > 0)
        close(inject->listeners[--inject->n]);
}

/* --- the child's side */

/* main() of either program opens /dev/null so before anything else, and no loader does. */
#define MARK_FLAGS O_RDWR
#ifdef SYS_open
#define MARK_OPEN SYS_open
#else
#define MARK_OPEN SYS_openat
#endif

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define IF_IS(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)(value), yes, no)
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, what)

static int install_filter(int number)
{
    struct sock_filter code[] = {
        LOAD(nr),
        IF_IS(number, 8, 0),
        IF_IS(SYS_openat, 0, 2),
        LOAD(args[2]), /* its low half, on a machine that begins with that */
        BPF_JUMP(BPF_JMP | BPF_JA, 2, 0, 0),
        IF_IS(MARK_OPEN, 0, 3),
        LOAD(args[1]),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, (unsigned)~O_LARGEFILE),
        IF_IS(MARK_FLAGS, 1, 0),
        RETURN(SECCOMP_RET_ALLOW),
        RETURN(SECCOMP_RET_USER_NOTIF),
    };
    struct sock_filter all[] = {RETURN(SECCOMP_RET_USER_NOTIF)};
    struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

    if (number == INJECT_ALL)
        program = (struct sock_fprog){.len = 1, .filter = all};
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
                        &program);
}

/* Puts the descriptors in their places, by way of others: one may stand where another belongs. */
static void place_fds(const struct inject_program *program)
{
    int aside[PASSED_MAX];

    dup2(program->output, STDOUT_FILENO);
    dup2(program->output, STDERR_FILENO);
    for (unsigned i = 0; i < program->n_fds; i++)
        aside[i] = fcntl(program->fds[i], F_DUPFD_CLOEXEC, FIRST_PASSED + PASSED_MAX);
    for (unsigned i = 0; i < program->n_fds; i++)
        dup2(aside[i], FIRST_PASSED + (int)i);
}

/* Hands the filter's descriptor to the parent, and waits until it is there. */
static void hand_over(struct inject *inject, int fd)
{
    __atomic_store_n(inject->shared, fd < 0 ? -errno : fd, __ATOMIC_RELEASE);
    while (__atomic_load_n(inject->shared, __ATOMIC_ACQUIRE) != TAKEN)
        ;
}

static char *with_pid(char *text)
{
    char *place = strstr(text, "$PID"), *out;

    if (place == NULL)
        return text;
    *place = '\0';
    return asprintf(&out, "%s%d", text, (int)getpid()) < 0 ? NULL : out;
}

static _Noreturn void become(struct inject *inject, const struct inject_program *program)
{
    char *env[16];
    size_t n = 0;

    for (; program->env[n] != NULL; n++)
        env[n] = with_pid(strdup(program->env[n]));
    env[n] = NULL;
    if (setgroups(0, NULL) < 0 || setresgid(program->uid, program->uid, program->uid) < 0 ||
        setresuid(program->uid, program->uid, program->uid) < 0)
        _exit(126);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    place_fds(program);
    if (inject->number != INJECT_NONE)
        hand_over(inject, install_filter(inject->number));
    execve(program->argv[0], program->argv, env);
    _exit(127);
}

/* --- ours */

/* Its descriptor, as one of ours. */
static int borrow_fd(pid_t pid, int fd)
{
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    int ours = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);

    close(pidfd);
    return ours;
}

static void take_listener(struct inject *inject, pid_t pid)
{
    int fd;

    while ((fd = __atomic_load_n(inject->shared, __ATOMIC_ACQUIRE)) == 0)
        sched_yield();
    fd = fd < 0 ? fd : borrow_fd(pid, fd);
    if (fd < 0) {
        kill(pid, SIGKILL);
        errx(EXIT_UNABLE, "this kernel lets nobody decide about a program's calls");
    }
    inject->listeners[inject->n++] = fd;
    __atomic_store_n(inject->shared, TAKEN, __ATOMIC_RELEASE);
}

pid_t inject_spawn(struct inject *inject, const struct inject_program *program)
{
    pid_t pid;

    *inject->shared = 0;
    inject->has_begun = false;
    pid = fork();
    if (pid < 0)
        err(1, "fork");
    if (pid == 0)
        become(inject, program);
    if (inject->number != INJECT_NONE)
        take_listener(inject, pid);
    return pid;
}

static bool is_mark(const struct seccomp_data *call)
{
    int flags = call->nr == SYS_openat ? (int)call->args[2]
                : call->nr == MARK_OPEN ? (int)call->args[1]
                                        : 0;

    return (flags & ~O_LARGEFILE) == MARK_FLAGS;
}

/* Whether this call is to fail. */
static bool is_due(struct inject *inject, const struct seccomp_data *call)
{
    inject->has_begun |= is_mark(call);
    if (!inject->has_begun || !inject->is_armed)
        return false;
    if (inject->number == INJECT_ALL && call->nr >= 0 && call->nr < INJECT_NUMBERS)
        inject->census[call->nr]++;
    if (call->nr != inject->number)
        return false;
    inject->seen++;
    return inject->seen >= inject->first && inject->seen <= inject->last;
}

/* Does one byte of it in the program's stead. Returns what the call returns there: -errno, or how
 * many bytes. */
static long do_short(const struct seccomp_notif *notif)
{
    const struct seccomp_data *call = &notif->data;
    bool is_read = call->nr == SYS_read || call->nr == SYS_recvfrom;
    bool is_socket = call->nr == SYS_recvfrom || call->nr == SYS_sendto;
    int fd = borrow_fd((pid_t)notif->pid, (int)call->args[0]);
    int flags = is_socket ? (int)call->args[3] | MSG_DONTWAIT : 0;
    char byte;
    struct iovec here = {&byte, 1}, there = {(void *)(size_t)call->args[1], 1};
    long n;

    if (is_read)
        n = is_socket ? recv(fd, &byte, 1, flags) : read(fd, &byte, 1);
    else if (process_vm_readv((pid_t)notif->pid, &here, 1, &there, 1, 0) != 1)
        n = -1;
    else
        n = is_socket ? send(fd, &byte, 1, flags | MSG_NOSIGNAL) : write(fd, &byte, 1);
    if (n == 1 && is_read && process_vm_writev((pid_t)notif->pid, &here, 1, &there, 1, 0) != 1)
        n = -1;
    n = n < 0 ? -errno : n;
    close(fd);
    return n;
}

static bool is_transfer(int number)
{
    return number == SYS_read || number == SYS_write || number == SYS_recvfrom ||
           number == SYS_sendto;
}

/* What is read and written: files, streams, packets, pipes. The kernel's own counters and timers
 * never fail, only files have disks that do, what is waited for is not told to come again, and of
 * packets a part would be all. */
static bool can_fail_so(const struct seccomp_notif *notif, int error)
{
    const struct seccomp_data *call = &notif->data;
    int fd, type = 0, flags;
    socklen_t size = sizeof(type);
    struct stat st = {0};

    if (!is_transfer(call->nr))
        return true;
    fd = borrow_fd((pid_t)notif->pid, (int)call->args[0]);
    fstat(fd, &st);
    flags = fcntl(fd, F_GETFL);
    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size);
    close(fd);
    switch (error) {
    case EINTR:
        return (st.st_mode & S_IFMT) != 0;
    case EAGAIN:
        return (st.st_mode & S_IFMT) != 0 && (flags & O_NONBLOCK) != 0;
    case FAULT_SHORT:
        return (S_ISREG(st.st_mode) || type == SOCK_STREAM) && call->args[2] > 1;
    default:
        return S_ISREG(st.st_mode) == (call->nr == SYS_read || call->nr == SYS_write);
    }
}

/* Who is told that the other end has gone finds it gone from then on. */
static void hang_up(const struct seccomp_notif *notif)
{
    int fd = borrow_fd((pid_t)notif->pid, (int)notif->data.args[0]);

    shutdown(fd, SHUT_RDWR);
    close(fd);
}

/* What the call returns: -errno, or how many bytes. */
static long result_of(const struct seccomp_notif *notif, int error)
{
    if (error == FAULT_SHORT)
        return do_short(notif);
    if (is_transfer(notif->data.nr) && (error == EPIPE || error == ECONNRESET))
        hang_up(notif);
    return -error;
}

static void decide(struct inject *inject, int listener)
{
    struct seccomp_notif notif = {0};
    struct seccomp_notif_resp answer = {0};

    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notif) < 0)
        return;
    answer.id = notif.id;
    answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    if (is_due(inject, &notif.data) && can_fail_so(&notif, inject->error)) {
        long result = result_of(&notif, inject->error);

        inject->hits++;
        answer.flags = 0;
        answer.val = result < 0 ? 0 : result;
        answer.error = result < 0 ? (int)result : 0;
    }
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
}

static void forget(struct inject *inject, unsigned i)
{
    close(inject->listeners[i]);
    inject->listeners[i] = inject->listeners[--inject->n];
}

bool inject_wait(struct inject *inject, int fd, short events, double until)
{
    for (;;) {
        struct pollfd polled[INJECT_PROGRAMS + 1] = {{.fd = fd, .events = events}};
        double left = until - monotonic_now();

        for (unsigned i = 0; i < inject->n; i++)
            polled[i + 1] = (struct pollfd){.fd = inject->listeners[i], .events = POLLIN};
        if (poll(polled, inject->n + 1, left <= 0 ? 0 : (int)(left * 1000) + 1) < 0)
            continue;
        for (unsigned i = inject->n; i-- > 0;) {
            if ((polled[i + 1].revents & POLLIN) != 0)
                decide(inject, inject->listeners[i]);
            else if (polled[i + 1].revents != 0)
                forget(inject, i); /* all its programs have ended */
        }
        if (polled[0].revents != 0)
            return true;
        if (left <= 0)
            return false;
    }
}
