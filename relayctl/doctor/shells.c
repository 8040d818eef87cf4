/* SPDX-License-Identifier: MIT */
/* What the account's shell does at its start: whether it uses the relay, and what in it takes that
 * away again, or hides the login's own socket from ~/.ssh/rc. bash reads .bashrc, and zsh .zshenv,
 * before sshd runs rc. */
#include "config.h"

#include "relayctl/doctor/shells.h"

#include "relayctl/doctor/checks.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Below the home, the configuration's directory (@), zsh's ($) or the root. A pattern may match many. */
static const struct { const char *shell, *pattern; } places[] = {
    {"bash", "~/.bashrc"},        {"bash", "~/.bash_profile"},     {"bash", "~/.bash_login"},
    {"bash", "~/.profile"},       {"bash", "/etc/bash.bashrc"},    {"bash", "/etc/bashrc"},
    {"bash", "/etc/profile"},     {"bash", "/etc/profile.d/*.sh"}, {"zsh", "$/.zshenv"},
    {"zsh", "$/.zprofile"},       {"zsh", "$/.zshrc"},             {"zsh", "$/.zlogin"},
    {"zsh", "/etc/zsh/zshenv"},   {"zsh", "/etc/zsh/zprofile"},    {"zsh", "/etc/zsh/zshrc"},
    {"zsh", "/etc/zshenv"},       {"zsh", "/etc/zshrc"},           {"fish", "@/fish/conf.d/*.fish"},
    {"fish", "@/fish/config.fish"}, {"fish", "/etc/fish/conf.d/*.fish"},
    {"fish", "/etc/fish/config.fish"}, {"sh", "~/.profile"},       {"sh", "/etc/profile"},
    {"sh", "/etc/profile.d/*.sh"},
};

const char *shell_files_shell(const struct patient *patient)
{
    static const char *const shells[] = {"bash", "zsh", "fish"};

    for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
        if (account_logs_in_with(&patient->account, shells[i]))
            return shells[i];
    }
    return "sh";
}

static const char *base_of(const struct patient *patient, char mark)
{
    const char *base = NULL;

    if (mark == '~')
        base = patient->account.home;
    else if (mark == '$')
        base = patient->account.zdotdir;
    else if (mark == '@')
        base = patient->account.config_home;
    return base != NULL ? base : "";
}

static void add_file(struct shell_files *files, const struct patient *patient, const char *path)
{
    struct habits *grown = realloc(files->list, (files->n + 1) * sizeof(*grown));

    if (grown == NULL)
        return;
    files->list = grown;
    habits_read(&grown[files->n], patient, path);
    if (grown[files->n].file.text != NULL)
        files->n++;
}

void shell_files_read(struct shell_files *files, const struct patient *patient)
{
    const char *shell = shell_files_shell(patient);
    char pattern[PATH_MAX];

    memset(files, 0, sizeof(*files));
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        const char *rest = places[i].pattern;
        glob_t found = {0};

        if (strcmp(places[i].shell, shell) != 0)
            continue;
        snprintf(pattern, sizeof(pattern), "%s%s", base_of(patient, rest[0]),
                 rest + (rest[0] != '/'));
        if (glob(pattern, 0, NULL, &found) == 0) {
            for (size_t j = 0; j < found.gl_pathc && files->n < SHELLS_FILES_MAX; j++)
                add_file(files, patient, found.gl_pathv[j]);
        }
        globfree(&found);
    }
}

void shell_files_fini(struct shell_files *files)
{
    for (size_t i = 0; i < files->n; i++)
        habits_fini(&files->list[i]);
    free(files->list);
    files->list = NULL;
    files->n = 0;
}

bool shell_files_use_relay(const struct shell_files *files)
{
    for (size_t i = 0; i < files->n; i++) {
        if (files->list[i].relay > 0)
            return true;
    }
    return false;
}

static bool is_named(const struct habits *file, const char *name)
{
    const char *slash = strrchr(file->path, '/');

    return slash != NULL && strcmp(slash + 1, name) == 0;
}

/* Whether shells that are not interactive read it, before rc is run. */
static bool is_read_always(const struct habits *file)
{
    return is_named(file, ".bashrc") || is_named(file, ".zshenv") || is_named(file, "config.fish") ||
           strstr(file->path, "/fish/conf.d/") != NULL;
}

bool shell_files_register_always(const struct shell_files *files)
{
    for (size_t i = 0; i < files->n; i++) {
        if (files->list[i].has_first && is_read_always(&files->list[i]))
            return true;
    }
    return false;
}

static void check_hiding(const struct patient *patient, const struct habits *file,
                         struct findings *findings)
{
    const struct script *script = &file->script;
    bool is_early = script->sets > 0 && (script->guard == 0 || script->sets < script->guard);

    if (!is_read_always(file) || !is_early || (file->relay > 0 && file->relay < script->sets))
        return;
    finding_cure(finding_add(findings, GRAVITY_HINDERS, "hides-login",
                             "line %d of %s sets SSH_AUTH_SOCK for every shell, so ~/.ssh/rc does not "
                             "see the login's own", script->sets, file->shown),
                 "%s setup", patient->relayctl);
}

static void check_override(const struct patient *patient, const struct habits *file,
                           struct findings *findings)
{
    struct script after;
    int line = file->relay;

    if (file->relay == 0)
        return;
    after = script_read(file->file.text + file->relay_end, file->file.size - file->relay_end);
    if (after.sets == 0)
        return;
    for (size_t i = 0, here = 1; i < file->relay_end; i++) {
        here += file->file.text[i] == '\n';
        line = (int)here;
    }
    finding_cure(finding_add(findings, GRAVITY_HINDERS, "overrides",
                             "line %d of %s sets SSH_AUTH_SOCK after the line that leads it to relayd",
                             line + after.sets - 1, file->shown),
                 "%s setup", patient->relayctl);
}

static void check_agent(const struct patient *patient, const struct habits *file,
                        struct findings *findings)
{
    int line = file->script.other_agent;

    if (line == 0 || (file->relay > 0 && file->relay < line))
        return;
    finding_cure(finding_add(findings, GRAVITY_HINDERS, "local-agent",
                             "line %d of %s starts or asks an agent of this host, which shells get "
                             "before relayd's", line, file->shown),
                 "%s setup --every-shell", patient->relayctl);
}

/* An interactive login reads one of these, and .bashrc only where that does. */
static bool reaches_bashrc(const struct shell_files *files)
{
    static const char *const logins[] = {".bash_profile", ".bash_login", ".profile"};

    for (size_t i = 0; i < sizeof(logins) / sizeof(logins[0]); i++) {
        for (size_t j = 0; j < files->n; j++) {
            if (is_named(&files->list[j], logins[i]))
                return files->list[j].relay > 0 || files->list[j].script.reads_bashrc > 0;
        }
    }
    for (size_t j = 0; j < files->n; j++) {
        if (files->list[j].relay > 0 && strncmp(files->list[j].path, "/etc/profile", 12) == 0)
            return true;
    }
    return false;
}

void check_shells(const struct patient *patient, struct findings *findings)
{
    const char *shell = shell_files_shell(patient);
    struct shell_files files;

    if (!patient->has_account)
        return;
    shell_files_read(&files, patient);
    if (!shell_files_use_relay(&files))
        finding_cure(finding_add(findings, GRAVITY_HINDERS, "shell-line",
                                 "no file of %s makes it use relayd", shell),
                     "%s setup", patient->relayctl);
    else if (strcmp(shell, "bash") == 0 && !reaches_bashrc(&files))
        finding_cure(finding_add(findings, GRAVITY_HINDERS, "login-shell",
                                 "bash does not read ~/.bashrc at a login, so its line for relayd "
                                 "does not count there"),
                     "%s setup", patient->relayctl);
    for (size_t i = 0; i < files.n; i++) {
        if (strncmp(files.list[i].path, "/etc/", 5) == 0)
            continue;
        check_hiding(patient, &files.list[i], findings);
        check_override(patient, &files.list[i], findings);
        habits_tell_links(&files.list[i], patient, findings);
        check_agent(patient, &files.list[i], findings);
    }
    shell_files_fini(&files);
}
