/* SPDX-License-Identifier: MIT */
/* The lock, and how one daemon relieves another. */
#include "config.h"

#include "relayd/base/lock.h"

#include "relayd/base/log.h"
#include "relayd/base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Longer than another daemon takes to end (ending.c: DRAIN_SECONDS). */
#define TAKEOVER_MS 6000
#define POLL_MS 20

static const struct flock whole_file = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

static int open_file(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    return fd < 0 ? -errno : fd; /* NOLINT(resourceLeak): given to the caller. */
}

/* 0, -EBUSY where another process holds it, or why it cannot be locked at all: a
 * network's file system may have no locks to give. */
static int try(int fd)
{
    struct flock lock = whole_file;

    if (fcntl(fd, F_SETLK, &lock) == 0)
        return 0;
    return errno == EACCES || errno == EAGAIN ? -EBUSY : -errno;
}

static pid_t holder(int fd)
{
    struct flock lock = whole_file;

    if (fcntl(fd, F_GETLK, &lock) < 0 || lock.l_type == F_UNLCK)
        return 0;
    return lock.l_pid > 0 ? lock.l_pid : -1;
}

int lock_take(const char *path)
{
    int fd = open_file(path);
    int r = fd < 0 ? fd : try(fd);

    if (r == 0)
        return fd;
    close_fd(fd);
    return r;
}

/* Tells the holder to end, and then takes the lock. Returns as try(). */
static int relieve(int fd)
{
    const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
    pid_t pid = holder(fd);
    int r = -EBUSY;

    if (pid > 0) {
        log_notice("taking over from the relayd with pid %d", (int)pid);
        kill(pid, SIGTERM);
    }
    for (int ms = 0; r == -EBUSY && ms < TAKEOVER_MS; ms += POLL_MS) {
        nanosleep(&pause, NULL);
        r = try(fd);
    }
    return r;
}

int lock_take_over(const char *path)
{
    int fd = open_file(path);
    int r = fd < 0 ? fd : try(fd);

    if (r == -EBUSY)
        r = relieve(fd);
    if (r < 0 && fd >= 0)
        log_warning("%s: %s: serving without it", path, r == -EBUSY ? "still held" : strerror(-r));
    return fd;
}

bool lock_is_in_place(int fd, const char *path)
{
    struct stat ours, there;

    return fd >= 0 && fstat(fd, &ours) == 0 && stat(path, &there) == 0 &&
           ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

int lock_holder(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    int pid = fd < 0 ? 0 : holder(fd);

    close_fd(fd);
    return pid;
}
