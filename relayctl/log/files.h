/* SPDX-License-Identifier: MIT */
/* relayd's own log, which it writes with --daemon: a file, and an older one beside it. */
#ifndef RELAYCTL_FILES_H
#define RELAYCTL_FILES_H

#include "relayctl/log/entries.h"

/* Zeroed but for fd = -1 and path, it is at its beginning. */
struct files {
    const char *path; /* borrowed */
    int fd;           /* of the newer; -1: it was not there */
    char *rest;       /* the beginning of a line; owned */
    size_t n_rest;
};

void files_fini(struct files *files);

/* Reads the older file. */
void files_read_old(struct files *files, struct entries *entries);

/* Reads what has been written since the last time, where a newer file was begun that too. Returns 0, or
 * -errno where there is a file that cannot be read. */
int files_read(struct files *files, struct entries *entries);

#endif
