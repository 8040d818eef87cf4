/* SPDX-License-Identifier: MIT */
/* What relayd, as a service, has said to the journal. journalctl(1) reads it, whatever its files are
 * like: relayctl, which each shell starts, is not linked to libsystemd for that. */
#ifndef RELAYCTL_JOURNAL_H
#define RELAYCTL_JOURNAL_H

#include "relayctl/log/entries.h"
#include "relayd/base/paths.h"

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#define JOURNAL_CURSOR_MAX 512

/* Zeroed but for fd and errors = -1, it is closed. */
struct journal {
    pid_t child; /* journalctl; 0: none */
    int fd;      /* what it prints; -1: closed */
    int errors;  /* what it complains of, a file; or -1 */
    char *bytes; /* owned: what came and is not a whole field yet */
    size_t n, room;
    char *message;  /* owned: of the entry that is being read */
    int64_t at_us;
    char cursor[JOURNAL_CURSOR_MAX]; /* of the last entry; empty: none yet */
};

/* Whether a user manager's service has that directory, so that its log is in the journal. */
bool journal_has(const struct paths *paths);

/* Starts journalctl: entries from `since` on, or behind the cursor where there is one; is_following:
 * it does not end. Returns 0 or -errno. */
int journal_open(struct journal *journal, const struct paths *paths, time_t since, bool is_following);

/* Closes it; the cursor stays. */
void journal_close(struct journal *journal);

/* Reads once, what is there, into entries. Returns false at the end, or where it makes no sense. */
bool journal_read(struct journal *journal, struct entries *entries);

/* The first line of what journalctl complained of, if that is more than a hint; "": of nothing.
 * Returns out. */
#define JOURNAL_WORDS_MAX 256
const char *journal_complaint(const struct journal *journal, char out[JOURNAL_WORDS_MAX]);

#endif
