/* SPDX-License-Identifier: MIT */
/* For everybody on this host: sshd's own sshrc, and the files in /etc that shells read before a user's.
 * They do something in ssh logins only: what else runs on a host, its services and its console, is not
 * ours to change. Where a shell has no file in /etc, or has it elsewhere than usual, it has none here. */
#include "config.h"

#include "relayctl/setup/steps.h"

#include "relayctl/setup/texts.h"
#include "relayd/base/util.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PURPOSE "shells of ssh logins use the relay"

/* Below /etc. Of the places of one shell, all that are there are used: none reads two of them. */
static const struct system_file {
    const char *shell;
    const char *dir;    /* must be there */
    const char *name;
    bool is_made;       /* where it is missing: the directory is one of files that are all read */
    bool is_fish;
} files[] = {
    {"sh", "profile.d", RELAYD_NAME ".sh", true, false},
    {"bash", ".", "bash.bashrc", false, false},
    {"bash", ".", "bashrc", false, false},
    {"zsh", "zsh", "zshrc", false, false},
    {"zsh", ".", "zshrc", false, false},
    {"fish", "fish/conf.d", RELAYD_NAME ".fish", true, true},
};

static char *path_of(const struct setup *setup, const struct system_file *file)
{
    char *name, *path;

    if (strcmp(file->dir, ".") == 0)
        return account_path(&setup->account, file->name);
    if (asprintf(&name, "%s/%s", file->dir, file->name) < 0)
        return NULL;
    path = account_path(&setup->account, name);
    free(name);
    return path;
}

static bool is_used(const struct setup *setup, const struct system_file *file, const char *path)
{
    char *dir;
    bool is;

    if (!file->is_made || setup->is_undo)
        return access(path, F_OK) == 0;
    dir = account_path(&setup->account, file->dir);
    is = dir != NULL && access(dir, F_OK) == 0;
    free(dir);
    return is;
}

static int plan_file(struct setup *setup, const struct system_file *file)
{
    char *path = path_of(setup, file);
    char *body = NULL;
    int r = -ENOMEM;

    if (path != NULL && !is_used(setup, file, path)) {
        free(path);
        return 0;
    }
    if (path != NULL)
        body = file->is_fish ? text_fish(setup, TEXT_SSH) : text_shell(setup, TEXT_SSH);
    if (body != NULL)
        r = setup_plan_block(setup, PURPOSE, path, "last", BLOCK_LAST, body, NULL, file->shell, 0644);
    free(body);
    free(path);
    return r;
}

int system_plan(struct setup *setup)
{
    int r = 0;

    for (size_t i = 0; setup->is_system && i < ARRAY_SIZE(files) && r == 0; i++)
        r = plan_file(setup, &files[i]);
    return r;
}
