/* SPDX-License-Identifier: MIT */
/* The log: formats a line once, makes it printable, and hands it to the sink. Labels
 * and command names come from other programs, and journalctl(1) shows no line that is
 * not UTF-8. */
#include "config.h"

#include "relayd/base/log.h"

#include "relayd/base/utf8.h"
#include "relayd/base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1000
#define FILE_MAX_BYTES (256 * 1024)

static log_sink_fn *log_sink = log_stderr;
static enum log_level log_threshold = LOG_LEVEL_INFO;
static const char *log_path;
static int log_fd = -1;
static unsigned long log_lost;

void log_set_sink(log_sink_fn *sink)
{
    log_sink = sink;
}

void log_set_level(enum log_level level)
{
    log_threshold = level;
}

bool log_is_on(enum log_level level)
{
    return level <= log_threshold;
}

static bool write_once(int fd, const char *text)
{
    size_t size = strlen(text);

    return write(fd, text, size) == (ssize_t)size;
}

/* A terminal that has room for one byte calls itself writable, and then waits until it has room
 * for the rest; all but one that was opened not to. Who opened stderr shares it with us, so it is
 * opened anew. Not possible after su(1): the terminal is another user's. */
static int open_terminal(int fd)
{
    char path[32];

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return isatty(fd) ? open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1;
}

bool log_put(int fd, const char *text)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    int terminal;
    bool is_put;

    if (poll(&p, 1, 0) != 1 || (p.revents & POLLOUT) == 0)
        return false;
    terminal = open_terminal(fd);
    is_put = write_once(terminal < 0 ? fd : terminal, text);
    close_fd(terminal);
    return is_put;
}

bool log_stderr(enum log_level level, const char *line, const struct log_field *fields, size_t n)
{
    char text[LINE_MAX_BYTES + 16];

    snprintf(text, sizeof(text), "relayd: %s\n", line);
    return log_put(STDERR_FILENO, text);
}

/* Waits for nobody who would read a FIFO. */
int log_open_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);

    if (fd < 0)
        return -errno;
    if (log_fd >= 0)
        close(log_fd);
    log_path = path;
    log_fd = fd;
    return 0;
}

/* Takes the full file, st, out of the way of a new one. Returns whether its path is free then: it is
 * not where it cannot be renamed, or where another relayd writes by now. */
static bool make_way(const struct stat *st)
{
    char aside[PATH_MAX];
    struct stat there;

    if (lstat(log_path, &there) < 0)
        return true;
    snprintf(aside, sizeof(aside), "%s.old", log_path);
    return there.st_dev == st->st_dev && there.st_ino == st->st_ino && rename(log_path, aside) == 0;
}

/* Without another file this one begins anew, rather than grow for weeks. A shortage of descriptors is
 * over by the time that there is twice as much. */
static void rotate_when_full(void)
{
    struct stat st;

    if (fstat(log_fd, &st) < 0 || st.st_size < FILE_MAX_BYTES)
        return;
    if (make_way(&st) && (log_open_file(log_path) == 0 || st.st_size < 2 * FILE_MAX_BYTES))
        return;
    if (ftruncate(log_fd, 0) < 0)
        return; /* what is no plain file keeps nothing */
}

bool log_to_file(enum log_level level, const char *line, const struct log_field *fields, size_t n)
{
    struct tm tm = local_time(time(NULL));
    char when[32];

    if (log_fd < 0)
        return false;
    strftime(when, sizeof(when), "%F %T", &tm);
    rotate_when_full();
    return dprintf(log_fd, "%s %s\n", when, line) > 0;
}

static void deliver(enum log_level level, const char *line, const struct log_field *fields,
                    size_t n)
{
    char lost[64];

    snprintf(lost, sizeof(lost), "%lu lines are missing here: nobody took them", log_lost);
    if (log_lost > 0 && log_sink(LOG_LEVEL_WARNING, lost, NULL, 0))
        log_lost = 0;
    if (log_lost > 0 || !log_sink(level, line, fields, n))
        log_lost++;
}

static void __attribute__((format(printf, 4, 0)))
log_write(enum log_level level, const struct log_field *fields, size_t n, const char *format,
          va_list ap)
{
    char line[LINE_MAX_BYTES];

    if (!log_is_on(level))
        return;
    utf8_vformat(line, sizeof(line), format, ap);
    deliver(level, line, fields, n);
}

void log_line(enum log_level level, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    log_write(level, NULL, 0, format, ap);
    va_end(ap);
}

void log_fields(enum log_level level, const struct log_field *fields, size_t n,
                const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    log_write(level, fields, n, format, ap);
    va_end(ap);
}
