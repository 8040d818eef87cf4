/* The log: formats a line once, cleans it, and hands it to the sink. Labels and
 * command names come from other programs, so no control byte is let through; nor what
 * is not UTF-8, for journalctl(1) shows no line that has such in it. */
#include "config.h"

#include "relayd/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1000
#define FILE_MAX_BYTES (256 * 1024)

static log_sink_fn *log_sink = log_stderr;
static enum log_level log_threshold = LOG_LEVEL_INFO;
static const char *log_path;
static int log_fd = -1;

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

void log_stderr(enum log_level level, const char *line, const struct log_field *fields, size_t n)
{
    (void)level, (void)fields, (void)n;
    fprintf(stderr, "relayd: %s\n", line);
}

int log_open_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return -errno;
    if (log_fd >= 0)
        close(log_fd);
    log_path = path;
    log_fd = fd;
    return 0;
}

static void rotate_when_full(void)
{
    char older[PATH_MAX];
    struct stat st;

    if (fstat(log_fd, &st) < 0 || st.st_size < FILE_MAX_BYTES)
        return;
    snprintf(older, sizeof(older), "%s.old", log_path);
    rename(log_path, older);
    log_open_file(log_path);
}

void log_to_file(enum log_level level, const char *line, const struct log_field *fields, size_t n)
{
    time_t now = time(NULL);
    char when[32];
    struct tm tm;

    (void)level, (void)fields, (void)n;
    if (log_fd < 0)
        return;
    strftime(when, sizeof(when), "%F %T", localtime_r(&now, &tm));
    rotate_when_full();
    dprintf(log_fd, "%s %s\n", when, line);
}

/* The bytes of the character at p, or 0 where there is none to print: as
 * systemd's utf8.c has it, by which journalctl(1) judges. */
static size_t character_size(const unsigned char *p)
{
    static const uint32_t least[] = {0, 0, 0xa0, 0x800, 0x10000}; /* to 0x9f: controls */
    size_t n = *p < 0xc0 || *p >= 0xf8 ? 1 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;
    uint32_t c = n == 1 ? *p : *p & (0x7fU >> n);

    if (n == 1)
        return c >= 0x20 && c < 0x7f;
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3f);
    }
    if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        return 0;
    return (c >= 0xfdd0 && c < 0xfdf0) || (c & 0xfffe) == 0xfffe ? 0 : n;
}

void log_clean(char *text)
{
    size_t n;

    for (char *p = text; *p != '\0'; p += n > 0 ? n : 1) {
        n = character_size((const unsigned char *)p);
        if (n == 0)
            *p = '?';
    }
}

static void __attribute__((format(printf, 4, 0)))
log_write(enum log_level level, const struct log_field *fields, size_t n, const char *format,
          va_list ap)
{
    char line[LINE_MAX_BYTES];

    if (!log_is_on(level))
        return;
    vsnprintf(line, sizeof(line), format, ap);
    log_clean(line);
    log_sink(level, line, fields, n);
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
