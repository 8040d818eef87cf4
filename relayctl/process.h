/* SPDX-License-Identifier: MIT */
/*
 * Processes of this user, as /proc shows them (proc(5)).
 */
#ifndef RELAYCTL_PROCESS_H
#define RELAYCTL_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define PROCESS_NAME_MAX 64

struct process {
    pid_t pid, parent;
    char name[PROCESS_NAME_MAX]; /* what runs there: "sshd-session", "bash" */
    char *environment; /* as it was started with, each variable with a NUL behind it; owned. NULL:
                          it is not ours to look into, as that of an sshd is not */
    size_t size;
};

/* Reads what is known of that process, if it is this user's. Returns 0, -ESRCH where there is none
 * of this user, or -ENOMEM; call process_fini() after 0. */
int process_read(struct process *process, pid_t pid);
void process_fini(struct process *process);

/* The value of the variable that it was started with, or NULL. It lives as long as process. */
const char *process_variable(const struct process *process, const char *name);

/* Its controlling terminal, as in st_rdev of the terminal's file; 0: none. */
dev_t process_terminal(const struct process *process);

/* Whether it was started with a variable whose name begins so. */
bool process_has(const struct process *process, const char *prefix);

/* Whether it is an sshd, by any of its names. */
bool process_is_sshd(const struct process *process);

/* All of this user's, the lowest number first. Zeroed, there are none. */
struct processes {
    struct process *list; /* owned */
    size_t n;
};

/* Reads them; those that end meanwhile are left out. Returns 0, -ENOMEM, or another -errno where
 * there is no /proc. Call processes_fini() in any case. */
int processes_read(struct processes *processes);
void processes_fini(struct processes *processes);

/* NULL: none of this user, or it came later. */
const struct process *processes_find(const struct processes *processes, pid_t pid);

#endif
