/*
 * One command, as the command line gave it, and what all verbs share: telling of
 * problems, and asking the daemon.
 */
#ifndef RELAYCTL_COMMAND_H
#define RELAYCTL_COMMAND_H

#include "relayctl/client.h"
#include "relayctl/env.h"
#include "relayctl/exit.h"

#include "relayd/base/paths.h"
#include "relayd/base/proto.h"

#include <stdbool.h>

/* Texts point into argv. */
struct command {
    struct paths paths;
    int64_t started; /* time of client_now() */
    char **operands;
    int n_operands;

    const char *dir; /* --dir, or NULL */
    bool is_quiet;
    const char *label; /* or NULL */
    bool is_fallback, is_no_wait, is_no_start;
    bool is_all, is_auto, is_json, is_register;
    double for_s, timeout_s; /* < 0: not given */
    enum env_shell shell;
};

/* How long a login is held up by a daemon that hangs, and how long a person is. */
#define COMMAND_LOGIN_MS 1000
#define COMMAND_PERSON_MS 3000

/* Writes "relayctl: OBJECT: CAUSE" and, below, the hint to stderr, unless quiet.
 * object and hint may be NULL. */
void command_tell(const struct command *cmd, const char *object, const char *cause,
                  const char *hint);

/* Tells of a failure of client; returns the exit status for error. */
int command_tell_client(const struct command *cmd, const struct client *client, int error);

/* Refuses a directory that others could serve our sockets from; that it is not there
 * yet is no problem. Tells of one. Returns an exit status. */
int command_check_dir(const struct command *cmd);

/* Receives up to the last packet of a reply; records before it are let go. Tells of
 * every problem, an "error" as one of object. Returns an exit status; with EXIT_DONE,
 * and only then, the caller must proto_msg_fini() reply. */
int command_receive(const struct command *cmd, struct client *client, const char *object,
                    struct proto_msg *reply, int64_t deadline);

/* Connects, sends request, and receives as above. The connection is closed. */
int command_ask(const struct command *cmd, const char *object, const struct proto_buf *request,
                struct proto_msg *reply, int64_t deadline);

#endif
