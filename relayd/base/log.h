/*
 * One way to say something: a level and a line, given to one sink.
 *
 * The sink is the one global besides main's daemon: a message must reach the
 * same place whoever has it. Lines are printable (utf8.h), without a newline.
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

/* A structured field for sinks that keep such (the journal); others have the
 * same facts in the line's words. Values are as they came: utf8_copy() makes them printable. */
struct log_field {
    const char *name;
    const char *value;
};

/* Takes a line, and does not wait for anybody: returns false where that line is lost
 * because whoever reads them has stopped to. */
typedef bool log_sink_fn(enum log_level level, const char *line,
                         const struct log_field *fields, size_t n);

/* Sets where lines go and the least urgent level that is kept. Before the first
 * call: stderr, at info. Lines that were lost are counted, and the next one that is not is
 * preceded by how many. */
void log_set_sink(log_sink_fn *sink);
void log_set_level(enum log_level level);
bool log_is_on(enum log_level level);

bool log_stderr(enum log_level level, const char *line, const struct log_field *fields, size_t n);

/* Writes text to fd at once or not at all: for at most PIPE_BUF bytes, on pipes, sockets
 * and terminals that others hold too, which makes O_NONBLOCK no way. */
bool log_put(int fd, const char *text);

/* Opens a log file, to be used with log_to_file(): lines with the time in front,
 * 256 KiB and one older beside it. path is borrowed for good. Returns 0 or
 * -errno. */
int log_open_file(const char *path);
bool log_to_file(enum log_level level, const char *line, const struct log_field *fields, size_t n);

/* At most 1000 bytes of a line are kept. */
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
