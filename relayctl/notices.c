/* SPDX-License-Identifier: MIT */
/* Notices. The picture may be in the best of orders while the person who looks at it has no use of
 * it, since the shell, a link or the running program is of an earlier day. Only what is certain is
 * told, and only what one line mends. */
#include "config.h"

#include "relayctl/notices.h"

#include "relayctl/login.h"
#include "relayctl/shell.h"
#include "relayctl/text.h"
#include "relayd/base/utf8.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Adds one, with that text, and returns it for its cure; NULL where there is no room. */
static struct notice *add(struct notices *notices, const char *text)
{
    struct notice *notice;

    if (notices->n == NOTICES_MAX)
        return NULL;
    notice = &notices->notice[notices->n++];
    utf8_format(notice->text, sizeof(notice->text), "%s", text);
    notice->cure[0] = '\0';
    return notice;
}

static bool is_registered(const struct status *status, const char *path)
{
    char *real = login_real(path);
    bool is = status_find(status, "path", real) != NULL;

    free(real);
    return is;
}

/* A service and a script have their reasons: a shell is where a terminal is. */
static bool is_person_here(void)
{
    return isatty(STDIN_FILENO) || isatty(STDOUT_FILENO) || isatty(STDERR_FILENO);
}

static void find_shell(struct notices *notices, const struct command *cmd,
                       const struct status *status)
{
    const char *value = getenv("SSH_AUTH_SOCK");
    bool is_set = value != NULL && value[0] != '\0';
    char *path = is_set ? paths_absolute(value) : NULL;
    struct notice *notice = NULL;

    /* What uses the first need not use one with a name. */
    if (is_person_here() && cmd->paths.name[0] == '\0' && !(path != NULL && login_is_same(path, cmd->paths.agent)))
        notice = add(notices, "this shell does not use relayd");
    /* An agent that relayd does not know would be lost to the shell, so that is registered as well. */
    if (notice != NULL)
        command_env_line(cmd, path == NULL || is_registered(status, path) ? "" : " --register",
                         notice->cure, sizeof(notice->cure));
    free(path);
}

static void format_restart(const struct command *cmd, const struct status *status, char *out,
                           size_t size)
{
    char self[COMMAND_SELF_MAX], unit[PATHS_UNIT_MAX], option[PATHS_OPTION_MAX];

    command_self(cmd, self);
    if (proto_get_flag(&status->daemon, "activated"))
        snprintf(out, size, "systemctl --user restart %s",
                 paths_unit(&cmd->paths, "service", unit));
    else
        snprintf(out, size, "%s stop && " RELAYD_NAME "%s --daemon", self,
                 paths_option(&cmd->paths, option));
}

static void find_older_program(struct notices *notices, const struct command *cmd,
                               const struct status *status)
{
    const char *version = status_text(&status->daemon, "version");
    const char *program = status_text(&status->daemon, "program");
    int order = strverscmp(version, PACKAGE_VERSION);
    char text[NOTICE_TEXT_MAX];
    struct notice *notice;

    if (order == 0 && program[0] == '\0')
        return;
    if (strcmp(program, "removed") == 0)
        snprintf(text, sizeof(text), "relayd's program has been removed: it runs on until it is stopped");
    else if (order == 0)
        snprintf(text, sizeof(text), "relayd runs an older program than is installed");
    else
        snprintf(text, sizeof(text), "relayd is %.32s, relayctl " PACKAGE_VERSION "%s", version,
                 order < 0 || program[0] != '\0' ? ": it runs an older program"
                           : ": another relayctl was installed with it");
    notice = add(notices, text);
    if (notice != NULL && strcmp(program, "removed") != 0 && (order <= 0 || program[0] != '\0'))
        format_restart(cmd, status, notice->cure, sizeof(notice->cure));
}

/* Whether a link of that name to target is one for an agent's socket. Names are the customary
 * ones; places are those where sshd makes its sockets. */
static bool is_for_agent(const char *name, const char *target)
{
    static const char *const places[] = {"/tmp/ssh-*/agent.*", "/tmp/dropbear-*/auth-*",
                                         "*/.ssh/agent/s.*", "*/auth-agent*/listener.sock"};

    if (fnmatch("*auth*sock*", name, 0) == 0 || fnmatch("*ssh*agent*sock*", name, 0) == 0)
        return true;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (fnmatch(places[i], target, 0) == 0)
            return true;
    }
    return false;
}

static bool is_plain_name(const char *name)
{
    return name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")] ==
           '\0';
}

static void look_at_link(struct notices *notices, const struct command *cmd, const char *dir,
                         const char *shown, const char *name)
{
    char path[PATH_MAX], target[PATH_MAX], self[COMMAND_SELF_MAX], text[2 * PATH_MAX];
    struct notice *notice;
    ssize_t n;

    if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
        return;
    n = readlink(path, target, sizeof(target) - 1);
    if (n <= 0 || !is_plain_name(name))
        return;
    target[n] = '\0';
    if (!is_for_agent(name, target) || login_is_same(path, cmd->paths.agent))
        return;
    snprintf(text, sizeof(text), "%s/%s leads to %.200s, and not to relayd", shown, name, target);
    notice = add(notices, text);
    if (notice == NULL)
        return;
    command_self(cmd, self);
    snprintf(notice->cure, sizeof(notice->cure), "ln -sfn \"$(%s path)\" %s/%.100s", self, shown, name);
}

static void look_at_links(struct notices *notices, const struct command *cmd, const char *dir,
                          const char *shown)
{
    DIR *entries = opendir(dir);
    const struct dirent *entry;

    while (entries != NULL && (entry = readdir(entries)) != NULL) {
        if (entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN)
            look_at_link(notices, cmd, dir, shown, entry->d_name);
    }
    if (entries != NULL)
        closedir(entries);
}

static void find_links(struct notices *notices, const struct command *cmd)
{
    const char *home = getenv("HOME");
    char dir[PATH_MAX];

    if (home == NULL || home[0] != '/' ||
        snprintf(dir, sizeof(dir), "%s/.ssh", home) >= (int)sizeof(dir))
        return;
    look_at_links(notices, cmd, home, "~");
    look_at_links(notices, cmd, dir, "~/.ssh");
}

void notices_find(struct notices *notices, const struct command *cmd, const struct status *status)
{
    find_shell(notices, cmd, status);
    find_older_program(notices, cmd, status);
    find_links(notices, cmd);
}

static void indent(struct printer *out, void *arg)
{
    printer_pad(out, 3);
}

/* A command stays whole. */
static void put_cure(struct printer *out, const char *cure)
{
    char whole[2 * NOTICE_TEXT_MAX];

    text_whole(whole, sizeof(whole), cure);
    printer_text(out, ":", 1);
    if (1 + text_columns(whole, out->has_utf8) > printer_room(out)) {
        printer_end_line(out);
        indent(out, NULL);
    } else {
        printer_text(out, " ", 1);
    }
    printer_wrap(out, whole, indent, NULL);
}

void notices_draw(struct printer *out, const struct notices *notices)
{
    if (notices->n > 0)
        printer_end_line(out);
    for (size_t i = 0; i < notices->n; i++) {
        const struct notice *notice = &notices->notice[i];

        printer_style(out, STYLE_DOUBTFUL);
        printer_text(out, " ! ", 3);
        printer_wrap(out, notice->text, indent, NULL);
        printer_style(out, STYLE_PLAIN);
        if (notice->cure[0] != '\0')
            put_cure(out, notice->cure);
        printer_end_line(out);
    }
}
