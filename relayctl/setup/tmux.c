/* SPDX-License-Identifier: MIT */
/* tmux, for what runs in its panes. It copies SSH_AUTH_SOCK from whoever attaches; our lines in its
 * configuration have it leave the variable alone. A server reads that file only when it starts, so the
 * servers that run are told the same by the same script. */
#include "config.h"

#include "relayctl/setup/steps.h"

#include "relayctl/account/run.h"
#include "relayctl/setup/scripts.h"
#include "relayd/base/util.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TMUX_MS 5000 /* for a dozen calls of tmux; a server that hangs is left alone */

/* The arrangements that are to be made, or taken back; NULL at the end. */
static const struct arrangement *const *wanted(const struct setup *setup)
{
    static const struct arrangement *const all[] = {&scripts_socket, &scripts_follow, NULL};
    static const struct arrangement *const usual[] = {&scripts_socket, NULL};

    return setup->is_undo || setup->is_follow ? all : usual;
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

bool tmux_is_told_to_follow(const struct setup *setup)
{
    char *path = find_config(setup);
    struct document *document = path != NULL ? setup_open(setup, path) : NULL;
    bool is = document != NULL && block_find(document->text, document->size,
                                             scripts_follow.block).state != BLOCK_MISSING;

    setup_close(document);
    free(path);
    return is;
}

static int plan_config(struct setup *setup, const struct arrangement *arrangement)
{
    char *path = find_config(setup);
    char *body = scripts_config(setup, arrangement);
    int r = -ENOMEM;

    if (path != NULL && body != NULL)
        r = setup_plan_block(setup, arrangement->purpose, path, arrangement->block, BLOCK_LAST,
                             body, NULL, NULL, 0644);
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

static int add_server(struct setup *setup, const struct arrangement *arrangement,
                      const char *socket, const char *script)
{
    const char *name = strrchr(socket, '/') + 1;
    struct change *change;
    char *what;

    if (asprintf(&what, "tmux server %s", name) < 0)
        return -ENOMEM;
    change = setup_add(setup, arrangement->for_server, what);
    free(what);
    if (change == NULL)
        return -ENOMEM;
    change->carry_out = carry_out_server;
    change->arg = server_new(socket, script);
    if (setup->is_undo)
        change->note = strdup(arrangement->undone);
    change->command = scripts_shown(setup, arrangement, socket);
    return change->arg != NULL && change->command != NULL ? 0 : -ENOMEM;
}

static int plan_arrangement(struct setup *setup, const struct arrangement *arrangement,
                            const char *socket)
{
    char *asks = scripts_question(setup, arrangement), *mends = scripts_change(setup, arrangement);
    int r = asks != NULL && mends != NULL ? 0 : -ENOMEM;

    if (r == 0 && (tell_server(socket, asks) == 0) == setup->is_undo)
        r = add_server(setup, arrangement, socket, mends);
    free(mends);
    free(asks);
    return r;
}

static int plan_server(struct setup *setup, const char *socket)
{
    int r = 0;

    if (tell_server(socket, "tmux list-sessions") != 0)
        return 0;
    for (const struct arrangement *const *at = wanted(setup); *at != NULL && r == 0; at++)
        r = plan_arrangement(setup, *at, socket);
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
    int r = 0;

    if (!account_has_program("tmux"))
        return 0;
    kept = mine != NULL ? strdup(mine) : NULL;
    for (const struct arrangement *const *at = wanted(setup); *at != NULL && r == 0; at++)
        r = plan_config(setup, *at);
    if (r == 0)
        r = plan_servers(setup);
    if (kept != NULL)
        setenv("TMUX", kept, 1);
    else
        unsetenv("TMUX");
    free(kept);
    return r;
}
