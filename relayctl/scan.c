/* SPDX-License-Identifier: MIT */
/* Looking for logins. The first process of each login was given the name of its socket by the
 * server, whatever server that is and wherever it puts its sockets. Where that process has gone, or
 * lets nobody look into it, the socket is found by the places that servers use:
 *
 *     /tmp/ssh-XXXXXXXXXX/agent.PID              OpenSSH to 10.0; PID is the sshd's
 *     ~/.ssh/agent/s.HASH.sshd.RANDOM            OpenSSH from 10.1
 *     /tmp/ssh-XXXXXXXXXXXX/agent.sshd.PID       OpenSSH from 10.6, AgentSocketPath shared:/tmp
 *     /tmp/dropbear-XXXXXXXX/auth-XXXXXXXX-FD    dropbear
 *     $TMPDIR/auth-agentN/listener.sock          servers in Go (gliderlabs/ssh)
 *
 * OpenSSH's own agent uses the first three with other names in them: the PID is not an sshd's, and
 * "agent" or "local" stands for "sshd". Other users' directories are passed over unread, for there may be
 * thousands of them. */
#include "config.h"

#include "relayctl/scan.h"

#include "relayd/base/sock.h"
#include "relayd/base/util.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A relayd's directory has these. */
#define AGENT_NAME "/agent.sock"
#define CONTROL_NAME "/control.sock"

/* Whether it is the agent socket of a relayd, this one or another: they stand beside a control
 * socket. */
static bool is_relay(const char *path)
{
    size_t length = strlen(path) - strlen(AGENT_NAME);
    char control[PATHS_MAX];
    struct stat st;

    if (strlen(path) < strlen(AGENT_NAME) || strcmp(path + length, AGENT_NAME) != 0)
        return false;
    return (size_t)snprintf(control, sizeof(control), "%.*s" CONTROL_NAME, (int)length, path) <
               sizeof(control) &&
           lstat(control, &st) == 0 && S_ISSOCK(st.st_mode);
}

static bool is_known(const struct scan *scan, const char *path)
{
    for (size_t i = 0; i < scan->n; i++) {
        if (strcmp(scan->found[i].path, path) == 0)
            return true;
    }
    return false;
}

/* Past SCAN_MAX they are left out. */
static int add(struct scan *scan, const char *name)
{
    char *path = login_real(name);
    struct scan_found *found = &scan->found[scan->n];
    struct stat st;

    if (path == NULL)
        return -ENOMEM;
    if (scan->n == SCAN_MAX || lstat(path, &st) < 0 || !S_ISSOCK(st.st_mode) ||
        !sock_uid_is_trusted(st.st_uid) || is_relay(path) || is_known(scan, path)) {
        free(path);
        return 0;
    }
    *found = (struct scan_found){.path = path, .made = st.st_mtim};
    scan->n++;
    return 0;
}

/* Whether the server started it for a login: what it has, its parent has not. */
static bool begins_login(const struct scan *scan, const struct process *process)
{
    const struct process *parent = processes_find(&scan->processes, process->parent);

    return process_variable(process, "SSH_CONNECTION") != NULL &&
           (parent == NULL || process_variable(parent, "SSH_CONNECTION") == NULL);
}

static int add_given(struct scan *scan)
{
    int r = 0;

    for (size_t i = 0; i < scan->processes.n && r == 0; i++) {
        const struct process *process = &scan->processes.list[i];
        const char *path = process_variable(process, "SSH_AUTH_SOCK");

        if (path != NULL && path[0] == '/' && begins_login(scan, process))
            r = add(scan, path);
    }
    return r;
}

/* agent.PID, agent.sshd.PID: of a login where that is an sshd of ours. Where /proc hides it (hidepid)
 * it is at least alive. */
static bool is_of_sshd(const struct scan *scan, const char *name)
{
    const struct process *process;
    uint64_t pid;

    if (parse_u64(strrchr(name, '.') + 1, &pid) < 0 || pid == 0 || pid > INT32_MAX)
        return false;
    process = processes_find(&scan->processes, (pid_t)pid);
    if (process != NULL)
        return process_is_sshd(process);
    return kill((pid_t)pid, 0) == 0;
}

struct layout {
    const char *dir;  /* a pattern, of a directory in `parent` */
    const char *name; /* a pattern, of the socket in it */
    bool has_pid;     /* behind its last dot */
};

/* Those of one directory of ours. */
static int look_in(struct scan *scan, const char *path, const struct layout *layout)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    int r = 0;

    while (dir != NULL && r == 0 && (entry = readdir(dir)) != NULL) {
        char name[PATH_MAX];

        if (fnmatch(layout->name, entry->d_name, 0) == 0 &&
            (!layout->has_pid || is_of_sshd(scan, entry->d_name)) &&
            snprintf(name, sizeof(name), "%s/%s", path, entry->d_name) < (int)sizeof(name))
            r = add(scan, name);
    }
    if (dir != NULL)
        closedir(dir);
    return r;
}

static bool is_ours(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

static int look_below(struct scan *scan, const char *parent)
{
    static const struct layout layouts[] = {
        {"ssh-*", "agent.[0-9]*", true},
        {"ssh-*", "agent.sshd.[0-9]*", true},
        {"dropbear-*", "auth-*", false},
        {"auth-agent*", "listener.sock", false},
    };
    DIR *dir = opendir(parent);
    struct dirent *entry;
    int r = 0;

    while (dir != NULL && r == 0 && (entry = readdir(dir)) != NULL) {
        char path[PATH_MAX];

        for (size_t i = 0; i < ARRAY_SIZE(layouts) && r == 0; i++) {
            if (fnmatch(layouts[i].dir, entry->d_name, 0) == 0 &&
                snprintf(path, sizeof(path), "%s/%s", parent, entry->d_name) < (int)sizeof(path) &&
                is_ours(path))
                r = look_in(scan, path, &layouts[i]);
        }
    }
    if (dir != NULL)
        closedir(dir);
    return r;
}

static int look_at_home(struct scan *scan)
{
    static const struct layout layout = {"", "s.*.sshd.*", false};
    const struct passwd *pw = getpwuid(geteuid());
    char path[PATH_MAX];

    if (pw == NULL ||
        snprintf(path, sizeof(path), "%s/.ssh/agent", pw->pw_dir) >= (int)sizeof(path))
        return 0;
    return look_in(scan, path, &layout);
}

static const char *look_at_process(const void *process, const char *name)
{
    return process_variable(process, name);
}

/* Of a process that has the socket; the first one is the login's own. A shell that uses relayd has
 * it in RELAYD_UPSTREAM. */
static void add_facts(struct scan *scan, struct scan_found *found)
{
    for (size_t i = 0; i < scan->processes.n; i++) {
        const struct process *process = &scan->processes.list[i];
        const char *given = process_variable(process, "SSH_AUTH_SOCK");
        const char *kept = process_variable(process, "RELAYD_UPSTREAM");

        if ((given != NULL && strcmp(given, found->path) == 0) ||
            (kept != NULL && strcmp(kept, found->path) == 0)) {
            found->login = login_by(look_at_process, process);
            return;
        }
    }
}

static int compare(const void *a, const void *b)
{
    const struct timespec *x = &((const struct scan_found *)a)->made;
    const struct timespec *y = &((const struct scan_found *)b)->made;

    if (x->tv_sec != y->tv_sec)
        return x->tv_sec < y->tv_sec ? -1 : 1;
    return x->tv_nsec < y->tv_nsec ? -1 : x->tv_nsec > y->tv_nsec;
}

int scan_find(struct scan *scan)
{
    const char *tmp = getenv("TMPDIR");
    int r;

    memset(scan, 0, sizeof(*scan));
    r = processes_read(&scan->processes);
    if (r != -ENOMEM)
        r = add_given(scan);
    if (r == 0)
        r = look_below(scan, "/tmp");
    if (r == 0 && tmp != NULL && tmp[0] == '/')
        r = look_below(scan, tmp);
    if (r == 0)
        r = look_at_home(scan);
    for (size_t i = 0; i < scan->n; i++)
        add_facts(scan, &scan->found[i]);
    qsort(scan->found, scan->n, sizeof(scan->found[0]), compare);
    return r;
}

void scan_fini(struct scan *scan)
{
    for (size_t i = 0; i < scan->n; i++)
        free(scan->found[i].path);
    processes_fini(&scan->processes);
}
