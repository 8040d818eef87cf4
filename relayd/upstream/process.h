/* SPDX-License-Identifier: MIT */
/*
 * The process that listens on a socket: known by a pidfd, which tells when it ends, and by
 * its start time, by which it is known again after a restart.
 */
#ifndef RELAYD_PROCESS_H
#define RELAYD_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

struct process {
    pid_t pid;      /* 0: unknown */
    uint64_t start; /* its start time (proc(5), field 22 of stat); 0: unknown */
    int fd;         /* a pidfd, which is readable once it has ended (pidfd_open(2)); or -1 */
};

/* Takes hold of a process. Nothing is known afterwards where it does not run, or pid is 0: a
 * process of another pid namespace. */
void process_open(struct process *process, pid_t pid);

/* Takes hold of it again where pid and start, as saved, still name it. Otherwise nothing is
 * known afterwards. */
void process_reopen(struct process *process);

/* Lets go of it, and forgets the pid. */
void process_close(struct process *process);

#endif
