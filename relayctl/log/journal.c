/* SPDX-License-Identifier: MIT */
/* The journal, as `journalctl -o export` writes it (systemd.io/JOURNAL_EXPORT_FORMATS): a field a
 * line, an empty line behind each entry. A value that is not plain text has its length before it
 * instead; relayd has none, but others may write into a user's journal. */
#include "config.h"

#include "relayctl/log/journal.h"

#include "relayd/base/utf8.h"
#include "relayd/base/util.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIELD_MAX (64 * 1024 * 1024) /* journald takes no larger one */

/* Whose it is, and which instance: "/run/user/1000/relayd-work". name: room for one. */
static bool read_dir(const char *dir, unsigned *uid, char name[PATHS_NAME_MAX])
{
    int end = 0;

    name[0] = '\0';
    if (sscanf(dir, PATHS_RUN_USER "/%u/relayd%n", uid, &end) != 1 || end == 0)
        return false;
    if (dir[end] == '\0')
        return true;
    if (dir[end] != '-' || !paths_is_name(dir + end + 1))
        return false;
    snprintf(name, PATHS_NAME_MAX, "%s", dir + end + 1);
    return true;
}

bool journal_has(const struct paths *paths)
{
    char name[PATHS_NAME_MAX];
    unsigned uid;

    return read_dir(paths->dir, &uid, name);
}

static void become_journalctl(const struct paths *paths, const char *from, bool is_following,
                              int out, int errors, pid_t parent)
{
    char user[32], unit[PATHS_UNIT_MAX + 24] = "_SYSTEMD_USER_UNIT=";
    struct paths named = *paths;
    unsigned uid = 0;
    const char *argv[] = {"journalctl", "--no-pager", "--output=export",
                          "--output-fields=MESSAGE", from, user, unit,
                          is_following ? "--follow" : NULL, "--no-tail", NULL};
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

    read_dir(paths->dir, &uid, named.name);
    snprintf(user, sizeof(user), "_UID=%u", uid);
    paths_unit(&named, "service", unit + strlen(unit));
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent || dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
        dup2(errors, STDERR_FILENO) < 0)
        _exit(127);
    execvp(argv[0], (char *const *)argv);
    fprintf(stderr, "journalctl: %s\n", strerror(errno));
    _exit(127);
}

int journal_open(struct journal *journal, const struct paths *paths, time_t since, bool is_following)
{
    char from[JOURNAL_CURSOR_MAX + 24];
    pid_t parent = getpid();
    int fds[2];

    if (journal->cursor[0] != '\0')
        snprintf(from, sizeof(from), "--after-cursor=%s", journal->cursor);
    else
        snprintf(from, sizeof(from), "--since=@%lld", (long long)since);
    journal->errors = memfd_create("errors", MFD_CLOEXEC);
    if (journal->errors < 0 || pipe2(fds, O_CLOEXEC) < 0)
        return -errno;
    journal->child = fork();
    if (journal->child == 0)
        become_journalctl(paths, from, is_following, fds[1], journal->errors, parent);
    close(fds[1]);
    journal->fd = fds[0];
    return journal->child < 0 ? -errno : 0;
}

void journal_close(struct journal *journal)
{
    if (journal->child > 0) {
        kill(journal->child, SIGTERM);
        waitpid(journal->child, NULL, 0);
    }
    journal->child = 0;
    journal->fd = close_fd(journal->fd);
    journal->errors = close_fd(journal->errors);
    free(journal->bytes);
    free(journal->message);
    journal->bytes = journal->message = NULL;
    journal->n = journal->room = 0;
}

static void take_field(struct journal *journal, const char *name, const char *value)
{
    if (strcmp(name, "__CURSOR") == 0 && strlen(value) < sizeof(journal->cursor)) {
        strcpy(journal->cursor, value);
    } else if (strcmp(name, "__REALTIME_TIMESTAMP") == 0) {
        journal->at_us = strtoll(value, NULL, 10);
    } else if (strcmp(name, "MESSAGE") == 0) {
        free(journal->message);
        journal->message = strdup(value);
    }
}

static void end_entry(struct journal *journal, struct entries *entries)
{
    if (journal->message != NULL)
        entries_add(entries, journal->message, journal->at_us);
    free(journal->message);
    journal->message = NULL;
}

/* Of the field at p, of n bytes that are here: its size with all that belongs to it; 0: it is not
 * here whole. */
static size_t field_size(const char *p, size_t n, const char *end)
{
    size_t line = (size_t)(end - p) + 1;
    uint64_t length;

    if (end == p || memchr(p, '=', (size_t)(end - p)) != NULL)
        return line;
    if (n - line < sizeof(length))
        return 0;
    memcpy(&length, p + line, sizeof(length));
    length = le64toh(length);
    if (length >= n || n - line - sizeof(length) < length + 1)
        return 0;
    return line + sizeof(length) + (size_t)length + 1;
}

/* Takes the field at p, whose line ends at end; a value that has a length is none of relayd's. */
static void take(struct journal *journal, struct entries *entries, char *p, char *end)
{
    char *value;

    *end = '\0';
    value = strchr(p, '=');
    if (end == p) {
        end_entry(journal, entries);
    } else if (value != NULL) {
        *value = '\0';
        take_field(journal, p, value + 1);
    }
}

static void take_fields(struct journal *journal, struct entries *entries)
{
    size_t at = 0, size = 1;
    char *end;

    while (size > 0 && (end = memchr(journal->bytes + at, '\n', journal->n - at)) != NULL) {
        char *p = journal->bytes + at;

        size = field_size(p, journal->n - at, end);
        if (size > 0)
            take(journal, entries, p, end);
        at += size;
    }
    journal->n -= at;
    memmove(journal->bytes, journal->bytes + at, journal->n);
}

bool journal_read(struct journal *journal, struct entries *entries)
{
    ssize_t n;

    if (journal->n == journal->room) {
        size_t room = journal->room == 0 ? 16384 : 2 * journal->room;
        char *bytes = room > FIELD_MAX ? NULL : realloc(journal->bytes, room);

        if (bytes == NULL)
            return false;
        journal->bytes = bytes;
        journal->room = room;
    }
    n = read(journal->fd, journal->bytes + journal->n, journal->room - journal->n);
    if (n <= 0)
        return n < 0 && errno == EINTR;
    journal->n += (size_t)n;
    take_fields(journal, entries);
    return true;
}

/* Behind what journalctl says to whoever is in no group that reads all of the journal. */
static char *skip_hint(char *text)
{
    while (strncmp(text, "Hint: ", strlen("Hint: ")) == 0 || text[0] == ' ') {
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    return text;
}

const char *journal_complaint(const struct journal *journal, char out[JOURNAL_WORDS_MAX])
{
    char text[1024], *line;
    ssize_t n = journal->errors < 0 ? 0 : pread(journal->errors, text, sizeof(text) - 1, 0);

    text[n > 0 ? n : 0] = '\0';
    line = skip_hint(text);
    line[strcspn(line, "\n")] = '\0';
    return utf8_copy(out, JOURNAL_WORDS_MAX, line);
}
