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

#define RUN_MAX 64 /* room for /run/user/UID, and a name below it that is not an instance's */

static void run_user_dir(char out[RUN_MAX])
{
    snprintf(out, RUN_MAX, PATHS_RUN_USER "/%lu", (unsigned long)geteuid());
}

/* base, or base-NAME. */
static void put_name(char out[PATHS_MAX], const char *base, const char *name)
{
    snprintf(out, PATHS_MAX, "%s%s%s", base, name[0] == '\0' ? "" : "-", name);
}

/* Of the instance, where the user's run-time directory is `run`. */
static void instance_run_dir(char out[PATHS_MAX], const char *run, const char *name)
{
    char base[RUN_MAX + 8];

    snprintf(base, sizeof(base), "%s/relayd", run);
    put_name(out, base, name);
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
    case PATHS_OF_OPENSSH: return "is where ssh-agent removes sockets that are busy: name another";
    case EINVAL: return "is no name: a to z first, then also 0 to 9, _ and -, at most 32";
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
        {"mute", offsetof(struct paths, mute)},
    };
    size_t length = strlen(dir);

    while (length > 1 && dir[length - 1] == '/')
        length--;
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

/* dir without symlinks, whether or not it is there; the caller frees it. NULL where it leads
 * nowhere. */
static char *resolve(const char *dir)
{
    char *real = realpath(dir, NULL), *above, *path;
    const char *slash = strrchr(dir, '/');

    if (real != NULL || slash == NULL)
        return real;
    path = strndup(dir, slash == dir ? 1 : (size_t)(slash - dir));
    above = path != NULL ? realpath(path, NULL) : NULL;
    free(path);
    if (above == NULL || asprintf(&path, "%s/%s", above, slash + 1) < 0)
        path = NULL;
    free(above);
    return path;
}

static bool has_openssh_dir(const char *path)
{
    static const char name[] = "/.ssh/agent";
    const char *found = path != NULL ? strstr(path, name) : NULL;

    int next = found != NULL ? found[sizeof(name) - 1] : 'x';

    return next == '\0' || next == '/';
}

/* ssh-agent clears ~/.ssh/agent of sockets that refuse, and takes a full backlog for that. */
static bool is_of_openssh(const char *dir)
{
    char *real = resolve(dir);
    bool is = has_openssh_dir(dir) || has_openssh_dir(real);

    free(real);
    return is;
}

/* A directory that a person named. */
static int fill_named(struct paths *p, const char *name)
{
    char *dir = paths_absolute(name);
    int r = -errno;

    if (dir == NULL) {
        snprintf(p->dir, sizeof(p->dir), "%s", name);
        return r;
    }
    r = fill(p, dir);
    if (r == 0 && is_of_openssh(p->dir))
        r = -PATHS_OF_OPENSSH;
    free(dir);
    return r;
}

bool paths_is_name(const char *name)
{
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");

    return name[0] >= 'a' && name[0] <= 'z' && name[n] == '\0' && n < PATHS_NAME_MAX;
}

/* Where nobody has named a directory. */
static int find_usual(struct paths *p, bool for_daemon)
{
    char run[RUN_MAX], base[RUN_MAX], run_dir[PATHS_MAX], tmp_dir[PATHS_MAX];
    bool is_run;

    run_user_dir(run);
    instance_run_dir(run_dir, run, p->name);
    snprintf(base, sizeof(base), "/tmp/relayd-%lu", (unsigned long)geteuid());
    put_name(tmp_dir, base, p->name);
    if (is_our_dir(run))
        is_run = true;
    else if (for_daemon || check_private_dir(tmp_dir) == 0)
        is_run = false;
    else
        is_run = access("/run/systemd/system", F_OK) == 0;
    return fill(p, is_run ? run_dir : tmp_dir);
}

int paths_find(struct paths *p, const struct paths_choice *choice, bool for_daemon)
{
    const char *env = getenv("RELAYD_DIR");

    memset(p, 0, sizeof(*p));
    p->is_dir_chosen = choice->dir != NULL && choice->dir[0] != '\0';
    if (p->is_dir_chosen)
        return fill_named(p, choice->dir);
    if (choice->name != NULL) {
        if (!paths_is_name(choice->name))
            return -EINVAL;
        strcpy(p->name, choice->name);
        return find_usual(p, for_daemon);
    }
    return env != NULL && env[0] != '\0' ? fill_named(p, env) : find_usual(p, for_daemon);
}

/* What a shell takes for one word as it is. */
static bool is_plain(const char *s)
{
    return s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@%,")] == '\0';
}

const char *paths_option(const struct paths *p, char out[PATHS_OPTION_MAX])
{
    out[0] = '\0';
    if (p->name[0] != '\0')
        snprintf(out, PATHS_OPTION_MAX, " --name %s", p->name);
    else if (p->is_dir_chosen)
        snprintf(out, PATHS_OPTION_MAX, is_plain(p->dir) ? " --dir %s" : " --dir '%s'", p->dir);
    return out;
}

int paths_check_dir(const struct paths *p, bool make)
{
    int r = check_private_dir(p->dir);

    /* Not without need: on a disk that is frozen that would wait, also for one that is there. */
    if (r != -ENOENT || !make)
        return r;
    if (mkdir(p->dir, 0700) < 0 && errno != EEXIST)
        return -errno;
    return check_private_dir(p->dir);
}

bool paths_is_user_manager_dir(const struct paths *p)
{
    char run[RUN_MAX], dir[PATHS_MAX];

    run_user_dir(run);
    instance_run_dir(dir, run, p->name);
    return strcmp(p->dir, dir) == 0;
}

const char *paths_unit(const struct paths *p, const char *type, char out[PATHS_UNIT_MAX])
{
    snprintf(out, PATHS_UNIT_MAX, RELAYD_NAME "%s%s.%s", p->name[0] == '\0' ? "" : "@", p->name,
             type);
    return out;
}

bool paths_has_user_manager(void)
{
    char path[RUN_MAX + 24];
    int fd;

    run_user_dir(path);
    strcat(path, "/systemd/private");
    fd = sock_open(path, SOCK_STREAM);
    close_fd(fd);
    return fd >= 0 || fd == -EAGAIN;
}
