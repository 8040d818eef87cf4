/* SPDX-License-Identifier: MIT */
/* Where everything is. rc, interactive shells and services see different
 * environments, so the choice looks at the host and asks the environment only for
 * RELAYD_DIR. The directory's check is what keeps others out: the sockets in it
 * are worth as much as the keys behind them. */
#include "config.h"

#include "relayd/base/paths.h"

#include "relayd/base/util.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void run_user_dir(char *out, size_t size)
{
    snprintf(out, size, PATHS_RUN_USER "/%lu", (unsigned long)geteuid());
}

static bool is_our_dir(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

/* 0, or why path is not a private directory of ours. */
static int check_private_dir(const char *path)
{
    struct stat st;

    if (lstat(path, &st) < 0)
        return -errno;
    if (S_ISLNK(st.st_mode))
        return -ELOOP;
    if (!S_ISDIR(st.st_mode))
        return -ENOTDIR;
    if (st.st_uid != geteuid())
        return -EPERM;
    if ((st.st_mode & 0077) != 0)
        return -PATHS_TOO_OPEN;
    return 0;
}

const char *paths_problem(int error)
{
    switch (-error) {
    case ELOOP: return "is a symlink";
    case ENOTDIR: return "is not a directory";
    case EPERM: return "belongs to another user";
    case PATHS_TOO_OPEN: return "is open to others (mode must be 0700)";
    case ENAMETOOLONG: return "the socket paths in it would be over 107 bytes";
    default: return strerror(-error);
    }
}

static int fill(struct paths *p, const char *dir)
{
    static const struct { const char *name; size_t offset; } files[] = {
        {"agent.sock", offsetof(struct paths, agent)},
        {"control.sock", offsetof(struct paths, control)},
        {"upstreams", offsetof(struct paths, upstreams)},
        {"lock", offsetof(struct paths, lock)},
        {"log", offsetof(struct paths, log)},
    };
    size_t length = strlen(dir);

    while (length > 1 && dir[length - 1] == '/')
        length--;
    memset(p, 0, sizeof(*p));
    snprintf(p->dir, sizeof(p->dir), "%.*s", (int)length, dir);
    if (length + strlen("/control.sock") > SOCK_PATH_MAX)
        return -ENAMETOOLONG;
    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        snprintf((char *)p + files[i].offset, PATHS_MAX, "%.*s/%s",
                 (int)length, dir, files[i].name);
    return 0;
}

char *paths_absolute(const char *name)
{
    char cwd[PATH_MAX];
    char *path;

    if (name[0] == '/')
        return strdup(name);
    if (getcwd(cwd, sizeof(cwd)) == NULL)
        return NULL;
    if (asprintf(&path, "%s/%s", strcmp(cwd, "/") == 0 ? "" : cwd, name) < 0)
        return NULL;
    return path;
}

/* A directory that a person named. */
static int fill_named(struct paths *p, const char *name)
{
    char *dir = paths_absolute(name);
    int r = -errno;

    if (dir == NULL) {
        memset(p, 0, sizeof(*p));
        snprintf(p->dir, sizeof(p->dir), "%s", name);
        return r;
    }
    r = fill(p, dir);
    free(dir);
    return r;
}

int paths_find(struct paths *p, const char *option, bool for_daemon)
{
    char run[64], tmp[64];
    const char *env = getenv("RELAYD_DIR");
    bool is_run;

    if (option != NULL && option[0] != '\0')
        return fill_named(p, option);
    if (env != NULL && env[0] != '\0')
        return fill_named(p, env);

    snprintf(tmp, sizeof(tmp), "/tmp/relayd-%lu", (unsigned long)geteuid());
    run_user_dir(run, sizeof(run));
    if (is_our_dir(run))
        is_run = true;
    else if (for_daemon || check_private_dir(tmp) == 0)
        is_run = false;
    else
        is_run = access("/run/systemd/system", F_OK) == 0;
    strncat(run, "/relayd", sizeof(run) - strlen(run) - 1);
    return fill(p, is_run ? run : tmp);
}

int paths_check_dir(const struct paths *p, bool make)
{
    if (make && mkdir(p->dir, 0700) < 0 && errno != EEXIST)
        return -errno;
    return check_private_dir(p->dir);
}

bool paths_is_user_manager_dir(const struct paths *p)
{
    char run[64];

    run_user_dir(run, sizeof(run));
    strncat(run, "/relayd", sizeof(run) - strlen(run) - 1);
    return strcmp(p->dir, run) == 0;
}

bool paths_has_user_manager(void)
{
    char path[64];
    int fd;

    run_user_dir(path, sizeof(path));
    strncat(path, "/systemd/private", sizeof(path) - strlen(path) - 1);
    fd = sock_open(path, SOCK_STREAM);
    close_fd(fd);
    return fd >= 0 || fd == -EAGAIN;
}
