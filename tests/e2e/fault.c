/* SPDX-License-Identifier: MIT */
/*
 * Preloaded: makes calls fail that fail once in a year.
 *
 *     FAULT=epoll_ctl:3:ENOSPC        the third call
 *     FAULT=accept4:1+5:EPERM         the first five
 *     FAULT=accept4:1+:EMFILE         all from the first on
 *     FAULT=a:1:EIO,b:2:EIO           more than one
 *
 * FAULT_FILE names a file with the same, which is read at each call and may come, change and go
 * while the program runs; calls are counted anew when it changes. What can fail is in the list at
 * the end; `setlk` is fcntl(2) with F_SETLK.
 */
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct { const char *name; int number; } errors[] = {
    {"EACCES", EACCES}, {"EAGAIN", EAGAIN}, {"ECONNABORTED", ECONNABORTED}, {"EINTR", EINTR},
    {"EINVAL", EINVAL}, {"EIO", EIO},       {"EMFILE", EMFILE},             {"ENFILE", ENFILE},
    {"ENOBUFS", ENOBUFS}, {"ENOLCK", ENOLCK}, {"ENOMEM", ENOMEM},           {"ENOSPC", ENOSPC},
    {"ENOSYS", ENOSYS}, {"EPERM", EPERM},   {"EPROTO", EPROTO},             {"EPIPE", EPIPE},
};

static int number_of(const char *name)
{
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        size_t length = strlen(errors[i].name);

        if (strncmp(name, errors[i].name, length) == 0 && (name[length] == '\0' || name[length] == ',' ||
                                                           name[length] == '\n'))
            return errors[i].number;
    }
    fprintf(stderr, "fault: no such error: %s\n", name);
    abort();
}

/* Past the functions below: they would ask again. */
static void read_spec(char *spec, size_t size)
{
    const char *path = getenv("FAULT_FILE"), *fixed = getenv("FAULT");
    long n = 0;
    int fd;

    snprintf(spec, size, "%s", fixed == NULL ? "" : fixed);
    fd = path == NULL ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    n = syscall(SYS_read, fd, spec, size - 1);
    spec[n < 0 ? 0 : n] = '\0';
    syscall(SYS_close, fd);
}

/* One entry of the list that is about this call, behind its name; or NULL. */
static const char *find(const char *spec, const char *name)
{
    size_t length = strlen(name);

    while (spec != NULL && (strncmp(spec, name, length) != 0 || spec[length] != ':')) {
        spec = strchr(spec, ',');
        spec += spec != NULL;
    }
    return spec == NULL ? NULL : spec + length + 1;
}

/* The error of this call, or 0. *calls counts those of its kind since the list is what it is. */
static int fault(const char *name, unsigned long *calls)
{
    static char last[256];
    static unsigned generation;
    static struct { const unsigned long *calls; unsigned generation; } seen[16];
    char spec[256], *end;
    const char *entry;
    unsigned long first, n;
    int saved = errno;
    size_t i = 0;

    read_spec(spec, sizeof(spec));
    errno = saved;
    generation += strcmp(spec, last) != 0;
    memcpy(last, spec, sizeof(last));
    while (seen[i].calls != NULL && seen[i].calls != calls)
        i++;
    if (seen[i].generation != generation)
        *calls = 0;
    seen[i].calls = calls;
    seen[i].generation = generation;
    ++*calls;

    entry = find(spec, name);
    if (entry == NULL)
        return 0;
    first = strtoul(entry, &end, 10);
    n = 1;
    if (*end == '+')
        n = end[1] == ':' ? (end++, (unsigned long)-1) : strtoul(end + 1, &end, 10);
    return *calls >= first && *calls - first < n ? number_of(end + 1) : 0;
}

/* A function of that name and type: the library's own, unless it is to fail. */
#define FAULTY(type, name, parameters, arguments)                                                  \
    type name parameters;                                                                          \
    type name parameters                                                                           \
    {                                                                                              \
        static type(*real) parameters;                                                             \
        static unsigned long calls;                                                                \
        int error = fault(#name, &calls);                                                          \
                                                                                                   \
        if (real == NULL)                                                                          \
            *(void **)&real = dlsym(RTLD_NEXT, #name);                                             \
        if (error == 0)                                                                            \
            return real arguments;                                                                 \
        errno = error;                                                                             \
        return -1;                                                                                 \
    }

FAULTY(int, epoll_ctl, (int epoll, int op, int fd, struct epoll_event *event), (epoll, op, fd, event))
FAULTY(int, accept4, (int fd, struct sockaddr *address, socklen_t *size, int flags),
       (fd, address, size, flags))
FAULTY(int, socket, (int domain, int type, int protocol), (domain, type, protocol))
FAULTY(int, inotify_init1, (int flags), (flags))
FAULTY(int, inotify_add_watch, (int fd, const char *path, uint32_t mask), (fd, path, mask))
FAULTY(ssize_t, getrandom, (void *bytes, size_t size, unsigned flags), (bytes, size, flags))

/* The header may have another symbol for this name, the same one here as in the program. An int
 * is passed where a pointer would be, and taken so. */
#undef fcntl
int fcntl(int fd, int command, ...);
int fcntl(int fd, int command, ...)
{
    static int (*real)(int, int, ...);
    static unsigned long calls;
    int error = command == F_SETLK ? fault("setlk", &calls) : 0;
    void *argument;
    va_list ap;

    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "fcntl64");
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "fcntl");
    va_start(ap, command);
    argument = va_arg(ap, void *);
    va_end(ap);
    if (error == 0)
        return real(fd, command, argument);
    errno = error;
    return -1;
}
