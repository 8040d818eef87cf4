/* SPDX-License-Identifier: MIT */
/*
 * What the host's sshd does at a login of this account, as far as a plain user can tell.
 */
#ifndef RELAYCTL_SERVER_H
#define RELAYCTL_SERVER_H

#include "relayctl/doctor/patient.h"

#include <stdbool.h>
#include <stddef.h>

enum server_word {
    SERVER_PERMIT_USER_RC,
    SERVER_ALLOW_AGENT_FORWARDING,
    SERVER_DISABLE_FORWARDING,
    SERVER_FORCE_COMMAND,
    SERVER_AGENT_SOCKET_PATH,
    SERVER_WORDS,
};

struct server {
    char value[SERVER_WORDS][256]; /* "": not said */
};

/* Asks sshd, which tells root, and from OpenSSH 9.3 on whoever may read its configuration; else reads
 * that, with the Match blocks that are about users, groups or all. */
void server_read(struct server *server, const struct patient *patient);

/* Whether that value is there and is word. */
bool server_says(const struct server *server, enum server_word word, const char *value);

/* OpenSSH's version as one number, 1006 for 10.6; 0: unknown. */
int server_version(const struct patient *patient);

#endif
