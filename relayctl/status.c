/* SPDX-License-Identifier: MIT */
/* relayd's records, collected. They stay the messages they came as: those who show them
 * ask by key, so a new key needs no change here. */
#include "config.h"

#include "relayctl/status.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int status_add(struct status *status, struct proto_msg *record)
{
    struct proto_msg *grown;

    if (strcmp(record->verb, "daemon") == 0) {
        proto_msg_fini(&status->daemon);
        status->daemon = *record;
        return 0;
    }
    if (strcmp(record->verb, "upstream") != 0) {
        proto_msg_fini(record);
        return 0;
    }
    grown = realloc(status->upstreams, (status->n + 1) * sizeof(*grown));
    if (grown == NULL)
        return -ENOMEM;
    status->upstreams = grown;
    status->upstreams[status->n++] = *record;
    return 0;
}

void status_fini(struct status *status)
{
    for (size_t i = 0; i < status->n; i++)
        proto_msg_fini(&status->upstreams[i]);
    free(status->upstreams);
    proto_msg_fini(&status->daemon);
    memset(status, 0, sizeof(*status));
}

const char *status_text(const struct proto_msg *record, const char *key)
{
    const char *value = proto_get(record, key);

    return value != NULL ? value : "";
}

const char *status_tty(const struct proto_msg *upstream)
{
    const char *tty = status_text(upstream, "tty");

    return strncmp(tty, "/dev/", 5) == 0 ? tty + 5 : tty;
}

bool status_is_silent(const struct proto_msg *upstream)
{
    return strcmp(status_text(upstream, "state"), "silent") == 0;
}

const char *status_obstacle(const struct status *status)
{
    return proto_get(&status->daemon, "obstacle");
}

bool status_can_serve(const struct status *status)
{
    if (proto_get(&status->daemon, "can_serve") != NULL)
        return proto_get_flag(&status->daemon, "can_serve");
    /* An older relayd does not say. */
    if (proto_get_flag(&status->daemon, "paused"))
        return false;
    for (size_t i = 0; i < status->n; i++) {
        if (!status_is_silent(&status->upstreams[i]))
            return true;
    }
    return false;
}

const struct proto_msg *status_find(const struct status *status, const char *key,
                                    const char *value)
{
    for (size_t i = 0; value != NULL && value[0] != '\0' && i < status->n; i++) {
        if (strcmp(status_text(&status->upstreams[i], key), value) == 0)
            return &status->upstreams[i];
    }
    return NULL;
}
