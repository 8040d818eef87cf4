/* SPDX-License-Identifier: MIT */
/* What stands in the way of replacing a file. A rename would cut a hard link in two, put a file in
 * the place of a dotfile manager's symlink, or cover what is mounted; and root's access tells
 * nothing of what its owner meant by a mode. */
#include "config.h"

#include "relayctl/account/obstacle.h"

#include "relayd/base/utf8.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static void say(char *why, size_t size, const char *text)
{
    if (why[0] == '\0')
        utf8_format(why, size, "%s", text);
}

static void say_of_dir(char *why, size_t size, const char *dir, const char *text)
{
    if (why[0] == '\0')
        utf8_format(why, size, "its directory %s %s", dir, text);
}

/* Undoes the escapes of a field of /proc/self/mountinfo, in place: "\040" is a blank. */
static void unescape(char *field)
{
    char *to = field;

    for (const char *from = field; *from != '\0'; to++) {
        if (from[0] == '\\' && from[1] != '\0' && from[2] != '\0' && from[3] != '\0') {
            *to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + from[3] - '0');
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
}

/* The fifth field: where something is mounted. NULL where the line is not of that form. */
static char *mount_point(char *line)
{
    char *field = NULL, *rest = line;

    for (int i = 0; i < 5 && rest != NULL; i++)
        field = strsep(&rest, " ");
    if (rest != NULL)
        unescape(field);
    return rest != NULL ? field : NULL;
}

static bool is_mount_point(const char *path)
{
    FILE *mounts = fopen("/proc/self/mountinfo", "re");
    char *real = realpath(path, NULL), *line = NULL;
    size_t size = 0;
    bool is_found = false;

    while (mounts != NULL && real != NULL && !is_found && getline(&line, &size, mounts) > 0) {
        const char *point = mount_point(line);

        is_found = point != NULL && strcmp(point, real) == 0;
    }
    if (mounts != NULL)
        fclose(mounts);
    free(real);
    free(line);
    return is_found;
}

static bool is_immutable(int fd)
{
    int flags = 0;

    return ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 &&
           (flags & (FS_IMMUTABLE_FL | FS_APPEND_FL)) != 0;
}

void obstacle_in_file(int fd, const struct stat *st, uid_t uid, const char *path, char *why,
                      size_t size)
{
    if (st->st_uid != uid)
        say(why, size, "it belongs to another user");
    if (st->st_nlink > 1)
        say(why, size, "it has a second name (a hard link)");
    if ((st->st_mode & S_IWUSR) == 0)
        say(why, size, "it is read-only");
    if (is_immutable(fd))
        say(why, size, "it is immutable (chattr)");
    if (is_mount_point(path))
        say(why, size, "it is a mount point");
    if (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) < 0)
        say(why, size, errno == EROFS ? "its file system is read-only" : "it may not be written");
}

/* The directory that a file is made in. */
static void check_last_dir(const char *dir, const struct stat *st, char *why, size_t size)
{
    int fd;

    if ((st->st_mode & S_IWUSR) == 0)
        say_of_dir(why, size, dir, "is read-only");
    if (faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS) < 0)
        say_of_dir(why, size, dir,
                   errno == EROFS ? "is on a read-only file system" : "may not be written");
    fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && is_immutable(fd))
        say_of_dir(why, size, dir, "is immutable (chattr)");
    if (fd >= 0)
        close(fd);
}

/* Returns 1 where the directory is there, 0 where it is missing, or -errno. */
static int check_dir(const char *dir, bool is_root, uid_t uid, struct stat *st, char *why,
                     size_t size)
{
    if (lstat(dir, st) < 0) {
        if (errno == ENOENT && !is_root)
            return 0;
        say_of_dir(why, size, dir, errno == ENOENT ? "is missing" : "cannot be read");
        return -errno;
    }
    if (S_ISLNK(st->st_mode)) {
        if (!is_root)
            say_of_dir(why, size, dir, "is a symlink");
        if (stat(dir, st) < 0) {
            say_of_dir(why, size, dir, "leads nowhere");
            return -errno;
        }
    }
    if (!S_ISDIR(st->st_mode)) {
        say_of_dir(why, size, dir, "is no directory");
        return -ENOTDIR;
    }
    if (st->st_uid != uid)
        say_of_dir(why, size, dir, "belongs to another user");
    return 1;
}

int obstacle_in_dirs(const char *path, size_t root_size, uid_t uid, int *missing, char *why,
                     size_t size)
{
    char dir[PATH_MAX] = "";
    struct stat st, last = {0};

    assert(path[root_size] == '/');
    *missing = 0;
    if (strlen(path) >= sizeof(dir)) {
        say(why, size, "its path is too long");
        return -ENAMETOOLONG;
    }
    for (size_t at = root_size; path[at] == '/'; at += strcspn(path + at + 1, "/") + 1) {
        int r = 0;

        if (*missing == 0) {
            memcpy(dir, path, at);
            dir[at] = '\0';
            r = check_dir(at > 0 ? dir : "/", at == root_size, uid, &st, why, size);
        }
        if (r < 0)
            return r;
        if (r == 0)
            *missing += 1;
        else
            last = st;
    }
    if (*missing > 0)
        *strrchr(dir, '/') = '\0';
    check_last_dir(dir[0] != '\0' ? dir : "/", &last, why, size);
    return 0;
}
