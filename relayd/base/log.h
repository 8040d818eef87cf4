/* SPDX-License-Identifier: MIT */
/*
 * One way to say something: a level and a line, given to one sink.
 *
 * The sink and the level are global, because a message must reach the same place
 * whoever has it. Lines are printable (utf8.h), without a newline.
 */
#ifndef RELAYD_LOG_H
#define RELAYD_LOG_H

#include <stdbool.h>
#include <stddef.h>

/* The values are those of syslog(3), which the journal understands. */
enum log_level {
    LOG_LEVEL_ERROR = 3,
    LOG_LEVEL_WARNING = 4,
    LOG_LEVEL_NOTICE = 5,
    LOG_LEVEL_INFO = 6,
    LOG_LEVEL_DEBUG = 7,
};

/* A field beside the line, for a sink that keeps fields (the journal). For other sinks the
 * line itself has the same facts. A value need not be printable: the sink sees to that. */
struct log_field {
    const char *name;
    const char *value;
};

/* Takes a line, and waits for nobody. Returns false where the line is lost because nobody
 * reads. */
typedef bool log_sink_fn(enum log_level level, const char *line,
                         const struct log_field *fields, size_t n);

/* Set where lines go, and the least urgent level that is kept. Without a call: stderr, at
 * info. Lost lines are counted, and their number goes before the next line that gets
 * through. */
void log_set_sink(log_sink_fn *sink);
void log_set_level(enum log_level level);
bool log_is_on(enum log_level level);

bool log_stderr(enum log_level level, const char *line, const struct log_field *fields, size_t n);

/* Writes text, at most PIPE_BUF bytes, to fd without waiting. fd may be a pipe, socket or
 * terminal of other processes too, so O_NONBLOCK is no way: it would be set for them. Returns
 * false where there was no room for all; a terminal may have taken the beginning. */
bool log_put(int fd, const char *text);

/* Opens a log file, to be used with log_to_file(): lines with the time in front,
 * 256 KiB and one older beside it; where that cannot be, the file begins anew. path is borrowed for
 * good. Returns 0 or -errno. */
int log_open_file(const char *path);
bool log_to_file(enum log_level level, const char *line, const struct log_field *fields, size_t n);

/* A line is cut to 999 bytes. */
void log_line(enum log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void log_fields(enum log_level level, const struct log_field *fields, size_t n,
                const char *format, ...) __attribute__((format(printf, 4, 5)));

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...) log_line(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) \
    do { \
        if (log_is_on(LOG_LEVEL_DEBUG)) \
            log_line(LOG_LEVEL_DEBUG, __VA_ARGS__); \
    } while (0)

#endif
