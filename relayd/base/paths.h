/* SPDX-License-Identifier: MIT */
/*
 * Where everything is. The user and the host decide, for relayd and relayctl alike; of
 * the environment only RELAYD_DIR counts.
 */
#ifndef RELAYD_PATHS_H
#define RELAYD_PATHS_H

#include "relayd/base/sock.h"

#include <stdbool.h>

/* Room for the longest name in the directory, so that any socket path that fits
 * fits here too. */
#define PATHS_MAX (SOCK_PATH_MAX + 1 + 16)

/* Holds a directory for each user who is logged in. */
#define PATHS_RUN_USER "/run/user"

struct paths {
    char dir[PATHS_MAX];
    char agent[PATHS_MAX];     /* the agent socket: stream, 0600 */
    char control[PATHS_MAX];   /* the control socket: seqpacket, 0600 */
    char upstreams[PATHS_MAX]; /* the saved registry, 0600 */
    char lock[PATHS_MAX];      /* held by the daemon, fcntl(2) */
    char log[PATHS_MAX];       /* written only with --daemon */
};

/* name as an absolute path, from the working directory; symlinks and ".." stay. The caller
 * frees it. NULL, and errno, where the working directory is gone or memory is short. */
char *paths_absolute(const char *name);

/* Chooses the directory, the first of: option (may be NULL); $RELAYD_DIR;
 * /run/user/UID/relayd where /run/user/UID is a directory of ours;
 * /tmp/relayd-UID where it is ours, 0700 and no symlink; where the host runs
 * systemd /run/user/UID/relayd, which will appear; else /tmp/relayd-UID.
 * for_daemon: the caller must serve now, so where /run/user/UID is missing the
 * choice is /tmp/relayd-UID. Makes nothing.
 * Returns 0, or -ENAMETOOLONG where a socket's path would not fit, or another -errno
 * where a relative name leads nowhere (dir, and only dir, is filled then, as far as
 * it goes). */
int paths_find(struct paths *p, const char *option, bool for_daemon);

/* An error besides those of errno: the directory is open to others. */
#define PATHS_TOO_OPEN 4096

/* Checks that dir is a directory and no symlink, is ours, and is closed to others; with
 * make, makes it where it is missing. Returns 0, or -errno or -PATHS_TOO_OPEN, which
 * paths_problem() puts into words. */
int paths_check_dir(const struct paths *p, bool make);

/* What an error of the above means, e.g. "is a symlink". */
const char *paths_problem(int error);

/* Whether this is the directory that the user manager's socket unit serves. */
bool paths_is_user_manager_dir(const struct paths *p);

/* Whether this user's systemd manager runs. */
bool paths_has_user_manager(void);

#endif
