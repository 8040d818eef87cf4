/* SPDX-License-Identifier: MIT */
/* The program. An upgrade puts another file in its place, and this one runs on. Its owner cannot
 * see that from outside, since it is not dumpable: so it looks itself, when it is asked. */
#include "config.h"

#include "relayd/host/program.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SELF "/proc/self/exe"
#define DELETED " (deleted)" /* the kernel's, behind the name of a file that was removed */

const char *program_fate(void)
{
    char path[PATH_MAX];
    ssize_t n = readlink(SELF, path, sizeof(path) - 1);
    size_t tail = strlen(DELETED);
    struct stat running, there;

    if (n <= 0 || stat(SELF, &running) < 0)
        return NULL;
    path[n] = '\0';
    if ((size_t)n > tail && strcmp(path + n - tail, DELETED) == 0)
        path[n - (ssize_t)tail] = '\0';
    if (stat(path, &there) < 0)
        return running.st_nlink == 0 ? "removed" : NULL;
    return running.st_ino == there.st_ino && running.st_dev == there.st_dev ? NULL : "replaced";
}
