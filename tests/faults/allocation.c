/* SPDX-License-Identifier: MIT */
/*
 * Preloaded: allocations that fail. FAULT_ALLOCATIONS names a file that its maker and this share
 * (allocation.h). The C library's own allocations, and those of other libraries, go through here
 * too.
 */
#include "config.h"

#include "tests/faults/allocation.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct allocation *shared;
static void *(*real_malloc)(size_t size);
static void *(*real_calloc)(size_t n, size_t size);
static void *(*real_realloc)(void *old, size_t size);

/* What dlsym(3) itself asks for, before there is another to ask. It is not given back. */
static _Alignas(16) char early[8192];
static size_t early_used;

static bool is_early(const void *p)
{
    return (const char *)p >= early && (const char *)p < early + sizeof(early);
}

static void *take_early(size_t size)
{
    void *p = early + early_used;

    early_used += (size + 15) & ~(size_t)15;
    if (early_used > sizeof(early))
        abort();
    return p;
}

__attribute__((constructor)) static void prepare(void)
{
    const char *path = getenv("FAULT_ALLOCATIONS");
    int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);

    *(void **)&real_calloc = dlsym(RTLD_NEXT, "calloc");
    *(void **)&real_realloc = dlsym(RTLD_NEXT, "realloc");
    *(void **)&real_malloc = dlsym(RTLD_NEXT, "malloc");
    if (fd < 0)
        return;
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (shared == MAP_FAILED)
        abort();
}

/* The C library's own look-up of users crashes without memory, and ends the program where it has none
 * for the module that it loads (glibc 2.36: nss_database_reload_1). Nothing of ours can help there. */
static bool is_looking_up;

struct passwd *getpwuid(uid_t uid)
{
    static struct passwd *(*real)(uid_t uid);
    struct passwd *found;

    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "getpwuid");
    is_looking_up = true;
    found = real(uid);
    is_looking_up = false;
    return found;
}

/* Before main() it is libraries that allocate. What counts lines (contrib/coverage) leaves its file open
 * where it cannot. */
static int (*real_main)(int argc, char **argv, char **environment);
static bool has_begun;

static int begin(int argc, char **argv, char **environment)
{
    has_begun = true;
    return real_main(argc, argv, environment);
}

int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv,
                      void (*init)(void), void (*fini)(void), void (*end)(void), void *stack);

int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv,
                      void (*init)(void), void (*fini)(void), void (*end)(void), void *stack)
{
    int (*real)(int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void),
                void (*)(void), void *);

    *(void **)&real = dlsym(RTLD_NEXT, "__libc_start_main");
    real_main = main;
    return real(begin, argc, argv, init, fini, end, stack);
}

static bool fails(void)
{
    if (shared == NULL || !shared->is_armed || !has_begun || is_looking_up)
        return false;
    shared->seen++;
    if (shared->seen < shared->first || shared->seen > shared->last)
        return false;
    shared->hits++;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    if (real_malloc == NULL)
        return take_early(size);
    return fails() ? NULL : real_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    if (real_malloc == NULL)
        return take_early(n * size);
    return fails() ? NULL : real_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
    void *p;

    if (!is_early(old) && real_malloc != NULL)
        return size > 0 && fails() ? NULL : real_realloc(old, size);
    p = malloc(size);
    if (p != NULL && old != NULL)
        memcpy(p, old, (size_t)(early + sizeof(early) - (char *)old) < size
                           ? (size_t)(early + sizeof(early) - (char *)old)
                           : size);
    return p;
}

void *reallocarray(void *old, size_t n, size_t size)
{
    if (size != 0 && n > SIZE_MAX / size) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(old, n * size);
}

void free(void *p)
{
    static void (*real_free)(void *p);

    if (p == NULL || is_early(p))
        return;
    if (real_free == NULL)
        *(void **)&real_free = dlsym(RTLD_NEXT, "free");
    real_free(p);
}
