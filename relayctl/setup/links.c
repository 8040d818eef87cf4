/* SPDX-License-Identifier: MIT */
/* Symlinks that a person's own lines have pointed at a login's agent, for panes that are open to use.
 * They are pointed at the agent socket now, so that those panes work at once, and from then on rc's
 * block keeps them there. Taken back, they lead to the newest login that lives: the trick is whole
 * again. A link is replaced as a file is, beside and renamed: no pane finds none. */
#include "config.h"

#include "relayctl/setup/steps.h"

#include "relayctl/account/lines.h"
#include "relayctl/login.h"
#include "relayctl/setup/relay.h"
#include "relayd/base/sock.h"
#include "relayd/base/util.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PURPOSE "open panes use the relay"

struct link {
    const struct command *cmd; /* not owned */
    char path[PATH_MAX];
    char leads_to[PATH_MAX]; /* its text */
    char is_to_lead_to[PATH_MAX];
};

/* Where servers of logins put their sockets. */
static const char *const login_sockets[] = {
    "/tmp/ssh-*/agent.*", "*/.ssh/agent/s.*", "agent/s.*", "/tmp/dropbear-*/auth-*",
    "*/auth-agent*/listener.sock",
};

/* Reads a symlink of ours. Returns whether there is one. */
static bool read_link(const struct setup *setup, const char *path, struct link *link)
{
    struct stat st;
    ssize_t n;

    if (lstat(path, &st) < 0 || !S_ISLNK(st.st_mode) || st.st_uid != setup->account.uid)
        return false;
    n = readlink(path, link->leads_to, sizeof(link->leads_to) - 1);
    if (n <= 0)
        return false;
    link->leads_to[n] = '\0';
    snprintf(link->path, sizeof(link->path), "%s", path);
    link->cmd = setup->cmd;
    return strcmp(path, setup->socket) != 0;
}

static bool is_named(const char *variable, const char *path)
{
    const char *value = getenv(variable);

    return value != NULL && strcmp(value, path) == 0;
}

static bool is_login_socket(const char *path)
{
    for (size_t i = 0; i < ARRAY_SIZE(login_sockets); i++) {
        if (fnmatch(login_sockets[i], path, 0) == 0)
            return true;
    }
    return is_named("SSH_AUTH_SOCK", path) || is_named("RELAYD_UPSTREAM", path);
}

/* What a setup that was killed left beside a link. */
static bool is_leftover(const char *name)
{
    size_t n = strlen(name), suffix = strlen("." RELAYD_NAME);

    return name[0] == '.' && n > suffix + 1 && strcmp(name + n - suffix, "." RELAYD_NAME) == 0;
}

/* Whether the link leads to a link, which is then the one that leads to a socket. */
static bool leads_to_link(const struct link *link)
{
    char path[PATH_MAX];
    int dir = link->leads_to[0] == '/' ? 0 : (int)(strrchr(link->path, '/') + 1 - link->path);
    struct stat st;

    return snprintf(path, sizeof(path), "%.*s%s", dir, link->path, link->leads_to) <
               (int)sizeof(path) &&
           lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

static bool leads_to_relay(const struct setup *setup, const struct link *link)
{
    return strcmp(link->leads_to, setup->socket) == 0 ||
           (!leads_to_link(link) && login_is_same(link->path, setup->socket));
}

/* Whether it leads to what is there and is no socket, or to where only another user's may be. */
static bool leads_to_other(const struct link *link)
{
    struct stat st;

    return stat(link->path, &st) == 0 ? !S_ISSOCK(st.st_mode) : errno == EACCES;
}

/* The login that the link led to serves on, behind the relay: it may have come before there was one.
 * relayd refuses one that is gone, which is no loss; where it refuses one that works, the link stays. */
static int keep_login(struct change *change)
{
    struct link *link = change->arg;
    struct stat st;
    int fd;

    if (stat(link->path, &st) < 0 || !S_ISSOCK(st.st_mode) ||
        relay_take(link->cmd, link->path, change->why, sizeof(change->why)) == 0)
        return 0;
    fd = sock_open(link->path, SOCK_STREAM);
    if (fd < 0 && fd != -EAGAIN) {
        change->why[0] = '\0';
        return 0;
    }
    close_fd(fd);
    return -EPERM;
}

/* Makes a symlink. One that a setup that was killed left there goes; what else has that name is the
 * person's. */
static int make_link(const char *target, const char *path)
{
    struct stat st;

    if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode))
        unlink(path);
    return symlink(target, path) < 0 ? -errno : 0;
}

/* Points the link elsewhere, if it still leads where it did. */
static int replace(struct change *change)
{
    const struct link *link = change->arg;
    const char *name = strrchr(link->path, '/') + 1;
    char beside[PATH_MAX], now[PATH_MAX];
    ssize_t n = readlink(link->path, now, sizeof(now) - 1);
    int r;

    if (n < 0 || strncmp(now, link->leads_to, (size_t)n) != 0 || link->leads_to[n] != '\0')
        return -EBUSY;
    n = snprintf(beside, sizeof(beside), "%.*s.%s." RELAYD_NAME, (int)(name - link->path),
                 link->path, name);
    if (n >= (ssize_t)sizeof(beside))
        return -ENAMETOOLONG;
    r = make_link(link->is_to_lead_to, beside);
    if (r < 0)
        return r;
    if (rename(beside, link->path) == 0)
        return 0;
    r = -errno;
    unlink(beside);
    return r;
}

static int carry_out(struct change *change)
{
    int r = keep_login(change);

    return r == 0 ? replace(change) : r;
}

/* Whether the link is in the plan already. */
static bool is_planned(const struct setup *setup, const char *path)
{
    const struct change *change = setup->changes;

    while (change != NULL && ((change->carry_out != carry_out &&
                               change->carry_out != replace) ||
                              strcmp(((const struct link *)change->arg)->path, path) != 0))
        change = change->next;
    return change != NULL;
}

static struct change *add(struct setup *setup, const struct link *link)
{
    char shown[256];
    struct change *change = setup_add(
        setup, PURPOSE, account_shown(&setup->account, link->path, shown, sizeof(shown)));

    if (change == NULL)
        return NULL;
    change->carry_out = setup->is_undo ? replace : carry_out;
    change->arg = malloc(sizeof(*link));
    if (change->arg == NULL ||
        asprintf(&change->note, setup->is_undo ? "leads to %s again" : "in place of %s",
                 setup->is_undo ? link->is_to_lead_to : link->leads_to) < 0 ||
        asprintf(&change->command, "ln -sfn %s %s", link->is_to_lead_to, link->path) < 0)
        return NULL;
    memcpy(change->arg, link, sizeof(*link));
    return change;
}

static int plan_there(struct setup *setup, struct link *link)
{
    struct change *change;

    if (is_planned(setup, link->path))
        return 0;
    snprintf(link->is_to_lead_to, sizeof(link->is_to_lead_to), "%s", setup->socket);
    change = add(setup, link);
    if (change == NULL)
        return -ENOMEM;
    if (leads_to_relay(setup, link))
        change->state = STEP_THERE;
    return 0;
}

static int plan_back(struct setup *setup, struct link *link, const char *newest)
{
    struct change *change;

    if (!leads_to_relay(setup, link) || is_planned(setup, link->path))
        return 0;
    snprintf(link->is_to_lead_to, sizeof(link->is_to_lead_to), "%s", newest);
    change = add(setup, link);
    if (change == NULL)
        return -ENOMEM;
    if (newest[0] == '\0') {
        change->state = STEP_LEFT_ALONE;
        snprintf(change->why, sizeof(change->why), "no login is there now");
    }
    return 0;
}

static int plan_link(struct setup *setup, struct link *link, bool has_name, const char *newest)
{
    if (setup->is_undo)
        return plan_back(setup, link, newest);
    if (leads_to_other(link))
        return 0;
    if (has_name || is_login_socket(link->leads_to) || leads_to_relay(setup, link))
        return plan_there(setup, link);
    return 0;
}

/* All symlinks of one directory. */
static int plan_dir(struct setup *setup, const char *dir, const char *newest)
{
    DIR *entries = opendir(dir);
    struct dirent *entry;
    int r = 0;

    while (entries != NULL && r == 0 && (entry = readdir(entries)) != NULL) {
        char path[PATH_MAX];
        struct link link;

        if (!is_leftover(entry->d_name) &&
            snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name) < (int)sizeof(path) &&
            read_link(setup, path, &link))
            r = plan_link(setup, &link, false, newest);
    }
    if (entries != NULL)
        closedir(entries);
    return r;
}

/* The last word of `ln ... "$SSH_AUTH_SOCK" ~/.ssh/ssh_auth_sock`, without quotes, from the home. */
static bool find_name(const struct setup *setup, const char *line, size_t size, char out[PATH_MAX])
{
    static const char *const homes[] = {"~/", "$HOME/", "${HOME}/", "/"};
    const char *at = memmem(line, size, "SSH_AUTH_SOCK", 13);
    char word[PATH_MAX];
    size_t n = 0;

    if (at == NULL || memmem(line, (size_t)(at - line), "ln ", 3) == NULL)
        return false;
    at += strcspn(at, " \t\n");
    at += strspn(at, " \t");
    for (; at < line + size && strchr(" \t\r\n;&|)", *at) == NULL && n < sizeof(word) - 1; at++) {
        if (*at != '"' && *at != '\'')
            word[n++] = *at;
    }
    word[n] = '\0';
    for (size_t i = 0; i < ARRAY_SIZE(homes); i++) {
        size_t skip = strlen(homes[i]);

        if (strncmp(word, homes[i], skip) == 0)
            return snprintf(out, PATH_MAX, "%s/%s", i < 3 ? setup->account.home : "", word + skip) <
                   PATH_MAX;
    }
    return false;
}

/* The links that the lines of a file name. */
static int plan_named(struct setup *setup, const char *path, const char *newest)
{
    struct document *document = setup_open(setup, path);
    char name[PATH_MAX];
    struct link link;
    int r = document != NULL ? 0 : -ENOMEM;

    for (size_t at = 0, end; r == 0 && at < document->size; at = end) {
        end = line_end(document->text, document->size, at);
        if (find_name(setup, document->text + at, end - at, name) && read_link(setup, name, &link))
            r = plan_link(setup, &link, true, newest);
    }
    setup_close(document);
    return r;
}

static int plan_all_named(struct setup *setup, const char *newest)
{
    static const char *const names[] = {".ssh/rc", ".bashrc", ".bash_profile", ".bash_login",
                                        ".profile", ".zshenv", ".zprofile", ".zshrc", ".zlogin",
                                        ".config/fish/config.fish"};
    int r = 0;

    for (size_t i = 0; i < ARRAY_SIZE(names) && r == 0; i++) {
        char *path = account_path(&setup->account, names[i]);

        r = path != NULL ? plan_named(setup, path, newest) : -ENOMEM;
        free(path);
    }
    return r;
}

int links_plan(struct setup *setup)
{
    struct status status = {0};
    char *ssh_dir = account_path(&setup->account, ".ssh");
    const char *newest = "";
    int r = ssh_dir != NULL ? 0 : -ENOMEM;

    if (setup->is_undo && relay_status(setup, &status))
        newest = relay_newest(&status);
    if (r == 0)
        r = plan_dir(setup, setup->account.home, newest);
    if (r == 0)
        r = plan_dir(setup, ssh_dir, newest);
    if (r == 0)
        r = plan_all_named(setup, newest);
    status_fini(&status);
    free(ssh_dir);
    return r;
}
