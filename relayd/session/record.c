/* SPDX-License-Identifier: MIT */
/* A record. All its fields are numbers of one size, so one table writes and reads
 * them. */
#include "config.h"

#include "relayd/session/record.h"

#include "relayd/base/util.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Changes with the meaning or the number of the fields. */
#define PREFIX "relayd-session-2"
#define PREFIX_BEFORE "relayd-session-1"

#define FIELDS (sizeof(struct record) / sizeof(uint64_t))

int record_write(const struct record *record, char name[RECORD_NAME_SIZE])
{
    uint64_t field[FIELDS];
    size_t used = strlen(PREFIX);

    memcpy(field, record, sizeof(field));
    memcpy(name, PREFIX, used + 1);
    for (size_t i = 0; i < FIELDS; i++) {
        used += (size_t)snprintf(name + used, RECORD_NAME_SIZE - used, ".%llx",
                                 (unsigned long long)field[i]);
        if (used >= RECORD_NAME_SIZE)
            return -ENAMETOOLONG;
    }
    return 0;
}

static uint64_t age_of_stamp(uint64_t stamp_ms)
{
    uint64_t now_ms = (uint64_t)time(NULL) * 1000;

    return stamp_ms > 0 && stamp_ms < now_ms ? now_ms - stamp_ms : 0;
}

static int read_fields(struct record *record, const char *p)
{
    uint64_t field[FIELDS];

    for (size_t i = 0; i < FIELDS; i++) {
        size_t digits = p[0] != '.' ? 0 : strspn(p + 1, "0123456789abcdef");

        if (digits == 0 || digits > 16)
            return -EBADMSG;
        field[i] = strtoull(p + 1, NULL, 16);
        p += 1 + digits;
    }
    if (p[0] != '\0')
        return -EBADMSG;
    memcpy(record, field, sizeof(field));
    return 0;
}

int record_read(struct record *record, const char *name)
{
    bool is_before = strncmp(name, PREFIX_BEFORE, strlen(PREFIX_BEFORE)) == 0;
    int r;

    if (!is_before && strncmp(name, PREFIX, strlen(PREFIX)) != 0)
        return -EBADMSG;
    r = read_fields(record, name + strlen(PREFIX));
    if (r == 0 && is_before) {
        record->age_ms = age_of_stamp(record->age_ms);
        record->waited_ms = age_of_stamp(record->waited_ms);
    }
    return r;
}
