/*
 * What this environment says of the login it belongs to: its forwarded socket and
 * the facts that name it.
 */
#ifndef RELAYCTL_LOGIN_H
#define RELAYCTL_LOGIN_H

#include "relayd/base/paths.h"
#include "relayd/base/proto.h"

#include <stdbool.h>

/* path with every symlink in it resolved, so that it names the same socket when a link
 * is pointed elsewhere; where there is nothing, as far as the links lead. A name in
 * /proc stays, for what it leads to may have no other name here. To be freed; NULL where
 * memory is missing. */
char *login_real(const char *path);

/* Whether two absolute names lead to the same place. Nothing needs to be there. */
bool login_is_same(const char *a, const char *b);

/* The environment's own socket: SSH_AUTH_SOCK, or RELAYD_UPSTREAM where the former
 * is the agent socket already; absolute, to be freed. NULL: it has none. */
char *login_socket(const struct paths *paths);

/* Named like a locale, for many an sshd accepts those (sshd_config(5), AcceptEnv). */
#define LOGIN_LABEL "LC_RELAYD_LABEL"

/* Where `relayctl env` keeps it, under a name that ssh does not send on. */
#define LOGIN_LABEL_KEPT "RELAYD_LABEL"

/* What the machine that logged in calls itself. NULL where it says nothing, or more than
 * PROTO_FACT_MAX bytes. */
const char *login_label(void);

/* Whether this is a login at all, and not a local shell or a service. */
bool login_is_remote(void);

/* Adds the keys `connection` and `tty`, as far as they are known. */
void login_add_facts(struct proto_buf *request);

#endif
