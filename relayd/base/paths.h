/* SPDX-License-Identifier: MIT */
/*
 * Where everything is. The user and the host decide, for relayd and relayctl alike; of
 * the environment only RELAYD_DIR counts. One user may have several relayds, each with a name
 * and a directory of its own; the first has none.
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

/* Room for the name of an instance. */
#define PATHS_NAME_MAX 33

/* Which relayd a command line means; both NULL: the environment or the host says. */
struct paths_choice {
    const char *dir;  /* --dir, or NULL */
    const char *name; /* --name, or NULL */
};

struct paths {
    char name[PATHS_NAME_MAX]; /* the instance's; empty: the first, or one with a --dir */
    bool is_dir_chosen;        /* by the choice, and not by the environment or the host */
    char dir[PATHS_MAX];
    char agent[PATHS_MAX];     /* the agent socket: stream, 0600 */
    char control[PATHS_MAX];   /* the control socket: seqpacket, 0600 */
    char upstreams[PATHS_MAX]; /* the saved registry, 0600 */
    char lock[PATHS_MAX];      /* held by the daemon, fcntl(2) */
    char log[PATHS_MAX];       /* written only with --daemon */
    char mute[PATHS_MAX];      /* relayctl's: relayd did not answer it */
};

/* name as an absolute path, from the working directory; symlinks and ".." stay. The caller
 * frees it. NULL, and errno, where the working directory is gone or memory is short. */
char *paths_absolute(const char *name);

/* Whether it may name an instance: a to z, then also 0 to 9, _ and -; not over 32 bytes. */
bool paths_is_name(const char *name);

/* Chooses the directory, the first of: that of the choice; $RELAYD_DIR, where no name is chosen;
 * /run/user/UID/relayd where /run/user/UID is a directory of ours;
 * /tmp/relayd-UID where it is ours, 0700 and no symlink; where the host runs
 * systemd /run/user/UID/relayd, which will appear; else /tmp/relayd-UID.
 * for_daemon: the caller must serve now, so where /run/user/UID is missing the
 * choice is /tmp/relayd-UID. A name follows these after a '-'. Makes nothing.
 * Returns 0, or -ENAMETOOLONG where a socket's path would not fit, -EINVAL for a bad
 * name, -PATHS_OF_OPENSSH, or another -errno where a relative directory leads nowhere (dir, and only dir, is
 * filled then, as far as it goes). */
int paths_find(struct paths *p, const struct paths_choice *choice, bool for_daemon);

/* The options that choose these paths again, for a person's shell: " --name NAME", " --dir DIR", or "". A
 * directory is quoted where it must be, but for a quote in it. Room for a directory. Returns out. */
#define PATHS_OPTION_MAX (PATHS_MAX + 16)
const char *paths_option(const struct paths *p, char out[PATHS_OPTION_MAX]);

/* Errors besides those of errno: the directory is open to others; it is OpenSSH's own,
 * ~/.ssh/agent or below it. */
#define PATHS_TOO_OPEN 4096
#define PATHS_OF_OPENSSH 4097

/* Checks that dir is a directory and no symlink, is ours, and is closed to others; with
 * make, makes it where it is missing. Returns 0, or -errno or -PATHS_TOO_OPEN, which
 * paths_problem() puts into words. */
int paths_check_dir(const struct paths *p, bool make);

/* What an error of the above means, e.g. "is a symlink". */
const char *paths_problem(int error);

/* Whether this is a directory that a socket unit of the user manager serves. */
bool paths_is_user_manager_dir(const struct paths *p);

/* The unit of that type ("socket", "service") that serves it: "relayd.socket",
 * "relayd@NAME.socket". Returns out. */
#define PATHS_UNIT_MAX (PATHS_NAME_MAX + 64)
const char *paths_unit(const struct paths *p, const char *type, char out[PATHS_UNIT_MAX]);

/* Whether this user's systemd manager runs. */
bool paths_has_user_manager(void);

#endif
