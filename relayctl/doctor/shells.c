/* SPDX-License-Identifier: MIT */
/* The files that the account's shell reads at its start, and whether they have it use the relay. */
#include "config.h"

#include "relayctl/doctor/shells.h"

#include "relayctl/doctor/remedy.h"
#include "relayd/base/util.h"

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

bool shell_file_is(const struct habits *file, const char *name)
{
    const char *slash = strrchr(file->path, '/');

    return slash != NULL && strcmp(slash + 1, name) == 0;
}

bool shell_file_is_of_host(const struct habits *file)
{
    return strncmp(file->path, "/etc/", 5) == 0;
}

bool shell_file_is_read_always(const struct habits *file)
{
    return shell_file_is(file, ".bashrc") || shell_file_is(file, ".zshenv") || shell_file_is(file, "config.fish") ||
           strstr(file->path, "/fish/conf.d/") != NULL;
}

/* fish's lines stand at no file's start, but in a file of their own; these are not for interactive
 * shells only. */
static bool leads_every_fish(const struct habits *file)
{
    return file->relay > 0 && strstr(file->path, "/fish/conf.d/") != NULL &&
           strstr(file->file.text, "and not string match") != NULL;
}

/* A line of the person's own that stands in no condition, nor behind a guard. */
static bool leads_by_line(const struct habits *file)
{
    int line = file->script.relay;
    const char *at = habits_line(file, line);

    if (line == 0 || (file->script.guard > 0 && file->script.guard < line))
        return false;
    return strchr(" \t", *at) == NULL && memmem(at, strcspn(at, "\n"), "$-", 2) == NULL &&
           memmem(at, strcspn(at, "\n"), " --register", 11) != NULL;
}

bool shell_files_register_always(const struct shell_files *files)
{
    for (size_t i = 0; i < files->n; i++) {
        const struct habits *file = &files->list[i];

        if ((shell_file_is_read_always(file) && (file->has_first || leads_by_line(file))) ||
            leads_every_fish(file))
            return true;
    }
    return false;
}

/* Of these a bash that logs in reads the first that is there. */
static const char *const bash_logins[] = {".bash_profile", ".bash_login", ".profile"};

const struct habits *shell_files_bash_login(const struct shell_files *files)
{
    for (size_t i = 0; i < ARRAY_SIZE(bash_logins); i++) {
        for (size_t j = 0; j < files->n; j++) {
            if (shell_file_is(&files->list[j], bash_logins[i]))
                return &files->list[j];
        }
    }
    return NULL;
}

void shell_files_main(const struct patient *patient, char path[PATH_MAX])
{
    static const struct { const char *shell, *file; } mains[] = {
        {"bash", "~/.bashrc"}, {"zsh", "$/.zshrc"}, {"fish", "@/fish/conf.d/" RELAYD_NAME ".fish"},
        {"sh", "~/.profile"},
    };

    path[0] = '\0';
    for (size_t i = 0; i < ARRAY_SIZE(mains); i++) {
        if (strcmp(shell_files_shell(patient), mains[i].shell) == 0)
            snprintf(path, PATH_MAX, "%s%s", base_of(patient, mains[i].file[0]), mains[i].file + 1);
    }
}

void shell_files_cure(const struct patient *patient, struct finding *finding)
{
    bool is_fish = strcmp(shell_files_shell(patient), "fish") == 0;
    char path[PATH_MAX], shown[PATIENT_QUOTED_MAX];

    shell_files_main(patient, path);
    patient_quote(patient, path, shown, sizeof(shown));
    if (remedy_is_alone(patient, path))
        remedy_by_line(patient, finding, is_fish ? REMEDY_FISH : REMEDY_SHELL, "at the end of", shown);
    else
        remedy_by_setup(patient, finding, "");
}

void shell_files_cure_always(const struct patient *patient, struct finding *finding)
{
    const char *shell = shell_files_shell(patient);
    char path[PATH_MAX], shown[PATIENT_QUOTED_MAX];

    if (strcmp(shell, "zsh") == 0)
        snprintf(path, sizeof(path), "%s/.zshenv", base_of(patient, '$'));
    else
        shell_files_main(patient, path);
    patient_quote(patient, path, shown, sizeof(shown));
    if (remedy_is_alone(patient, path) && strcmp(shell, "fish") != 0)
        remedy_by_line(patient, finding, REMEDY_SHELL, "at the start of", shown);
    else
        remedy_by_setup(patient, finding, "--every-shell");
}
