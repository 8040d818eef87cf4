/* SPDX-License-Identifier: MIT */
/* What the account's shell does at its start: whether it uses the relay, and what in it takes that
 * away again, or hides the login's own socket from ~/.ssh/rc. bash reads .bashrc, and zsh .zshenv,
 * before sshd runs rc. */
#include "config.h"

#include "relayctl/doctor/shells.h"

#include "relayctl/doctor/checks.h"
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

static bool is_named(const struct habits *file, const char *name)
{
    const char *slash = strrchr(file->path, '/');

    return slash != NULL && strcmp(slash + 1, name) == 0;
}

/* Read before the account's own. */
static bool is_of_host(const struct habits *file)
{
    return strncmp(file->path, "/etc/", 5) == 0;
}

/* Whether shells that are not interactive read it, before rc is run. */
static bool is_read_always(const struct habits *file)
{
    return is_named(file, ".bashrc") || is_named(file, ".zshenv") || is_named(file, "config.fish") ||
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

        if ((is_read_always(file) && (file->has_first || leads_by_line(file))) ||
            leads_every_fish(file))
            return true;
    }
    return false;
}

/* Of these a bash that logs in reads the first that is there. */
static const char *const bash_logins[] = {".bash_profile", ".bash_login", ".profile"};

static const struct habits *find_bash_login(const struct shell_files *files)
{
    for (size_t i = 0; i < ARRAY_SIZE(bash_logins); i++) {
        for (size_t j = 0; j < files->n; j++) {
            if (is_named(&files->list[j], bash_logins[i]))
                return &files->list[j];
        }
    }
    return NULL;
}

/* Whether setup has the file lead shells to relayd. fish gets a file of its own, and what others of
 * fish's do besides is for the person to change. */
static bool is_setups(const struct patient *patient, const struct shell_files *files,
                      const struct habits *file)
{
    const char *shell = shell_files_shell(patient);

    if (strcmp(shell, "fish") == 0)
        return !shell_files_use_relay(files);
    if (strcmp(shell, "bash") == 0 && !is_named(file, ".bashrc") && file != find_bash_login(files))
        return false;
    return !remedy_is_alone(patient, file->path);
}

/* What the line does is mended by relayd's before it. fish has that in a file that is read earlier. */
static void cure_by_hand(const struct patient *patient, const struct habits *file, int line,
                         struct finding *finding)
{
    char where[40];

    snprintf(where, sizeof(where), "before line %d of", line);
    if (strcmp(shell_files_shell(patient), "fish") == 0)
        finding_cure(finding, "take line %d out of %s", line, file->shown);
    else
        remedy_by_line(patient, finding, REMEDY_SHELL, where, file->shown);
}

static void cure(const struct patient *patient, const struct shell_files *files,
                 const struct habits *file, int line, const char *options, struct finding *finding)
{
    if (is_setups(patient, files, file))
        remedy_by_setup(patient, finding, options);
    else
        cure_by_hand(patient, file, line, finding);
}

/* Whether a file that the same shell reads before it, or after it, leads it to relayd. Of bash's files
 * one reads the other somewhere in its middle. */
static bool is_led_by_others(const struct patient *patient, const struct shell_files *files,
                             const struct habits *file, bool is_before)
{
    if (strcmp(shell_files_shell(patient), "bash") == 0)
        return false;
    for (size_t i = 0; i < files->n; i++) {
        const struct habits *other = &files->list[i];
        bool comes_before = other < file || is_of_host(other);

        if (other != file && other->relay > 0 && comes_before == is_before)
            return true;
    }
    return false;
}

static void check_hiding(const struct patient *patient, const struct shell_files *files,
                         const struct habits *file, struct findings *findings)
{
    const struct script *script = &file->script;
    bool is_early = script->sets > 0 && (script->guard == 0 || script->sets < script->guard);

    if (!is_read_always(file) || !is_early || (file->relay > 0 && file->relay < script->sets))
        return;
    cure(patient, files, file, script->sets, "",
         finding_add(findings, GRAVITY_HINDERS, "hides-login",
                     "line %d of %s sets SSH_AUTH_SOCK for every shell, so ~/.ssh/rc does not "
                     "see the login's own", script->sets, file->shown));
}

static int line_of(const struct habits *file, size_t at)
{
    int line = 1;

    for (size_t i = 0; i < at; i++)
        line += file->file.text[i] == '\n';
    return line;
}

/* A line that a file read later puts right takes nothing away. */
static void check_override(const struct patient *patient, const struct shell_files *files,
                           const struct habits *file, struct findings *findings)
{
    struct finding *finding;
    struct script after;
    int line;

    if (file->relay == 0 || is_led_by_others(patient, files, file, false))
        return;
    after = script_read(file->file.text + file->relay_end, file->file.size - file->relay_end);
    if (after.sets == 0)
        return;
    line = line_of(file, file->relay_end) + after.sets - 1;
    finding = finding_add(findings, GRAVITY_HINDERS, "overrides",
                          "line %d of %s sets SSH_AUTH_SOCK after the line that leads it to relayd", line,
                          file->shown);
    if (is_setups(patient, files, file))
        remedy_by_setup(patient, finding, "");
    else
        finding_cure(finding, "move line %d of %s above line %d", line, file->shown,
                     line_of(file, file->relay_at));
}

static void check_agent(const struct patient *patient, const struct shell_files *files,
                        const struct habits *file, struct findings *findings)
{
    int line = file->script.other_agent;
    struct finding *finding;

    if (line == 0 || (file->relay > 0 && file->relay < line) ||
        is_led_by_others(patient, files, file, true))
        return;
    finding = finding_add(findings, GRAVITY_HINDERS, "local-agent",
                          "line %d of %s starts or asks an agent of this host, which shells get "
                          "before relayd's", line, file->shown);
    /* Of bash's files setup puts a line at the start of one, of sh's of none. */
    if (!is_named(file, ".bashrc") && strcmp(shell_files_shell(patient), "zsh") != 0)
        cure_by_hand(patient, file, line, finding);
    else
        cure(patient, files, file, line, "--every-shell", finding);
}

/* An interactive login reads one of these, and .bashrc only where that does. */
static bool reaches_bashrc(const struct shell_files *files)
{
    const struct habits *login = find_bash_login(files);

    if (login != NULL)
        return login->relay > 0 || login->script.reads_bashrc > 0;
    for (size_t j = 0; j < files->n; j++) {
        if (files->list[j].relay > 0 && strncmp(files->list[j].path, "/etc/profile", 12) == 0)
            return true;
    }
    return false;
}

/* The file whose end setup uses. */
static void main_file(const struct patient *patient, const char *shell, char path[PATH_MAX])
{
    static const struct { const char *shell, *file; } mains[] = {
        {"bash", "~/.bashrc"}, {"zsh", "$/.zshrc"}, {"fish", "@/fish/conf.d/" RELAYD_NAME ".fish"},
        {"sh", "~/.profile"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(mains); i++) {
        if (strcmp(shell, mains[i].shell) == 0)
            snprintf(path, PATH_MAX, "%s%s", base_of(patient, mains[i].file[0]), mains[i].file + 1);
    }
}

static void find_no_line(const struct patient *patient, const char *shell, struct findings *findings)
{
    struct finding *finding = finding_add(findings, GRAVITY_HINDERS, "shell-line",
                                          "no file of %s makes it use relayd", shell);
    char path[PATH_MAX] = "", shown[PATIENT_QUOTED_MAX];

    main_file(patient, shell, path);
    patient_quote(patient, path, shown, sizeof(shown));
    if (remedy_is_alone(patient, path))
        remedy_by_line(patient, finding, strcmp(shell, "fish") == 0 ? REMEDY_FISH : REMEDY_SHELL,
                       "at the end of", shown);
    else
        remedy_by_setup(patient, finding, "");
}

static void find_no_bashrc(const struct patient *patient, const struct shell_files *files,
                           struct findings *findings)
{
    const struct habits *login = find_bash_login(files);
    struct finding *finding = finding_add(findings, GRAVITY_HINDERS, "login-shell",
                                          "bash does not read ~/.bashrc at a login, so its line for "
                                          "relayd does not count there");

    if (login != NULL && remedy_is_alone(patient, login->path))
        finding_cure(finding, "put at the end of %s: . ~/.bashrc", login->shown);
    else
        remedy_by_setup(patient, finding, "");
}

/* Whatever fish links behind setup's lines for every shell is the agent socket. */
static void check_links(const struct patient *patient, const struct shell_files *files,
                        const struct habits *file, struct findings *findings)
{
    bool is_fish = strcmp(shell_files_shell(patient), "fish") == 0;
    char path[PATH_MAX] = "";
    struct finding *finding;

    finding = is_fish && shell_files_register_always(files) ? NULL : habits_find_links(file, findings);
    main_file(patient, "fish", path);
    if (finding != NULL && is_fish && !remedy_is_alone(patient, path))
        remedy_by_setup(patient, finding, "");
    else if (finding != NULL)
        cure(patient, files, file, file->script.links, "", finding);
}

static void check_file(const struct patient *patient, const struct shell_files *files,
                       const struct habits *file, struct findings *findings)
{
    check_hiding(patient, files, file, findings);
    check_override(patient, files, file, findings);
    check_links(patient, files, file, findings);
    check_agent(patient, files, file, findings);
}

void shell_files_cure_always(const struct patient *patient, struct finding *finding)
{
    const char *shell = shell_files_shell(patient);
    char path[PATH_MAX], shown[PATIENT_QUOTED_MAX];

    if (strcmp(shell, "zsh") == 0)
        snprintf(path, sizeof(path), "%s/.zshenv", base_of(patient, '$'));
    else
        main_file(patient, shell, path);
    patient_quote(patient, path, shown, sizeof(shown));
    if (remedy_is_alone(patient, path) && strcmp(shell, "fish") != 0)
        remedy_by_line(patient, finding, REMEDY_SHELL, "at the start of", shown);
    else
        remedy_by_setup(patient, finding, "--every-shell");
}

void check_shells(const struct patient *patient, struct findings *findings)
{
    const char *shell = shell_files_shell(patient);
    struct shell_files files;

    if (!patient->has_account)
        return;
    shell_files_read(&files, patient);
    if (!shell_files_use_relay(&files))
        find_no_line(patient, shell, findings);
    else if (strcmp(shell, "bash") == 0 && !reaches_bashrc(&files))
        find_no_bashrc(patient, &files, findings);
    for (size_t i = 0; i < files.n; i++) {
        if (!is_of_host(&files.list[i]))
            check_file(patient, &files, &files.list[i], findings);
    }
    shell_files_fini(&files);
}
