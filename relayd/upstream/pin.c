/* A pin. The checks are made on what was opened and not on its path, so there is no
 * moment between a check and the use of what was checked. */
#include "config.h"

#include "relayd/upstream/pin.h"

#include "relayd/base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *pin_path(const struct pin *pin, char out[PIN_PATH_SIZE])
{
    snprintf(out, PIN_PATH_SIZE, "/proc/self/fd/%d", pin->fd);
    return out;
}

bool pin_is_same(const struct pin *a, const struct pin *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->ctime.tv_sec == b->ctime.tv_sec &&
           a->ctime.tv_nsec == b->ctime.tv_nsec;
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
static bool is_in_safe_dir(int pin)
{
    char fd_path[32], real[PATH_MAX];
    struct stat st;
    ssize_t n;
    char *slash;

    snprintf(fd_path, sizeof(fd_path), "/proc/self/fd/%d", pin);
    n = readlink(fd_path, real, sizeof(real) - 1);
    if (n <= 0)
        return false;
    real[n] = '\0';
    slash = strrchr(real, '/');
    if (slash == NULL)
        return false;
    slash[slash == real] = '\0';
    if (stat(real, &st) < 0)
        return false;
    return (st.st_uid == geteuid() || st.st_uid == 0) &&
           ((st.st_mode & 0022) == 0 || (st.st_mode & S_ISVTX) != 0);
}

static const char *pin_problem(const struct stat *st, int pin, const char *const own_paths[2])
{
    if (!S_ISSOCK(st->st_mode))
        return "not a socket";
    if (st->st_uid != geteuid())
        return "not ours: it belongs to another user";
    if (is_own(st, own_paths))
        return "this is relayd itself";
    if (!is_in_safe_dir(pin))
        return "in a directory that others can write to";
    return NULL;
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
    *reason = pin_problem(&st, fd, own_paths);
    if (*reason != NULL) {
        close(fd);
        return -EPERM;
    }
    *pin = (struct pin){
        .fd = fd, .dev = st.st_dev, .ino = st.st_ino, .ctime = st.st_ctim};
    return 0;
}
