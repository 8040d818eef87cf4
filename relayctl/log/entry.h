/* SPDX-License-Identifier: MIT */
/*
 * One signature, or many alike, as relayd has logged it (relayd(1), LOG):
 *
 *     signed: login 3 (laptop, 10.0.0.5) key SHA256:... client 812 (git, uid 1000): ssh login as ...
 */
#ifndef RELAYCTL_ENTRY_H
#define RELAYCTL_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

/* Texts point into the line. Names in it have ( ) , \ and all that is not printable as \xHH. */
struct entry {
    int64_t at_us;  /* since 1970; whoever has read the line sets it */
    bool is_signed; /* else refused */
    uint64_t more;  /* so many were only counted, and this is the last; 0: it is one */
    bool is_mixed;  /* and they were not all like it */
    uint64_t id;
    const char *login; /* its label; else its host; else its path */
    const char *host;  /* NULL: not known, or it is `login` */
    bool is_certificate;
    const char *key;   /* a fingerprint, or "unknown" */
    uint64_t pid, uid;
    const char *command;
    const char *words; /* what was signed */
};

/* Takes line apart in place. Returns whether it is such a line. */
bool entry_parse(struct entry *entry, char *line);

/* Whether that is its login: by number, label, host or path. */
bool entry_is_of(const struct entry *entry, const char *login);

#endif
