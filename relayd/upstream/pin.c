/* SPDX-License-Identifier: MIT */
/* A pin. What was opened is checked, and not its path, so nobody can exchange it between a
 * check and its use. A new reason to refuse a socket file goes into pin_problem(). */
#include "config.h"

#include "relayd/upstream/pin.h"

#include "relayd/base/birth.h"
#include "relayd/base/sock.h"
#include "relayd/base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int pin_real_path(const struct pin *pin, char out[PATH_MAX])
{
    struct stat st;
    ssize_t n = readlink(pin->path, out, PATH_MAX - 1);

    if (n < 0 || fstat(pin->fd, &st) < 0)
        return -errno;
    out[n] = '\0';
    /* The kernel shows a name for what was removed, or cannot be reached, too. */
    return out[0] == '/' && st.st_nlink > 0 ? 0 : -ENOENT;
}

bool pin_is_same(const struct pin *a, const struct pin *b)
{
    return a->dev == b->dev && a->ino == b->ino;
}

static int compare(const struct timespec *a, const struct timespec *b)
{
    if (a->tv_sec != b->tv_sec)
        return a->tv_sec < b->tv_sec ? -1 : 1;
    return a->tv_nsec < b->tv_nsec ? -1 : a->tv_nsec > b->tv_nsec;
}

bool pin_is_saved(const struct pin *pin, const struct pin *saved)
{
    if (!pin_is_same(pin, saved))
        return false;
    if (saved->has_birth)
        return pin->has_birth && compare(&pin->birth, &saved->birth) == 0;
    /* Saved by the version before, which kept only ctimes. What was born by then has had the
     * inode ever since. */
    if (pin->has_birth)
        return compare(&pin->birth, &saved->ctime) <= 0;
    return compare(&pin->ctime, &saved->ctime) == 0;
}

struct timespec pin_ctime(const struct pin *pin)
{
    struct stat st;

    return pin->fd >= 0 && fstat(pin->fd, &st) == 0 ? st.st_ctim : pin->ctime;
}

static bool is_own(const struct stat *st, const char *const own_paths[2])
{
    struct stat own;

    for (int i = 0; i < 2; i++) {
        if (own_paths[i] != NULL && stat(own_paths[i], &own) == 0 && own.st_dev == st->st_dev &&
            own.st_ino == st->st_ino)
            return true;
    }
    return false;
}

/* Whether only we, root, or under a sticky bit everyone for themselves, can put
 * sockets beside this one. */
static bool is_in_safe_dir(const struct pin *pin)
{
    char real[PATH_MAX];
    struct stat st;
    char *slash;

    if (pin_real_path(pin, real) < 0)
        return false;
    slash = strrchr(real, '/');
    slash[slash == real] = '\0';
    if (stat(real, &st) < 0)
        return false;
    return sock_uid_is_trusted(st.st_uid) &&
           ((st.st_mode & 0022) == 0 || (st.st_mode & S_ISVTX) != 0);
}

/* Ours may be closed to us for a moment; root's is not ours to open. */
static bool is_closed(const struct stat *st, const struct pin *pin)
{
    return st->st_uid != geteuid() && faccessat(AT_FDCWD, pin->path, W_OK, AT_EACCESS) < 0;
}

static const char *pin_problem(const struct stat *st, const struct pin *pin,
                               const char *const own_paths[2])
{
    if (!S_ISSOCK(st->st_mode))
        return "not a socket";
    if (!sock_uid_is_trusted(st->st_uid))
        return "not ours: it belongs to another user";
    if (is_closed(st, pin))
        return "it belongs to root, and is not open to us";
    if (is_own(st, own_paths))
        return "this is relayd itself";
    if (!is_in_safe_dir(pin))
        return "in a directory that others can write to";
    return NULL;
}

static void fill(struct pin *pin, int fd, const struct stat *st)
{
    *pin = (struct pin){.fd = fd, .dev = st->st_dev, .ino = st->st_ino, .ctime = st->st_ctim};
    snprintf(pin->path, sizeof(pin->path), "/proc/self/fd/%d", fd);
    pin->has_birth = fd >= 0 && birth_of(fd, &pin->birth) == 0;
}

int pin_look_up(struct pin *pin, const char *path)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return -errno;
    fill(pin, -1, &st);
    return 0;
}

int pin_open(struct pin *pin, const char *path, const char *const own_paths[2],
             const char **reason)
{
    struct stat st;
    int fd = open(path, O_PATH | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &st) < 0) {
        int error = errno;

        close_fd(fd);
        *reason = strerror(error);
        return -error;
    }
    fill(pin, fd, &st);
    *reason = pin_problem(&st, pin, own_paths);
    if (*reason != NULL) {
        pin->fd = close_fd(fd);
        return -EPERM;
    }
    return 0;
}
