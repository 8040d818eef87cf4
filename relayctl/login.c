/* SPDX-License-Identifier: MIT */
/* The login, as its environment tells it. A shell that has run `relayctl env` has the agent socket
 * in SSH_AUTH_SOCK, and the login's own in RELAYD_UPSTREAM. An old pane may have a symlink to the
 * agent socket. That may be missing at the moment, so names are compared by where they lead, and
 * not by inode. */
#include "config.h"

#include "relayctl/login.h"

#include "relayd/base/proto.h"

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

/* Whether this is the agent socket of that relay, or of the first where name is NULL. */
static bool is_named(const char *path, const char *name)
{
    const struct paths_choice choice = {.name = name};
    struct paths paths;

    return paths_find(&paths, &choice, false) == 0 && strcmp(paths.agent, path) == 0;
}

/* Whether path is the agent socket of this relay, or of another of this user: a login is offered to
 * several, and its own socket is none of theirs. Their directories end in "relayd-NAME", or in
 * "relayd-UID-NAME". */
static bool is_of_relay(const char *path, const struct paths *paths)
{
    char real[PATH_MAX], name[PATH_MAX];
    int start = 0;

    if (login_is_same(path, paths->agent))
        return true;
    resolve(path, real);
    if (is_named(real, NULL))
        return true;
    for (const char *at = real; (at = strstr(at, "/relayd-")) != NULL; at++)
        start = (int)(at - real) + (int)strlen("/relayd-");
    if (start == 0)
        return false;
    start += (int)strspn(real + start, "0123456789-");
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(real + start, "/"), real + start);
    return paths_is_name(name) && is_named(real, name);
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
    if (path == NULL || !is_of_relay(path, paths))
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

struct login login_by(const char *(*look)(const void *arg, const char *name), const void *arg)
{
    /* Within tmux all but SSH_CONNECTION, which follows the client that attached, is of the login
     * that started the server. */
    bool is_tmux = look(arg, "TMUX") != NULL;
    struct login login = {.connection = look(arg, "SSH_CONNECTION")};

    if (is_tmux)
        return login;
    login.tty = look(arg, "SSH_TTY");
    login.label = look(arg, LOGIN_LABEL);
    if (login.label == NULL)
        login.label = look(arg, LOGIN_LABEL_KEPT);
    if (login.label != NULL && (login.label[0] == '\0' || strlen(login.label) > PROTO_FACT_MAX))
        login.label = NULL;
    return login;
}

static const char *look_here(const void *arg, const char *name)
{
    return getenv(name);
}

struct login login_here(void)
{
    return login_by(look_here, NULL);
}

bool login_is_remote(void)
{
    const char *connection = getenv("SSH_CONNECTION");

    return connection != NULL && connection[0] != '\0';
}
