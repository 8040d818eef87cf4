/* SPDX-License-Identifier: MIT */
/* The functions of the C library that relayd and libev call, over the fuzzers' kernel. They stand
 * before the C library's in the program, so libev's calls come here as well. What is none of ours
 * goes on to the real kernel: the fuzzer's own files, and its wall clock. */
#undef _FORTIFY_SOURCE
#include "config.h"

#include "tests/fuzz/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* A clock never shows the same time twice. */
#define TICK 1e-6

/* What the headers have other names for, or only some C libraries have. */
ssize_t __recv_chk(int fd, void *out, size_t n, size_t room, int flags);
ssize_t __readlink_chk(const char *path, char *out, size_t n, size_t room);
int __poll_chk(struct pollfd *all, nfds_t n, int ms, size_t room);
int __open_2(const char *path, int flags);
int __fxstat(int version, int fd, struct stat *st);
int __xstat(int version, const char *path, struct stat *st);
int pidfd_open(pid_t pid, unsigned flags);

static int fail(int error)
{
    errno = error;
    return -1;
}

/* One that relayd asks for. */
static int new_inside(enum kernel_type type)
{
    if (kernel.lacks_fds == 0)
        return kernel_new(type, true);
    kernel.lacks_fds--;
    return fail(EMFILE);
}

/* The number at the end of "/agents/3", or -1. */
static int number_of(const char *path, const char *prefix)
{
    size_t n = strlen(prefix);

    return strncmp(path, prefix, n) == 0 && path[n] >= '0' && path[n] <= '9' ? atoi(path + n) : -1;
}

static struct kernel_file *file_at(const char *path)
{
    int i = kernel.is_on ? number_of(path, "/agents/") : -1;

    return i >= 0 && i < KERNEL_FILES ? &kernel.files[i] : NULL;
}

int clock_gettime(clockid_t id, struct timespec *t)
{
    if (!kernel.is_on || id != CLOCK_MONOTONIC)
        return (int)syscall(SYS_clock_gettime, id, t);
    kernel.now += TICK;
    t->tv_sec = (time_t)kernel.now;
    t->tv_nsec = (long)((kernel.now - (double)t->tv_sec) * 1e9);
    return 0;
}

int socket(int domain, int type, int protocol)
{
    if (!kernel.is_on)
        return (int)syscall(SYS_socket, domain, type, protocol);
    return new_inside(domain == AF_NETLINK ? KERNEL_NETLINK : KERNEL_STREAM);
}

int close(int fd)
{
    return kernel_get(fd) != NULL ? kernel_close(fd) : (int)syscall(SYS_close, fd);
}

ssize_t recv(int fd, void *out, size_t n, int flags)
{
    struct kernel_fd *k = kernel_get(fd);

    return k != NULL ? kernel_recv(k, out, n, flags) : recvfrom(fd, out, n, flags, NULL, NULL);
}

ssize_t __recv_chk(int fd, void *out, size_t n, size_t room, int flags)
{
    return recv(fd, out, n, flags);
}

ssize_t send(int fd, const void *bytes, size_t n, int flags)
{
    struct kernel_fd *k = kernel_get(fd);

    if (k == NULL)
        return sendto(fd, bytes, n, flags, NULL, 0);
    return k->type == KERNEL_NETLINK ? kernel_ask_netlink(k, bytes, n) : kernel_send(k, bytes, n);
}

int shutdown(int fd, int how)
{
    struct kernel_fd *k = kernel_get(fd);

    if (k == NULL)
        return (int)syscall(SYS_shutdown, fd, how);
    kernel_shut(k);
    return 0;
}

int connect(int fd, const struct sockaddr *address, socklen_t size)
{
    const struct sockaddr_un *sun = (const struct sockaddr_un *)address;
    struct kernel_fd *k = kernel_get(fd), *file;
    int error;

    if (k == NULL)
        return (int)syscall(SYS_connect, fd, address, size);
    file = kernel_get(number_of(sun->sun_path, "/proc/self/fd/"));
    error = file == NULL || file->type != KERNEL_FILE ? ENOENT : kernel_connect(k, file);
    return error != 0 ? fail(error) : 0;
}

int getsockopt(int fd, int level, int option, void *out, socklen_t *size)
{
    struct kernel_fd *k = kernel_get(fd);

    if (k == NULL)
        return (int)syscall(SYS_getsockopt, fd, level, option, out, size);
    if (level != SOL_SOCKET || option != SO_PEERCRED)
        return fail(ENOPROTOOPT);
    *(struct ucred *)out = (struct ucred){.pid = k->peer_pid, .uid = k->peer_uid};
    return 0;
}

int poll(struct pollfd *all, nfds_t n, int ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
    int r = n == 1 ? kernel_poll(all) : -1;

    return r < 0 ? ppoll(all, n, ms < 0 ? NULL : &t, NULL) : r;
}

int __poll_chk(struct pollfd *all, nfds_t n, int ms, size_t room)
{
    return poll(all, n, ms);
}

int open(const char *path, int flags, ...)
{
    struct kernel_file *file = file_at(path);
    struct kernel_fd *k;
    mode_t mode = 0;
    va_list more;
    int fd;

    va_start(more, flags);
    if ((flags & (O_CREAT | O_TMPFILE)) != 0)
        mode = va_arg(more, mode_t);
    va_end(more);
    if (kernel.is_on && strncmp(path, "/proc/", strlen("/proc/")) == 0)
        return fail(ENOENT);
    if (file == NULL)
        return openat(AT_FDCWD, path, flags, mode);
    if (file->inode == 0)
        return fail(ENOENT);
    fd = new_inside(KERNEL_FILE);
    k = kernel_get(fd);
    if (k != NULL) {
        k->file = (unsigned)(file - kernel.files);
        k->inode = file->inode;
    }
    return fd;
}

int __open_2(const char *path, int flags)
{
    return open(path, flags);
}

static int fill(struct stat *st, mode_t mode, uint64_t inode, nlink_t links)
{
    memset(st, 0, sizeof(*st));
    st->st_mode = mode | 0700;
    st->st_uid = geteuid();
    st->st_ino = (ino_t)inode;
    st->st_dev = 1;
    st->st_nlink = links;
    return 0;
}

int fstat(int fd, struct stat *st)
{
    const struct kernel_fd *k = kernel_get(fd);

    if (k == NULL)
        return fstatat(fd, "", st, AT_EMPTY_PATH);
    return fill(st, S_IFSOCK, k->inode, kernel.files[k->file].inode == k->inode);
}

int __fxstat(int version, int fd, struct stat *st)
{
    return fstat(fd, st);
}

int stat(const char *path, struct stat *st)
{
    const struct kernel_file *file = file_at(path);

    if (kernel.is_on && strcmp(path, "/agents") == 0)
        return fill(st, S_IFDIR, 1, 2);
    if (file == NULL)
        return fstatat(AT_FDCWD, path, st, 0);
    return file->inode == 0 ? fail(ENOENT) : fill(st, S_IFSOCK, file->inode, 1);
}

int __xstat(int version, const char *path, struct stat *st)
{
    return stat(path, st);
}

/* No file tells when it was born, so that pins compare the rest. */
int statx(int dir, const char *restrict path, int flags, unsigned mask, struct statx *restrict out)
{
    if (kernel_get(dir) != NULL)
        return fail(ENOSYS);
    return (int)syscall(SYS_statx, dir, path, flags, mask, out);
}

ssize_t readlink(const char *restrict path, char *restrict out, size_t n)
{
    const struct kernel_fd *k = kernel_get(number_of(path, "/proc/self/fd/"));

    if (k == NULL)
        return readlinkat(AT_FDCWD, path, out, n);
    return snprintf(out, n, "/agents/%u", k->file);
}

ssize_t __readlink_chk(const char *path, char *out, size_t n, size_t room)
{
    return readlink(path, out, n);
}

int pidfd_open(pid_t pid, unsigned flags)
{
    unsigned file = (unsigned)(pid - kernel.files[0].pid);
    int fd;

    if (!kernel.is_on || file >= KERNEL_FILES)
        return fail(ESRCH);
    if (kernel.files[file].is_process_over)
        return fail(ESRCH);
    fd = new_inside(KERNEL_PROCESS);
    if (fd >= 0)
        kernel_get(fd)->file = file;
    return fd;
}

int epoll_create1(int flags)
{
    return kernel.is_on ? kernel_new(KERNEL_EPOLL, true) : (int)syscall(SYS_epoll_create1, flags);
}

int epoll_ctl(int epoll, int what, int fd, struct epoll_event *event)
{
    struct kernel_fd *k = kernel_get(fd);

    if (kernel_get(epoll) == NULL)
        return (int)syscall(SYS_epoll_ctl, epoll, what, fd, event);
    if (k == NULL)
        return fail(EBADF);
    if (what == EPOLL_CTL_ADD && kernel.lacks_watches > 0) {
        kernel.lacks_watches--;
        return fail(ENOSPC);
    }
    if ((what == EPOLL_CTL_ADD) != (k->epoll < 0))
        return fail(what == EPOLL_CTL_ADD ? EEXIST : ENOENT);
    k->epoll = what == EPOLL_CTL_DEL ? -1 : epoll;
    if (what != EPOLL_CTL_DEL)
        k->watch = *event;
    return 0;
}

static int collect(int epoll, struct epoll_event *events, int most)
{
    int n = 0, all = kernel.top - KERNEL_FIRST;

    for (int i = 0; i < all && n < most; i++) {
        const struct kernel_fd *k =
            kernel_get(KERNEL_FIRST + (kernel.is_backwards ? all - 1 - i : i));
        uint32_t ready;

        if (k == NULL || k->epoll != epoll)
            continue;
        ready = kernel_events(k) & (k->watch.events | EPOLLERR | EPOLLHUP);
        if (ready != 0)
            events[n++] = (struct epoll_event){.events = ready, .data = k->watch.data};
    }
    return n;
}

/* Where nothing is ready, the time passes at once. */
int epoll_wait(int epoll, struct epoll_event *events, int most, int ms)
{
    int n;

    if (kernel_get(epoll) == NULL)
        return epoll_pwait(epoll, events, most, ms, NULL);
    kernel.waits++;
    n = collect(epoll, events, most);
    if (n == 0 && ms > 0)
        kernel.now += ms / 1000.0;
    return n;
}
