/* SPDX-License-Identifier: MIT */
/* The journal. libsystemd's sd_journal_sendv(3) waits for a journald that does not read,
 * and would keep all clients waiting with it. Its protocol is documented and stable (a
 * datagram of KEY=value lines: systemd.io/JOURNAL_NATIVE_PROTOCOL); values here are
 * printable, so none has a newline that would need the other form. */
#include "config.h"

#include "relayd/host/journal.h"

#include "relayd/base/sock.h"
#include "relayd/base/utf8.h"
#include "relayd/base/util.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOCKET "/run/systemd/journal/socket"
#define FIELDS_MAX 16
#define FIELD_MAX 1100 /* a whole line of log.h and its name */

static int journal_fd = -1;

static int send_once(const char *text, size_t size)
{
    return send(journal_fd, text, size, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

/* A journald that was started again has another socket. */
static int send_entry(const char *text, size_t size)
{
    int r = send_once(text, size);

    if (r == 0 || r == -EAGAIN)
        return r;
    close_fd(journal_fd);
    journal_fd = sock_open_address(SOCKET, SOCK_DGRAM);
    return journal_fd < 0 ? journal_fd : send_once(text, size);
}

/* Appends a field, and returns where the next one goes. */
static char *put(char *out, const char *name, const char *value)
{
    out += strlen(utf8_format(out, FIELD_MAX - 1, "%s=%s", name, value));
    *out++ = '\n';
    return out;
}

/* Where the socket cannot be reached the line goes to stderr, which the journal reads too,
 * with its priority in front (sd-daemon(3)). */
static bool log_journal(enum log_level level, const char *line, const struct log_field *fields,
                        size_t n)
{
    char text[FIELDS_MAX * FIELD_MAX], plain[FIELD_MAX];
    char *end = put(text, "MESSAGE", line);
    int r;

    snprintf(plain, sizeof(plain), "%d", (int)level);
    end = put(end, "PRIORITY", plain);
    end = put(end, "SYSLOG_IDENTIFIER", "relayd");
    for (size_t i = 0; i < n && i < FIELDS_MAX - 3; i++)
        end = put(end, fields[i].name, fields[i].value);
    r = send_entry(text, (size_t)(end - text));
    if (r == 0 || r == -EAGAIN)
        return r == 0;
    snprintf(plain, sizeof(plain), "<%d>%s\n", (int)level, line);
    return log_put(STDERR_FILENO, plain);
}

/* Whether stream, "device:inode", is our stderr. Programs whose stderr is elsewhere inherit
 * the variable too (systemd.exec(5)). */
static bool is_stderr(const char *stream)
{
    char ours[64];
    struct stat st;

    if (stream == NULL || fstat(STDERR_FILENO, &st) < 0)
        return false;
    snprintf(ours, sizeof(ours), "%llu:%llu", (unsigned long long)st.st_dev,
             (unsigned long long)st.st_ino);
    return strcmp(stream, ours) == 0;
}

log_sink_fn *journal_sink(void)
{
    return is_stderr(getenv("JOURNAL_STREAM")) ? log_journal : log_stderr;
}
