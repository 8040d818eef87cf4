/* SPDX-License-Identifier: MIT */
/* The files of shells. An interactive shell uses the relay by lines at the end of its file, where they
 * win over keychain and its like. Lines at the top, without a guard, are for files that hide the
 * login's own socket or link it, before rc could say what it is, and for shells that are not
 * interactive: they make whatever stands below see the relay. A file that a shell reads besides its
 * main one counts only for what it does with SSH_AUTH_SOCK. */
#include "config.h"

#include "relayctl/setup/steps.h"

#include "relayctl/account/script.h"
#include "relayctl/account/syntax.h"
#include "relayctl/setup/texts.h"
#include "relayd/base/util.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST "first"
#define LAST "last"
#define PURPOSE "shells use the relay"

enum rule {
    RULE_MAIN,  /* the lines at its end always; made where it is missing */
    RULE_LATE,  /* read after the main one: the lines at its end where it sets SSH_AUTH_SOCK */
    RULE_EARLY, /* read before: nothing at its end */
};

struct shell_file {
    const char *shell; /* that reads it */
    const char *dir;   /* absolute */
    const char *name;
    enum rule rule;
    bool is_read_by_all;  /* shells that are not interactive read it too */
    bool is_every_shells; /* where --every-shell puts its lines */
    bool is_made;         /* where it is missing */
    enum text_when first; /* what the lines at its start wait for */
};

/* Whether the lines of the file would hide the login's own socket, or link it elsewhere. */
static bool hides_login(const struct shell_file *file, const struct script *script)
{
    if (script->links > 0)
        return true;
    if (script->sets == 0)
        return false;
    return script->guard > 0 ? script->sets < script->guard : file->is_read_by_all;
}

static bool has_block(const struct document *document, const char *name)
{
    return block_find(document->text, document->size, name).state != BLOCK_MISSING;
}

static bool needs_first(const struct setup *setup, const struct shell_file *file,
                        const struct script *script, const struct document *document)
{
    return hides_login(file, script) || has_block(document, FIRST) ||
           (setup->is_every_shell && file->is_every_shells);
}

static bool needs_last(const struct shell_file *file, const struct script *script,
                       const struct document *document)
{
    switch (file->rule) {
    case RULE_MAIN:
        return true;
    case RULE_LATE:
        return script->sets > 0 || script->other_agent > 0 || has_block(document, LAST);
    case RULE_EARLY:
        break;
    }
    return has_block(document, LAST);
}

static int plan_text(struct setup *setup, const struct shell_file *file, const char *path,
                     const char *block, char *body)
{
    enum block_place place = strcmp(block, FIRST) == 0 ? BLOCK_FIRST : BLOCK_LAST;
    int r = -ENOMEM;

    if (body != NULL)
        r = setup_plan_block(setup, PURPOSE, path, block, place, body, NULL, file->shell, 0644);
    free(body);
    return r;
}

/* Tells what the person's own lines keep from working. */
static int remark(struct change *change, const struct shell_file *file,
                  const struct document *document, const struct script *script)
{
    char complaint[120] = "";

    if (script->wants_tmp > 0)
        return change_remark(change, "line %d wants a socket in /tmp: the relay's is elsewhere. "
                             "Have it take $SSH_AUTH_SOCK as it is.", script->wants_tmp);
    if (!syntax_is_good(file->shell, document->text, document->size, complaint, sizeof(complaint)))
        return change_remark(change, "%s may stop in the lines that are there: %s", file->shell,
                             complaint);
    return 0;
}

/* A file that is left alone and runs relayctl by the person's own lines has what it takes. */
static int settle(struct setup *setup, const struct shell_file *file, const char *path,
                  const struct document *document, const struct script *script)
{
    struct change *change = setup_change_of(setup, path);
    char *paste;

    if (change == NULL || setup->is_undo)
        return 0;
    change->is_needed = file->rule == RULE_MAIN && account_logs_in_with(&setup->account, file->shell);
    if (change->state == STEP_LEFT_ALONE && change->document->why_not[0] != '\0' && script->relay > 0)
        change->state = STEP_THERE;
    paste = text_shell_short(setup, needs_first(setup, file, script, document));
    if (paste == NULL)
        return -ENOMEM;
    change_set_paste(change, paste);
    return remark(change, file, document, script);
}

static int plan_opened(struct setup *setup, const struct shell_file *file, const char *path,
                       const struct document *document)
{
    struct script script = script_read(document->text, document->size);
    int r = 0;

    if (setup->is_undo || needs_first(setup, file, &script, document))
        r = plan_text(setup, file, path, FIRST, text_shell(setup, file->first));
    if (r == 0 && (setup->is_undo || needs_last(file, &script, document)))
        r = plan_text(setup, file, path, LAST, text_shell(setup, TEXT_INTERACTIVE));
    return r == 0 ? settle(setup, file, path, document, &script) : r;
}

static int plan_file(struct setup *setup, const struct shell_file *file)
{
    struct document *document;
    char *path;
    int r = -ENOMEM;

    if (asprintf(&path, "%s/%s", file->dir, file->name) < 0)
        return -ENOMEM;
    document = setup_open(setup, path);
    if (document != NULL)
        r = document->exists || (file->is_made && !setup->is_undo)
                ? plan_opened(setup, file, path, document) : 0;
    setup_close(document);
    free(path);
    return r;
}

static bool has_file(const char *dir, const char *name)
{
    char *path;
    bool has = asprintf(&path, "%s/%s", dir, name) >= 0;

    if (has) {
        has = access(path, F_OK) == 0;
        free(path);
    }
    return has;
}

/* Whether the file, which is in the home, has its shell read .bashrc. */
static bool reads_bashrc(const struct setup *setup, const char *name)
{
    char *path = account_path(&setup->account, name);
    struct document *document = path != NULL ? setup_open(setup, path) : NULL;
    bool reads = document != NULL && script_read(document->text, document->size).reads_bashrc > 0;

    setup_close(document);
    free(path);
    return reads;
}

/* Of these a bash that logs in reads the first that is there. */
static const char *const bash_logins[] = {".bash_profile", ".bash_login", ".profile"};

static const char *find_bash_login(const struct setup *setup)
{
    for (size_t i = 0; i < ARRAY_SIZE(bash_logins); i++) {
        if (has_file(setup->account.home, bash_logins[i]))
            return bash_logins[i];
    }
    return ".profile";
}

/* The shell of an ssh login is a login shell, and reads .bashrc only where its file says so. */
static int plan_bash(struct setup *setup)
{
    bool is_login = account_logs_in_with(&setup->account, "bash");
    const char *home = setup->account.home;
    struct shell_file rc = {"bash", home, ".bashrc", RULE_MAIN, true, true, is_login, TEXT_ALWAYS};
    struct shell_file login = {"bash", home, find_bash_login(setup), RULE_MAIN, false, false, true,
                               TEXT_ALWAYS};
    int r = plan_file(setup, &rc);

    if (r < 0 || !is_login)
        return r;
    if (reads_bashrc(setup, login.name))
        login.rule = RULE_LATE;
    return plan_file(setup, &login);
}

/* .zshenv is read before ZDOTDIR is set in it; where it is not in the home, the environment set
 * ZDOTDIR before. */
static int plan_zsh(struct setup *setup)
{
    const struct account *account = &setup->account;
    bool is_login = account_logs_in_with(account, "zsh");
    const char *dir = account->zdotdir;
    const char *env_dir = has_file(account->home, ".zshenv") ? account->home : dir;
    const struct shell_file files[] = {
        {"zsh", env_dir, ".zshenv", RULE_EARLY, true, true, is_login && setup->is_every_shell,
         TEXT_LOGIN},
        {"zsh", dir, ".zprofile", RULE_EARLY, false, false, false, TEXT_ALWAYS},
        {"zsh", dir, ".zshrc", RULE_MAIN, false, false, is_login, TEXT_ALWAYS},
        {"zsh", dir, ".zlogin", RULE_LATE, false, false, false, TEXT_ALWAYS},
    };
    int r = 0;

    for (size_t i = 0; i < ARRAY_SIZE(files) && r == 0; i++)
        r = plan_file(setup, &files[i]);
    return r;
}

/* .profile is bash's too: there plan_bash() has decided. */
static int plan_sh(struct setup *setup)
{
    struct shell_file file = {"sh", setup->account.home, ".profile", RULE_MAIN, false, false,
                              account_logs_in_with(&setup->account, "sh"), TEXT_ALWAYS};

    return account_logs_in_with(&setup->account, "bash") ? 0 : plan_file(setup, &file);
}

/* What fish's own file is to wait for, by what its main file does; what it had stays. */
static enum text_when choose_fish(const struct setup *setup, const struct script *script,
                                  const struct document *document)
{
    const struct shell_file main_file = {.is_read_by_all = true};
    struct block block = block_find(document->text, document->size, LAST);
    const char *body = document->text + block.body;
    size_t size = block.body_end - block.body;

    if (hides_login(&main_file, script) ||
        (block.state == BLOCK_WHOLE && memmem(body, size, " set -q SSH_AUTH_SOCK", 21) != NULL &&
         memmem(body, size, "SSH_CONNECTION", 14) == NULL))
        return TEXT_ALWAYS;
    if (setup->is_every_shell ||
        (block.state == BLOCK_WHOLE && memmem(body, size, "SSH_CONNECTION", 14) != NULL))
        return TEXT_LOGIN;
    return TEXT_INTERACTIVE;
}

static int plan_fish_file(struct setup *setup, const char *path, const struct document *document,
                          const struct document *main_file)
{
    struct script script = script_read(main_file->text, main_file->size);
    char *body = text_fish(setup, choose_fish(setup, &script, document));
    struct change *change;
    int r = -ENOMEM;

    if (body != NULL)
        r = setup_plan_block(setup, PURPOSE, path, LAST, BLOCK_LAST, body, NULL, "fish", 0644);
    free(body);
    change = r == 0 && !setup->is_undo ? setup_change_of(setup, path) : NULL;
    if (change == NULL)
        return r;
    change->is_needed = account_logs_in_with(&setup->account, "fish");
    change_set_paste(change, text_fish_short(setup));
    if (script.sets > 0 && script.links == 0)
        r = change_remark(change, "config.fish is read after it, and sets SSH_AUTH_SOCK in line %d: "
                          "take that out, or fish uses what it names.", script.sets);
    return r;
}

/* fish reads all files of conf.d: ours is one of them. */
static int plan_fish(struct setup *setup)
{
    const struct account *account = &setup->account;
    struct document *document = NULL, *main_file = NULL;
    char *path = NULL, *main_path = NULL;
    int r = -ENOMEM;

    if (!account_logs_in_with(account, "fish") && !has_file(account->config_home, "fish"))
        return 0;
    if (asprintf(&path, "%s/fish/conf.d/" RELAYD_NAME ".fish", account->config_home) < 0)
        path = NULL;
    if (asprintf(&main_path, "%s/fish/config.fish", account->config_home) < 0)
        main_path = NULL;
    if (path != NULL && main_path != NULL) {
        document = setup_open(setup, path);
        main_file = setup_open(setup, main_path);
    }
    if (document != NULL && main_file != NULL)
        r = plan_fish_file(setup, path, document, main_file);
    setup_close(document);
    setup_close(main_file);
    free(path);
    free(main_path);
    return r;
}

/* csh and shells that are not known: the person is told. */
static int plan_other(struct setup *setup)
{
    const char *shell = setup->account.shell;
    struct change *change;

    if (setup->is_undo || shell_of(shell) == SHELL_SH || shell_of(shell) == SHELL_FISH)
        return 0;
    change = setup_add(setup, PURPOSE, shell[0] != '\0' ? shell : "your shell");
    if (change == NULL)
        return -ENOMEM;
    change->state = STEP_LEFT_ALONE;
    snprintf(change->why, sizeof(change->why), "setup does not write this shell's files");
    if (shell_of(shell) != SHELL_CSH)
        return asprintf(&change->paste, "SSH_AUTH_SOCK=%s\n", setup->socket) < 0 ? -ENOMEM : 0;
    change->paste = text_csh_short(setup);
    return change->paste != NULL ? 0 : -ENOMEM;
}

/* All files in which lines of setup may stand, by whatever shell the account had then. */
static int plan_undo(struct setup *setup)
{
    const char *home = setup->account.home, *dir = setup->account.zdotdir;
    const struct shell_file files[] = {
        {.shell = "bash", .dir = home, .name = ".bashrc"},
        {.shell = "bash", .dir = home, .name = ".bash_profile"},
        {.shell = "bash", .dir = home, .name = ".bash_login"},
        {.shell = "sh", .dir = home, .name = ".profile"},
        {.shell = "zsh", .dir = home, .name = ".zshenv"},
        {.shell = "zsh", .dir = dir, .name = ".zshenv"},
        {.shell = "zsh", .dir = dir, .name = ".zprofile"},
        {.shell = "zsh", .dir = dir, .name = ".zshrc"},
        {.shell = "zsh", .dir = dir, .name = ".zlogin"},
    };
    int r = 0;

    for (size_t i = 0; i < ARRAY_SIZE(files) && r == 0; i++)
        r = plan_file(setup, &files[i]);
    return r == 0 ? plan_fish(setup) : r;
}

int shells_plan(struct setup *setup)
{
    int (*const plans[])(struct setup *setup) = {plan_bash, plan_zsh, plan_sh, plan_fish, plan_other};
    int r = 0;

    if (setup->is_undo)
        return plan_undo(setup);
    for (size_t i = 0; i < ARRAY_SIZE(plans) && r == 0; i++)
        r = plans[i](setup);
    return r;
}

const char *shells_left(const struct setup *setup)
{
    for (const struct change *change = setup->changes; change != NULL; change = change->next) {
        if ((change->state == STEP_LEFT_ALONE || change->state == STEP_FAILED) &&
            (change->is_needed || change->document == NULL) && strcmp(change->purpose, PURPOSE) == 0)
            return change->what;
    }
    return NULL;
}
