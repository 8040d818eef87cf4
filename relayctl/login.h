/* SPDX-License-Identifier: MIT */
/*
 * What the environment says of the login that this process belongs to: its forwarded socket,
 * and the facts that name it.
 */
#ifndef RELAYCTL_LOGIN_H
#define RELAYCTL_LOGIN_H

#include "relayd/base/paths.h"

#include <stdbool.h>

/* A copy of path with every symlink resolved, so that it names the same socket when a link is
 * changed later. Where nothing is there, the links are followed as far as they lead. A name in
 * /proc stays, for what it leads to may have no other name here; not that of this very process,
 * which nobody else could use. The caller frees it; NULL without memory. */
char *login_real(const char *path);

/* Whether two absolute names lead to the same place. Nothing needs to be there. */
bool login_is_same(const char *a, const char *b);

/* The login's own socket: SSH_AUTH_SOCK, or RELAYD_UPSTREAM where the former is the agent socket
 * already, of this relayd or of another of this user. An absolute path, which the caller frees.
 * NULL: there is none. */
char *login_socket(const struct paths *paths);

/* Named like a locale, because many hosts' sshd accepts those (sshd_config(5), AcceptEnv). */
#define LOGIN_LABEL "LC_RELAYD_LABEL"

/* The variable that `relayctl env` moves it to, which ssh does not send on. */
#define LOGIN_LABEL_KEPT "RELAYD_LABEL"

/* What is known of a login besides its socket; NULL: not known. */
struct login {
    const char *connection; /* SSH_CONNECTION */
    const char *tty;        /* SSH_TTY */
    const char *label;      /* what the machine that logged in calls itself; at most PROTO_FACT_MAX
                               bytes */
};

/* A login by variables: look() gives the value of one of them, or NULL. */
struct login login_by(const char *(*look)(const void *arg, const char *name), const void *arg);

/* The one that this process belongs to. */
struct login login_here(void);

/* Whether this process belongs to an ssh login, and not to a local shell or a service. */
bool login_is_remote(void);

#endif
