/* A record. All its fields are numbers of one size, so one table writes and reads
 * them. */
#include "config.h"

#include "relayd/session/record.h"

#include "relayd/base/util.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Changes with the meaning or the number of the fields. */
#define PREFIX "relayd-session-1"

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

int record_read(struct record *record, const char *name)
{
    uint64_t field[FIELDS];

    if (strncmp(name, PREFIX, strlen(PREFIX)) != 0)
        return -EBADMSG;
    name += strlen(PREFIX);
    for (size_t i = 0; i < FIELDS; i++) {
        size_t digits = name[0] != '.' ? 0 : strspn(name + 1, "0123456789abcdef");

        if (digits == 0 || digits > 16)
            return -EBADMSG;
        field[i] = strtoull(name + 1, NULL, 16);
        name += 1 + digits;
    }
    if (name[0] != '\0')
        return -EBADMSG;
    memcpy(record, field, sizeof(field));
    return 0;
}
