/* SPDX-License-Identifier: MIT */
/* The word is a file with the time at which it was left, on the monotonic clock: the wall clock may
 * be set. One from before the host's last start, or of a clock that is not ours, is from the future
 * or old, and counts for nothing. */
#include "config.h"

#include "relayctl/mute.h"

#include "relayctl/client.h"
#include "relayd/base/lock.h"
#include "relayd/base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#define LASTS_MS 10000 /* longer than a login takes */
#define HURRIED_MS 60  /* more than relayd keeps a shell for a verdict */

static bool is_there(const struct paths *paths)
{
    char text[24] = "";
    int fd = open(paths->mute, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    int64_t left_at, age;

    close_fd(fd);
    if (n <= 0 || sscanf(text, "%" SCNd64, &left_at) != 1)
        return false;
    age = client_now() - left_at;
    return age >= 0 && age < LASTS_MS;
}

static void leave(const struct paths *paths)
{
    int fd = open(paths->mute, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
                  0600);

    if (fd < 0)
        return;
    dprintf(fd, "%" PRId64 "\n", client_now());
    close(fd);
}

/* By a process that nobody waits for, and that has nothing of ours open: relayd may hang because the
 * disk does that this is written to. */
static void leave_aside(const struct paths *paths)
{
    if (fork() != 0)
        return;
    close_from(STDIN_FILENO, -1);
    leave(paths);
    _exit(0);
}

int mute_patience(const struct paths *paths, int most)
{
    return most > HURRIED_MS && is_there(paths) ? HURRIED_MS : most;
}

void mute_learn(const struct paths *paths, int result)
{
    if (result == 0 || result == -EREMOTE)
        unlink(paths->mute);
    else if (result == -ETIMEDOUT && !is_there(paths) && lock_holder(paths->lock) != 0)
        leave_aside(paths);
}
