/* SPDX-License-Identifier: MIT */
/* relayd's own log. When it is full it is renamed, and another one begun: who reads it follows by
 * its number, and reads the last lines of the old one before. */
#include "config.h"

#include "relayctl/log/files.h"

#include "relayd/base/paths.h"
#include "relayd/base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* relayd's lines are shorter. */
#define LINE_MAX_BYTES 4096

void files_fini(struct files *files)
{
    files->fd = close_fd(files->fd);
    free(files->rest);
    files->rest = NULL;
    files->n_rest = 0;
}

/* "2026-11-27 10:00:00 signed: ..." */
static void take_line(struct entries *entries, const char *line)
{
    struct tm tm = {.tm_isdst = -1};
    const char *text = strptime(line, "%Y-%m-%d %H:%M:%S", &tm);

    tm.tm_isdst = -1;
    if (text != NULL && *text == ' ')
        entries_add(entries, text + 1, (int64_t)mktime(&tm) * 1000000);
}

/* Zeros, of which a crash may leave many, end a line. */
static void end_at_zeros(char *text, size_t n)
{
    char *zero;

    while ((zero = memchr(text, '\0', n)) != NULL) {
        *zero = '\n';
        n -= (size_t)(zero - text);
        text = zero;
    }
}

/* Takes the lines that are whole, and keeps the beginning of the next. */
static void take_lines(struct files *files, struct entries *entries, const char *bytes, size_t n)
{
    char *text = realloc(files->rest, files->n_rest + n + 1), *line = text, *end;

    if (text == NULL)
        return;
    memcpy(text + files->n_rest, bytes, n);
    end_at_zeros(text + files->n_rest, n);
    text[files->n_rest + n] = '\0';
    while ((end = strchr(line, '\n')) != NULL) {
        *end = '\0';
        take_line(entries, line);
        line = end + 1;
    }
    files->n_rest = strlen(line);
    if (files->n_rest > LINE_MAX_BYTES)
        files->n_rest = 0;
    memmove(text, line, files->n_rest);
    files->rest = text;
}

static void read_all(struct files *files, struct entries *entries)
{
    char bytes[16384];
    ssize_t n;

    while ((n = read(files->fd, bytes, sizeof(bytes))) > 0)
        take_lines(files, entries, bytes, (size_t)n);
}

static int open_log(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;

    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        return fd;
    close(fd);
    return -EINVAL;
}

void files_read_old(struct files *files, struct entries *entries)
{
    char path[PATHS_MAX + 8];
    struct files old = {.fd = -1};

    snprintf(path, sizeof(path), "%s.old", files->path);
    old.fd = open_log(path);
    if (old.fd >= 0)
        read_all(&old, entries);
    files_fini(&old);
}

/* Whether the file that is open is no longer the log. */
static bool is_replaced(const struct files *files)
{
    struct stat ours, there;

    return files->fd >= 0 && lstat(files->path, &there) == 0 && fstat(files->fd, &ours) == 0 &&
           (ours.st_ino != there.st_ino || ours.st_dev != there.st_dev);
}

int files_read(struct files *files, struct entries *entries)
{
    int fd;

    if (is_replaced(files)) {
        read_all(files, entries);
        files_fini(files);
    }
    if (files->fd < 0) {
        fd = open_log(files->path);
        if (fd < 0)
            return fd == -ENOENT ? 0 : fd;
        files->fd = fd;
    }
    read_all(files, entries);
    return 0;
}
