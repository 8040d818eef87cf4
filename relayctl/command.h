/* SPDX-License-Identifier: MIT */
/*
 * One command line, and what all verbs share: telling of problems, and asking relayd.
 */
#ifndef RELAYCTL_COMMAND_H
#define RELAYCTL_COMMAND_H

#include "relayctl/client.h"
#include "relayctl/shell.h"
#include "relayctl/status.h"
#include "relayctl/exit.h"

#include "relayd/base/paths.h"

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

/* Texts point into argv. */
struct command {
    struct paths paths;
    int64_t started; /* time of client_now() */
    char **operands;
    int n_operands;

    struct paths_choice choice; /* --dir, --name */
    bool is_quiet;
    const char *label; /* or NULL */
    uint64_t login;    /* its number, where --pid and its like have named one; else 0 */
    pid_t pid;         /* 0: not given */
    const char *tty;   /* or NULL */
    bool is_fallback, is_no_wait, is_no_start, is_scan;
    bool is_all, is_auto, is_off, is_tmux, is_json, is_short, is_register;
    bool is_dry_run, is_undo, is_yes, is_every_shell, is_follow, is_system;
    double for_s, timeout_s; /* < 0: not given */
    time_t since;            /* 0: not given */
    const char *login_name;  /* --login, or NULL */
    bool is_followed;
    enum shell shell; /* SHELL_UNKNOWN: the caller's */
};

/* So long a prompt waits for a relayd that hangs, so long a login, a verdict, and a person. With
 * those who come after the first (mute.h) a login is held up for no more than a second. */
#define COMMAND_PROMPT_MS 200
#define COMMAND_LOGIN_MS 600
#define COMMAND_VERDICT_MS 1000
#define COMMAND_PERSON_MS 3000

/* COMMAND_PERSON_MS, or for a prompt COMMAND_PROMPT_MS at most, from the start, as a time of
 * client_now(). */
int64_t command_deadline(const struct command *cmd);

/* relayctl as this shell would call it, for the relay that was asked for. Returns out. */
#define COMMAND_SELF_MAX 256
const char *command_self(const struct command *cmd, char out[COMMAND_SELF_MAX]);

/* The line after which this shell uses relayd; options are those of env. */
void command_env_line(const struct command *cmd, const char *options, char *out, size_t size);

/* Writes "relayctl: OBJECT: CAUSE" and, below, the hint to stderr, unless quiet.
 * object and hint may be NULL. */
void command_tell(const struct command *cmd, const char *object, const char *cause,
                  const char *hint);

/* Tells of a failure of client; returns the exit status for error. */
int command_tell_client(const struct command *cmd, const struct client *client, int error);

/* Tells of a directory in which others could serve. One that is not there yet is fine. Returns an
 * exit status. */
int command_check_dir(const struct command *cmd);

/* One conversation with relayd: client_send() and client_receive(). Tells of every problem.
 * Returns an exit status; with EXIT_DONE, and only then, the caller must proto_msg_fini() reply,
 * which may be NULL. */
int command_ask(const struct command *cmd, const struct call *call, struct proto_msg *reply);

/* Asks for the status, as command_ask(). Returns an exit status; the caller must status_fini() in
 * any case. */
int command_fetch_status(const struct command *cmd, struct status *status);

#endif
