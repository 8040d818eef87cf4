/* SPDX-License-Identifier: MIT */
/*
 * A record: what another process must know of an open session to go on with it. Numbers only,
 * never a byte of a message. It does no I/O.
 *
 * It travels as the name that systemd's descriptor store keeps with the session's
 * descriptors: up to 255 ASCII characters without ':' (sd_notify(3), FDNAME). So it
 * arrives with them or not at all.
 */
#ifndef RELAYD_RECORD_H
#define RELAYD_RECORD_H

#include "relayd/agent/agent.h"

#include <stdint.h>

/* With its final NUL. */
#define RECORD_NAME_SIZE 256

struct record {
    uint64_t client;      /* the inode of its socket, by which descriptors are told apart */
    uint64_t upstream;    /* the same; 0: it has none yet */
    uint64_t upstream_id; /* its number, also where it is no longer registered; 0: none, or unknown */
    uint64_t age_ms;
    uint64_t waited_ms;   /* for what is owed; 0: nothing is */
    uint64_t is_raw;      /* of a daemon with --raw */
    /* Set by relay_save(): */
    uint64_t up_left, down_left, skip_left;
    uint64_t owed, answered, is_unsafe;
    uint64_t asked[AGENT_KINDS];
};

/* Returns 0, or -ENAMETOOLONG where the numbers are so large that it does not fit. */
int record_write(const struct record *record, char name[RECORD_NAME_SIZE]);

/* Returns 0, or -EBADMSG where name is not a record. Reads names of an older relayd as well,
 * which have stamps of the wall clock in place of ages. */
int record_read(struct record *record, const char *name);

#endif
