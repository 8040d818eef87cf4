/* What systemd offers a service, through libsystemd. */
#include "config.h"

#include "relayd/host/systemd.h"

#include "relayd/base/sock.h"
#include "relayd/base/utf8.h"
#include "relayd/base/util.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <systemd/sd-daemon.h>
#define SD_JOURNAL_SUPPRESS_LOCATION /* it would be this file's, each time */
#include <systemd/sd-journal.h>
#include <unistd.h>

#define FIELDS_MAX 16
#define FIELD_MAX 1100 /* a whole line of log.h and its name */

/* The place for a socket to listen on, or NULL. */
static int *place_of(struct systemd_sockets *sockets, int fd)
{
    int *place = sock_is_listener(fd, SOCK_STREAM)      ? &sockets->agent
                 : sock_is_listener(fd, SOCK_SEQPACKET) ? &sockets->control
                                                        : NULL;

    return place != NULL && *place < 0 ? place : NULL;
}

int systemd_take_fds(struct systemd_sockets *sockets, systemd_stored_fn *on_stored, void *arg)
{
    char **names = NULL;
    int n = sd_listen_fds_with_names(1, &names);
    int found = 0;

    sockets->agent = sockets->control = -1;
    for (int i = 0; i < n; i++) {
        int fd = SD_LISTEN_FDS_START + i;
        int *place = place_of(sockets, fd);

        if (place == NULL) {
            on_stored(arg, fd, names[i]);
        } else {
            fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
            *place = fd;
            found++;
        }
        free(names[i]);
    }
    free(names);
    return n < 0 ? n : found;
}

/* Without FDPOLL=0 the manager would drop a socket whose other end has closed, and with
 * it what that has said before. */
bool systemd_store(const char *name, const int *fds, unsigned n)
{
    char state[320];

    snprintf(state, sizeof(state), "FDSTORE=1\nFDPOLL=0\nFDNAME=%s", name);
    return sd_pid_notify_with_fds(0, false, state, fds, n) > 0;
}

unsigned systemd_store_room(void)
{
    const char *room = getenv("FDSTORE");

    return room != NULL ? (unsigned)strtoul(room, NULL, 10) : UINT_MAX;
}

void systemd_unstore(const char *name)
{
    sd_notifyf(0, "FDSTOREREMOVE=1\nFDNAME=%s", name);
}

bool systemd_is_listening(void)
{
    return getenv("NOTIFY_SOCKET") != NULL;
}

double systemd_watchdog_seconds(void)
{
    uint64_t microseconds = 0;

    return sd_watchdog_enabled(0, &microseconds) > 0 ? (double)microseconds / 1e6 : 0;
}

void systemd_notify(const char *state)
{
    sd_notify(0, state);
}

/* Where the journal cannot be reached it still reads our stderr, with a priority
 * at each line's head (sd-daemon(3)). */
static void log_journal(enum log_level level, const char *line, const struct log_field *fields,
                        size_t n)
{
    char text[FIELDS_MAX][FIELD_MAX];
    struct iovec iov[FIELDS_MAX];
    size_t used = 0;

    snprintf(text[used++], FIELD_MAX, "MESSAGE=%s", line);
    snprintf(text[used++], FIELD_MAX, "PRIORITY=%d", (int)level);
    snprintf(text[used++], FIELD_MAX, "SYSLOG_IDENTIFIER=relayd");
    for (size_t i = 0; i < n && used < FIELDS_MAX; i++) {
        utf8_format(text[used++], FIELD_MAX, "%s=%s", fields[i].name, fields[i].value);
    }
    for (size_t i = 0; i < used; i++)
        iov[i] = (struct iovec){.iov_base = text[i], .iov_len = strlen(text[i])};
    if (sd_journal_sendv(iov, (int)used) < 0)
        fprintf(stderr, "<%d>%s\n", (int)level, line);
}

log_sink_fn *systemd_log_sink(void)
{
    return getenv("JOURNAL_STREAM") != NULL ? log_journal : log_stderr;
}
