/* SPDX-License-Identifier: MIT */
/* The verb log. A relayd may log to the journal today and to its own file tomorrow, so both are
 * read, and where they are followed both are followed: journalctl tells, and the file is looked at
 * four times a second. */
#include "config.h"

#include "relayctl/log/log.h"

#include "relayctl/log/files.h"
#include "relayctl/log/journal.h"
#include "relayctl/log/show.h"
#include "relayd/base/utf8.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS 250

struct log {
    const struct command *cmd;
    struct entries entries;
    struct files files;
    struct journal journal;
    struct printer out;
    bool is_any; /* something was shown */
    char complaint[JOURNAL_WORDS_MAX];
};

static void show(const struct entry *entry, void *arg)
{
    struct log *log = arg;

    log->is_any = true;
    if (log->cmd->is_json)
        show_json(stdout, entry);
    else
        show_entry(&log->out, entry);
}

/* All that is there. */
static int read_all(struct log *log)
{
    const struct paths *paths = &log->cmd->paths;
    int r;

    files_read_old(&log->files, &log->entries);
    r = files_read(&log->files, &log->entries);
    if (r < 0) {
        command_tell(log->cmd, paths->log, strerror(-r), NULL);
        return EXIT_NO;
    }
    if (!journal_has(paths) || journal_open(&log->journal, paths, log->cmd->since, false) < 0)
        return EXIT_DONE;
    while (journal_read(&log->journal, &log->entries))
        ;
    journal_complaint(&log->journal, log->complaint);
    journal_close(&log->journal);
    return EXIT_DONE;
}

/* Until we are interrupted, or nobody reads what is printed. */
static void follow(struct log *log, time_t since)
{
    const struct paths *paths = &log->cmd->paths;

    if (journal_has(paths))
        journal_open(&log->journal, paths, since, true);
    while (fflush(stdout) == 0) {
        struct pollfd wanted[] = {{.fd = log->journal.fd, .events = POLLIN},
                                  {.fd = STDOUT_FILENO}};

        if (poll(wanted, 2, LOOK_MS) > 0 && wanted[0].revents != 0 &&
            !journal_read(&log->journal, &log->entries))
            journal_close(&log->journal);
        if (wanted[1].revents != 0)
            return;
        files_read(&log->files, &log->entries);
        entries_show(&log->entries, show, log);
    }
}

/* Where the journal may have what is not to be had. Returns whether it was told. */
static bool tell_complaint(const struct log *log)
{
    if (log->is_any || log->files.fd >= 0 || log->complaint[0] == '\0')
        return false;
    command_tell(log->cmd, "the journal", log->complaint, NULL);
    return true;
}

static int tell_nothing(const struct log *log)
{
    const char *path = log->cmd->paths.log;
    char text[PATHS_MAX + 160];

    if (tell_complaint(log))
        return EXIT_NO;
    if (log->cmd->since > 0 || log->cmd->login_name != NULL)
        command_tell(log->cmd, "log", "no such signature is logged", NULL);
    else if (log->files.fd >= 0)
        command_tell(log->cmd, path, "no signature is logged there", NULL);
    else {
        snprintf(text, sizeof(text), "a relayd of systemd logs to the journal, and one with --daemon "
                 "to %s; one that runs in a terminal says it there", path);
        command_tell(log->cmd, "log", "no signature is logged", text);
    }
    return EXIT_NO;
}

int verb_log(struct command *cmd)
{
    struct log log = {
        .cmd = cmd,
        .entries = {.since_us = (int64_t)cmd->since * 1000000, .login = cmd->login_name},
        .files = {.path = cmd->paths.log, .fd = -1},
        .journal = {.fd = -1, .errors = -1},
    };
    time_t began = time(NULL);
    int status;

    printer_init(&log.out, stdout);
    status = read_all(&log);
    entries_show(&log.entries, show, &log);
    if (status == EXIT_DONE && cmd->is_followed) {
        tell_complaint(&log);
        follow(&log, began);
    } else if (status == EXIT_DONE && !log.is_any) {
        status = tell_nothing(&log);
    }
    journal_close(&log.journal);
    files_fini(&log.files);
    entries_fini(&log.entries);
    return status;
}
