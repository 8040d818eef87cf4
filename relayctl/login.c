/* SPDX-License-Identifier: MIT */
/* The login, as its environment tells it. A shell that has run `relayctl env` has the agent socket
 * in SSH_AUTH_SOCK, and the login's own in RELAYD_UPSTREAM. An old pane may have a symlink to the
 * agent socket. That may be missing at the moment, so names are compared by where they lead, and
 * not by inode. */
#include "config.h"

#include "relayctl/login.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINKS_MAX 40 /* as in the kernel */

/* Replaces name, a symlink, by what it leads to. Returns false where it is no symlink. */
static bool follow(char name[PATH_MAX])
{
    char target[PATH_MAX], joined[2 * PATH_MAX];
    ssize_t n = readlink(name, target, sizeof(target) - 1);
    char *slash = strrchr(name, '/');

    if (n <= 0 || slash == NULL)
        return false;
    target[n] = '\0';
    if (target[0] == '/')
        snprintf(joined, sizeof(joined), "%s", target);
    else
        snprintf(joined, sizeof(joined), "%.*s/%s", (int)(slash - name), name, target);
    if (strlen(joined) >= PATH_MAX)
        return false;
    strcpy(name, joined);
    return true;
}

/* Where path leads. Its last component may be missing, at which realpath(3) would give up. */
static void resolve(const char *path, char name[PATH_MAX])
{
    char real[PATH_MAX], joined[2 * PATH_MAX];
    char *slash;

    snprintf(name, PATH_MAX, "%s", path);
    for (int i = 0; i < LINKS_MAX && follow(name); i++)
        ;
    slash = strrchr(name, '/');
    if (slash == NULL || slash == name)
        return;
    *slash = '\0';
    if (realpath(name, real) == NULL)
        strcpy(real, name);
    snprintf(joined, sizeof(joined), "%s/%s", strcmp(real, "/") == 0 ? "" : real, slash + 1);
    *slash = '/';
    if (strlen(joined) < PATH_MAX)
        strcpy(name, joined);
}

/* A link of /proc may lead where no other name does: into another mount namespace, or to a file
 * that was removed. But "self" is somebody else to relayd. */
static bool is_magic(const char *path)
{
    return strncmp(path, "/proc/", 6) == 0 && strncmp(path, "/proc/self/", 11) != 0 &&
           strncmp(path, "/proc/thread-self/", 18) != 0;
}

char *login_real(const char *path)
{
    char name[PATH_MAX];

    if (is_magic(path) || strlen(path) >= PATH_MAX)
        return strdup(path);
    resolve(path, name);
    return strdup(name);
}

bool login_is_same(const char *a, const char *b)
{
    char at_a[PATH_MAX], at_b[PATH_MAX];

    if (strcmp(a, b) == 0)
        return true;
    resolve(a, at_a);
    resolve(b, at_b);
    return strcmp(at_a, at_b) == 0;
}

/* The variable's value as an absolute path. NULL where it is not set, or is the agent socket:
 * sets *is_agent then. */
static char *socket_in(const char *variable, const struct paths *paths, bool *is_agent)
{
    const char *value = getenv(variable);
    char *path;

    *is_agent = false;
    if (value == NULL || value[0] == '\0')
        return NULL;
    path = paths_absolute(value);
    if (path == NULL || !login_is_same(path, paths->agent))
        return path;
    *is_agent = true;
    free(path);
    return NULL;
}

char *login_socket(const struct paths *paths)
{
    bool is_agent;
    char *path = socket_in("SSH_AUTH_SOCK", paths, &is_agent);

    return is_agent ? socket_in("RELAYD_UPSTREAM", paths, &is_agent) : path;
}

/* A variable of the login, but not within tmux: there all but SSH_CONNECTION, which follows the
 * client that attached, is of the login that started the server. */
static const char *fact_in(const char *variable)
{
    return getenv("TMUX") == NULL ? getenv(variable) : NULL;
}

const char *login_label(void)
{
    const char *label = fact_in(LOGIN_LABEL);

    if (label == NULL)
        label = fact_in(LOGIN_LABEL_KEPT);
    return label != NULL && label[0] != '\0' && strlen(label) <= PROTO_FACT_MAX ? label : NULL;
}

bool login_is_remote(void)
{
    const char *connection = getenv("SSH_CONNECTION");

    return connection != NULL && connection[0] != '\0';
}

void login_add_facts(struct proto_buf *request)
{
    proto_add(request, "connection", getenv("SSH_CONNECTION"));
    proto_add(request, "tty", fact_in("SSH_TTY"));
}
