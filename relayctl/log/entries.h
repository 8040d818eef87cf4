/* SPDX-License-Identifier: MIT */
/* Entries from several places, in the order of their time. */
#ifndef RELAYCTL_ENTRIES_H
#define RELAYCTL_ENTRIES_H

#include "relayctl/log/entry.h"

#include <stddef.h>

/* Zeroed, there are none. */
struct entries {
    struct kept_entry *all; /* owned, and so are their lines */
    size_t n, room;
    int64_t since_us;  /* none that is older is taken */
    const char *login; /* nor one of another login; NULL: of any. Borrowed */
};

void entries_fini(struct entries *entries);

/* Takes a line of relayd's log, if it is an entry, and of those that are wanted. What there is no
 * memory for is left out. */
void entries_add(struct entries *entries, const char *line, int64_t at_us);

/* Calls show for each, the oldest first, and forgets them. */
void entries_show(struct entries *entries, void (*show)(const struct entry *entry, void *arg),
                  void *arg);

#endif
