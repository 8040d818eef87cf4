/* SPDX-License-Identifier: MIT */
/* Small things that C lacks. */
#include "config.h"

#include "relayd/base/util.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int close_fd(int fd)
{
    int saved = errno;

    if (fd >= 0)
        close(fd);
    errno = saved;
    return -1;
}

void fill_standard_fds(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    close_fd(fd);
}

void heed_children(void)
{
    signal(SIGCHLD, SIG_DFL);
}

double monotonic_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Whether the kernel's list of them could be read to its end. */
static bool close_listed(int lowest, int keep)
{
    DIR *dir = opendir("/proc/self/fd");
    struct dirent *entry;
    bool is_whole;

    if (dir == NULL)
        return false;
    for (errno = 0; (entry = readdir(dir)) != NULL; errno = 0) {
        int fd = atoi(entry->d_name);

        if (fd >= lowest && fd != keep && fd != dirfd(dir))
            close(fd);
    }
    is_whole = errno == 0;
    closedir(dir);
    return is_whole;
}

struct tm local_time(time_t at)
{
    const int64_t most = INT64_C(1) << 55; /* a year is an int */
    time_t told = at > most ? (time_t)most : at < -most ? (time_t)-most : at;
    struct tm tm = {0};

    localtime_r(&told, &tm);
    return tm;
}

time_t time_ago(uint64_t seconds)
{
    time_t now = time(NULL);

    return seconds < (uint64_t)now ? now - (time_t)seconds : 0;
}

void close_from(int lowest, int keep)
{
    long end = sysconf(_SC_OPEN_MAX);

    if (close_listed(lowest, keep))
        return;
    for (int fd = lowest; fd < end; fd++) {
        if (fd != keep)
            close(fd);
    }
}

int parse_duration(const char *text, double *seconds)
{
    static const struct { const char *unit; double seconds; } units[] = {
        {"", 1}, {"ms", 0.001}, {"s", 1}, {"m", 60}, {"h", 3600},
    };
    /* strtod would also take "nan", "0x1p3" and "1e9". */
    size_t digits = strspn(text, "0123456789.");
    char *end;
    double value;

    if (digits == 0)
        return -EINVAL;
    value = strtod(text, &end);
    if (end != text + digits)
        return -EINVAL;
    for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
        if (strcmp(end, units[i].unit) == 0) {
            value *= units[i].seconds;
            if (value > 366 * 86400.0)
                return -EINVAL;
            *seconds = value;
            return 0;
        }
    }
    return -EINVAL;
}

int parse_u64(const char *text, uint64_t *value)
{
    char *end;

    if (text[0] < '0' || text[0] > '9')
        return -EINVAL;
    errno = 0;
    *value = strtoull(text, &end, 10);
    return errno != 0 || *end != '\0' ? -EINVAL : 0;
}
