/* SPDX-License-Identifier: MIT */
/* Processes. What one was started with is what its login had, whatever a shell has exported since.
 * A process may overwrite that place, as those do that change their title: so it is text from
 * elsewhere, and may be anything. */
#include "config.h"

#include "relayctl/process.h"

#include "relayd/base/util.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define FILE_MAX ((size_t)1 << 21) /* execve(2) takes no larger environment by default */
#define FILE_FIRST 4096
#define PROCESSES_MAX 32768

static int open_file(pid_t pid, const char *name)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    return open(path, O_RDONLY | O_CLOEXEC);
}

/* The whole file with a NUL behind it. NULL, with errno, where it cannot be read. */
static char *read_file(pid_t pid, const char *name, size_t *size)
{
    int fd = open_file(pid, name);
    size_t have = 0, room = FILE_FIRST;
    char *text = fd < 0 ? NULL : malloc(room + 1);
    ssize_t n = -1;

    while (text != NULL && (n = read(fd, text + have, room - have)) > 0) {
        char *more;

        have += (size_t)n;
        if (have < room)
            continue;
        if (room >= FILE_MAX)
            break;
        room *= 2;
        more = realloc(text, room + 1);
        if (more == NULL)
            break;
        text = more;
    }
    if (text != NULL && n < 0) {
        free(text);
        text = NULL;
    }
    if (text != NULL)
        text[have] = '\0';
    close_fd(fd);
    *size = have;
    return text;
}

/* A number in a line of /proc/PID/status, such as "\nPPid:\t1". */
static long number_behind(const char *status, const char *name)
{
    const char *at = strstr(status, name);
    long number = -1;

    if (at != NULL)
        sscanf(at + strlen(name), "%ld", &number);
    return number;
}

/* /proc/PID itself belongs to root where the process lets nobody look into it, as an sshd does: so
 * whose it is stands in its status. */
static int read_status(struct process *process)
{
    size_t size;
    char *status = read_file(process->pid, "status", &size);
    bool is_ours = status != NULL && number_behind(status, "\nUid:") == (long)geteuid();

    if (is_ours) {
        process->parent = (pid_t)number_behind(status, "\nPPid:");
        if (sscanf(status, "Name:\t%63[^\n]", process->name) != 1)
            process->name[0] = '\0';
    }
    free(status);
    return is_ours ? 0 : -ESRCH;
}

int process_read(struct process *process, pid_t pid)
{
    int r;

    *process = (struct process){.pid = pid};
    r = read_status(process);
    if (r < 0)
        return r;
    process->environment = read_file(pid, "environ", &process->size);
    return process->environment == NULL && errno == ENOMEM ? -ENOMEM : 0;
}

void process_fini(struct process *process)
{
    free(process->environment);
    process->environment = NULL;
}

/* The first variable from `at` on that begins so, or NULL. */
static const char *find(const struct process *process, const char *prefix, const char *at)
{
    const char *end = process->environment + process->size;
    size_t length = strlen(prefix);

    for (; at != NULL && at < end; at += strlen(at) + 1) {
        if (strncmp(at, prefix, length) == 0)
            return at;
    }
    return NULL;
}

const char *process_variable(const struct process *process, const char *name)
{
    const char *at = process->environment;
    size_t length = strlen(name);

    while ((at = find(process, name, at)) != NULL && at[length] != '=')
        at += strlen(at) + 1;
    return at != NULL ? at + length + 1 : NULL;
}

/* The seventh field of /proc/PID/stat; a name with blanks and parentheses stands before it. */
dev_t process_terminal(const struct process *process)
{
    size_t size;
    char *stat = read_file(process->pid, "stat", &size);
    const char *at = stat != NULL ? strrchr(stat, ')') : NULL;
    unsigned number = 0;

    if (at != NULL && sscanf(at, ") %*c %*d %*d %*d %u", &number) != 1)
        number = 0;
    free(stat);
    return number == 0 ? 0 : makedev(number >> 8 & 0xfff, (number & 0xff) | (number >> 12 & 0xfff00));
}

bool process_has(const struct process *process, const char *prefix)
{
    return find(process, prefix, process->environment) != NULL;
}

bool process_is_sshd(const struct process *process)
{
    return strncmp(process->name, "sshd", strlen("sshd")) == 0;
}

static int add(struct processes *processes, pid_t pid)
{
    struct process process;
    void *list;
    int r = process_read(&process, pid);

    if (r < 0)
        return r == -ESRCH ? 0 : r;
    list = reallocarray(processes->list, processes->n + 1, sizeof(*processes->list));
    if (list == NULL) {
        process_fini(&process);
        return -ENOMEM;
    }
    processes->list = list;
    processes->list[processes->n++] = process;
    return 0;
}

static int compare(const void *a, const void *b)
{
    pid_t x = ((const struct process *)a)->pid, y = ((const struct process *)b)->pid;

    return x < y ? -1 : x > y;
}

int processes_read(struct processes *processes)
{
    DIR *dir = opendir("/proc");
    struct dirent *entry;
    int r = 0;

    if (dir == NULL)
        return -errno;
    while (r == 0 && processes->n < PROCESSES_MAX && (entry = readdir(dir)) != NULL) {
        uint64_t pid;

        if (parse_u64(entry->d_name, &pid) == 0)
            r = add(processes, (pid_t)pid);
    }
    closedir(dir);
    if (processes->n > 0)
        qsort(processes->list, processes->n, sizeof(*processes->list), compare);
    return r;
}

void processes_fini(struct processes *processes)
{
    for (size_t i = 0; i < processes->n; i++)
        process_fini(&processes->list[i]);
    free(processes->list);
}

const struct process *processes_find(const struct processes *processes, pid_t pid)
{
    const struct process key = {.pid = pid};

    return processes->n == 0 ? NULL : bsearch(&key, processes->list, processes->n,
                                              sizeof(*processes->list), compare);
}
