/* SPDX-License-Identifier: MIT */
/* tmux, for what runs in its panes. It copies SSH_AUTH_SOCK from whoever attaches; our lines in its
 * configuration have it leave the variable alone. A server reads that file only when it starts, so the
 * servers that run are told the same by the same script: tmux, called by it, speaks to the server that
 * $TMUX names. */
#include "config.h"

#include "relayctl/setup/steps.h"

#include "relayctl/account/run.h"
#include "relayctl/setup/relay.h"
#include "relayctl/setup/texts.h"
#include "relayd/base/util.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PURPOSE "each new pane of tmux uses the relay"
#define TMUX_MS 2000 /* a server that hangs is left alone */

/* How sh speaks to the server that $TMUX names: $socket is no longer copied over. A list that differs
 * by version is read, not assumed. Each line ends where the next can follow without a newline. */
static const char *const does[] = {
    "[ -n \"$socket\" ] && names=$(tmux show-options -gv update-environment) || exit 0;",
    "set -f;",
    "kept=;",
    "for name in $names; do [ \"$name\" = SSH_AUTH_SOCK ] || kept=\"$kept $name\"; done;",
    "tmux set-option -g update-environment \"${kept# }\";",
    "tmux set-environment -g SSH_AUTH_SOCK \"$socket\";",
    "for session in $(tmux list-sessions -F \"#{session_id}\" 2>/dev/null); do",
    "tmux set-environment -t \"$session\" -u SSH_AUTH_SOCK;",
    "done",
    NULL,
};

static const char *const undoes[] = {
    "set -f;",
    "kept=;",
    "for name in $(tmux show-options -gv update-environment); do",
    "[ \"$name\" = SSH_AUTH_SOCK ] || kept=\"$kept $name\";",
    "done;",
    "tmux set-option -g update-environment \"${kept# } SSH_AUTH_SOCK\";",
    "if [ -n \"$newest\" ]; then tmux set-environment -g SSH_AUTH_SOCK \"$newest\";",
    "else tmux set-environment -gu SSH_AUTH_SOCK; fi",
    NULL,
};

/* Succeeds where that is how the server is. */
static const char *const asks[] = {
    "[ \"$(tmux show-environment -g SSH_AUTH_SOCK 2>/dev/null)\" = \"SSH_AUTH_SOCK=$socket\" ] || exit 1;",
    "tmux show-options -gv update-environment | grep -qx SSH_AUTH_SOCK && exit 1;",
    "for session in $(tmux list-sessions -F \"#{session_id}\" 2>/dev/null); do",
    "! tmux show-environment -t \"$session\" SSH_AUTH_SOCK >/dev/null 2>&1 || exit 1;",
    "done",
    NULL,
};

/* A script for sh, on the heap, about the agent socket; NULL when out of memory. */
static char *script(const struct setup *setup, const char *const lines[])
{
    struct status status = {0};
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);

    if (file == NULL)
        return NULL;
    relay_status(setup, &status);
    fputs("socket=", file);
    shell_put(file, SHELL_SH, setup->socket);
    fputs(" newest=", file);
    shell_put(file, SHELL_SH, relay_newest(&status));
    status_fini(&status);
    for (; *lines != NULL; lines++)
        fprintf(file, "\n%s", *lines);
    return text_finish(file, &text);
}

/* Puts text into single quotes of tmux, which expands formats in what run-shell is given. */
static void put_quoted(FILE *file, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            fputs("'\\''", file);
        else if (*text == '#')
            fputs("##", file);
        else
            putc(*text, file);
    }
}

/* The loop that finds relayctl, in one line. */
static char *search(const struct setup *setup)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);

    if (file == NULL)
        return NULL;
    fputs("for relayd_ctl in", file);
    text_put_places(file, setup, SHELL_SH);
    fputs("; do socket=$(\"$relayd_ctl\"", file);
    text_put_dir(file, setup, SHELL_SH);
    fputs(" path 2>/dev/null) && break; done;", file);
    return text_finish(file, &text);
}

/* The block for the configuration: the same, after a search for relayctl. */
static char *config(const struct setup *setup)
{
    char *text = NULL, *finds = search(setup);
    size_t size;
    FILE *file = finds != NULL ? open_memstream(&text, &size) : NULL;

    if (file != NULL) {
        fputs("# New panes use the relay: tmux does not copy SSH_AUTH_SOCK from who attaches.\n"
              "run-shell '", file);
        put_quoted(file, finds);
        for (const char *const *line = does; *line != NULL; line++) {
            fputs(" \\\n  ", file);
            put_quoted(file, *line);
        }
        fputs("'\n", file);
    }
    free(finds);
    return file != NULL ? text_finish(file, &text) : NULL;
}

/* The file that tmux reads, relative to the home or to the directory for configuration; the first is
 * the one that is made where there is none. */
static char *find_config(const struct setup *setup)
{
    const struct account *account = &setup->account;
    char *path = account_path(account, ".tmux.conf");
    char *other;

    if (path == NULL || access(path, F_OK) == 0)
        return path;
    if (asprintf(&other, "%s/tmux/tmux.conf", account->config_home) < 0) {
        free(path);
        return NULL;
    }
    if (access(other, F_OK) < 0) {
        free(other);
        return path;
    }
    free(path);
    return other;
}

static int plan_config(struct setup *setup)
{
    char *path = find_config(setup);
    char *body = config(setup);
    int r = -ENOMEM;

    if (path != NULL && body != NULL)
        r = setup_plan_block(setup, PURPOSE, path, "tmux", BLOCK_LAST, body, NULL, NULL, 0644);
    free(body);
    free(path);
    return r;
}

/* Runs script for the server at socket. Returns its exit status. */
static int tell_server(const char *socket, const char *script)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    char *value;
    int status;

    if (asprintf(&value, "%s,0,0", socket) < 0)
        return RUN_NOT_THERE;
    setenv("TMUX", value, 1);
    status = run_program(argv, NULL, 0, RUN_STDOUT, NULL, TMUX_MS);
    free(value);
    return status;
}

/* What is run for a server: its socket, and the script behind it. */
struct server {
    const char *socket, *script; /* both in text */
    char text[];
};

static struct server *server_new(const char *socket, const char *script)
{
    size_t n = strlen(socket) + 1, m = strlen(script) + 1;
    struct server *server = malloc(sizeof(*server) + n + m);

    if (server == NULL)
        return NULL;
    server->socket = memcpy(server->text, socket, n);
    server->script = memcpy(server->text + n, script, m);
    return server;
}

static int carry_out_server(struct change *change)
{
    const struct server *server = change->arg;
    int status = tell_server(server->socket, server->script);

    if (status == 0)
        return 0;
    snprintf(change->why, sizeof(change->why), "tmux does not do it: tmux -S %s info says more",
             server->socket);
    return -EIO;
}

static int add_server(struct setup *setup, const char *socket, const char *script)
{
    const char *name = strrchr(socket, '/') + 1;
    struct change *change;
    char *what;

    if (asprintf(&what, "tmux server %s", name) < 0)
        return -ENOMEM;
    change = setup_add(setup, "its new panes use the relay", what);
    free(what);
    if (change == NULL)
        return -ENOMEM;
    change->carry_out = carry_out_server;
    change->arg = server_new(socket, script);
    if (setup->is_undo)
        change->note = strdup("it copies SSH_AUTH_SOCK again");
    if (asprintf(&change->command, "tmux -S %s set-environment -g%s SSH_AUTH_SOCK%s%s", socket,
                 setup->is_undo ? "u" : "", setup->is_undo ? "" : " ",
                 setup->is_undo ? "" : setup->socket) < 0)
        change->command = NULL;
    return change->arg != NULL && change->command != NULL ? 0 : -ENOMEM;
}

/* Servers that lead to the relay already are set up; the others can have nothing to take back. */
static int plan_server(struct setup *setup, const char *socket)
{
    char *is_right = script(setup, asks), *mends = script(setup, setup->is_undo ? undoes : does);
    int r = is_right != NULL && mends != NULL ? 0 : -ENOMEM;

    if (r == 0 && tell_server(socket, "tmux list-sessions") == 0 &&
        (tell_server(socket, is_right) == 0) == setup->is_undo)
        r = add_server(setup, socket, mends);
    free(mends);
    free(is_right);
    return r;
}

static int plan_entry(struct setup *setup, const char *dir, const char *name)
{
    char *socket;
    struct stat st;
    int r = 0;

    if (asprintf(&socket, "%s/%s", dir, name) < 0)
        return -ENOMEM;
    if (lstat(socket, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_uid == setup->account.uid)
        r = plan_server(setup, socket);
    free(socket);
    return r;
}

static int plan_servers(struct setup *setup)
{
    const char *above = getenv("TMUX_TMPDIR");
    struct dirent **names;
    struct stat st;
    char *dir;
    int n, r = 0;

    if (asprintf(&dir, "%s/tmux-%lu", above != NULL && above[0] != '\0' ? above : "/tmp",
                 (unsigned long)setup->account.uid) < 0)
        return -ENOMEM;
    /* Another's directory could have us speak to a server of theirs. */
    n = lstat(dir, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == setup->account.uid
        ? scandir(dir, &names, NULL, alphasort) : -1;
    for (int i = 0; i < n; i++) {
        if (r == 0)
            r = plan_entry(setup, dir, names[i]->d_name);
        free(names[i]);
    }
    if (n >= 0)
        free(names);
    free(dir);
    return r;
}

int tmux_plan(struct setup *setup)
{
    char *mine = getenv("TMUX"), *kept;
    int r;

    if (!account_has_program("tmux"))
        return 0;
    kept = mine != NULL ? strdup(mine) : NULL;
    r = plan_config(setup);
    if (r == 0)
        r = plan_servers(setup);
    if (kept != NULL)
        setenv("TMUX", kept, 1);
    else
        unsetenv("TMUX");
    free(kept);
    return r;
}
