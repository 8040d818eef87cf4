/* SPDX-License-Identifier: MIT */
/* Directories. They are made from the top down and removed from the bottom up; one that somebody else
 * put something into stays. */
#include "config.h"

#include "relayctl/account/dirs.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void dirs_up(char *path)
{
    *strrchr(path, '/') = '\0';
}

/* sshd wants .ssh closed to others. */
static mode_t mode_of(const char *dir)
{
    return strcmp(strrchr(dir, '/'), "/.ssh") == 0 ? 0700 : 0755;
}

void dirs_remove(const char *dir, size_t root_size, int n)
{
    char path[PATH_MAX];

    strcpy(path, dir);
    for (; n > 0 && strlen(path) > root_size && rmdir(path) == 0; n--)
        dirs_up(path);
}

int dirs_make(const char *dir, int n, int *made)
{
    char path[PATH_MAX];

    *made = 0;
    strcpy(path, dir);
    for (int i = 1; i < n; i++)
        dirs_up(path);
    for (; n > 0; n--) {
        if (mkdir(path, mode_of(path)) == 0) {
            (*made)++;
        } else if (errno == EEXIST) {
            *made = 0; /* what is above it is in use */
        } else {
            int r = -errno;

            dirs_up(path);
            dirs_remove(path, 0, *made);
            *made = 0;
            return r;
        }
        if (n > 1)
            path[strlen(path)] = '/';
    }
    return 0;
}
