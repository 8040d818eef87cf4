/* SPDX-License-Identifier: MIT */
/*
 * What the checks look at: the account, what relayd says, and this process's environment. It is read
 * once, before the first check.
 */
#ifndef RELAYCTL_PATIENT_H
#define RELAYCTL_PATIENT_H

#include "relayctl/account/account.h"
#include "relayctl/account/run.h"
#include "relayctl/command.h"

#include <stdbool.h>

#define PATIENT_QUOTED_MAX 1024

struct patient {
    const struct command *cmd;
    struct account account;
    bool has_account;      /* else account has no name and no home */
    const char *no_account; /* then: why */
    int reached;           /* 0: relayd answered; else client_open()'s or client_receive()'s error */
    struct status status;  /* empty where it did not */
    char relayctl[2 * PATIENT_QUOTED_MAX]; /* how a shell calls this program */
    int64_t deadline;      /* of the whole examination, a time of client_now() */
};

/* Fills patient; the caller must patient_fini() in any case. */
void patient_find(struct patient *patient, const struct command *cmd, int64_t deadline);
void patient_fini(struct patient *patient);

/* run_program() for stdout, within bound_ms and the deadline of all. */
int patient_run(const struct patient *patient, const char *const argv[], struct run_output *output,
                int bound_ms);

/* The first line of what argv writes, without its newline, in line. Returns the exit status. */
int patient_run_line(const struct patient *patient, const char *const argv[], char *line,
                     size_t size, int bound_ms);

/* path for a shell: ~/.ssh/rc where it is below the home, quoted where it must be. Returns out. */
const char *patient_quote(const struct patient *patient, const char *path, char *out, size_t size);

/* paths_option(), with a directory quoted where it must be. Returns out. */
const char *patient_option(const struct patient *patient, char *out, size_t size);

/* Whether name is a program in PATH. */
bool patient_has_in_path(const char *name);

/* Whether value, as an SSH_AUTH_SOCK, leads to the relay. */
bool patient_is_relay(const struct patient *patient, const char *value);

#endif
