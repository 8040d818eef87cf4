/* SPDX-License-Identifier: MIT */
/* The process that listens on a socket. The kernel gives a pid to another process later; pid
 * and start time together name one for good. */
#include "config.h"

#include "relayd/upstream/process.h"

#include "relayd/base/pidfd.h"
#include "relayd/base/util.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A process's start time, or 0. */
static uint64_t start_time(pid_t pid)
{
    char path[32], line[1024];
    unsigned long long start = 0;
    const char *p;
    ssize_t n;
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    n = read(fd, line, sizeof(line) - 1);
    close(fd);
    if (n <= 0)
        return 0;
    line[n] = '\0';
    /* The command, field 2, may hold anything, spaces and ')' included. */
    p = strrchr(line, ')');
    for (int field = 2; p != NULL && field < 22; field++)
        p = strchr(p + 1, ' ');
    return p != NULL && sscanf(p, " %llu", &start) == 1 ? start : 0;
}

void process_open(struct process *process, pid_t pid)
{
    *process = (struct process){.fd = pid > 0 ? pidfd_open(pid, 0) : -1};
    if (process->fd < 0)
        return;
    process->pid = pid;
    process->start = start_time(pid);
}

void process_reopen(struct process *process)
{
    bool is_same = process->pid > 0 && start_time(process->pid) == process->start;

    process_open(process, is_same ? process->pid : 0);
}

void process_close(struct process *process)
{
    close_fd(process->fd);
    *process = (struct process){.fd = -1};
}
