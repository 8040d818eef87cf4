/* SPDX-License-Identifier: MIT */
/* What the account's shell does at its start: whether it uses the relay, and what in it takes that
 * away again, or hides the login's own socket from ~/.ssh/rc. bash reads .bashrc, and zsh .zshenv,
 * before sshd runs rc. */
#include "config.h"

#include "relayctl/doctor/checks.h"

#include "relayctl/doctor/remedy.h"
#include "relayctl/doctor/shells.h"

#include <stdio.h>
#include <string.h>

/* Whether setup has the file lead shells to relayd. fish gets a file of its own, and what others of
 * fish's do besides is for the person to change. */
static bool is_setups(const struct patient *patient, const struct shell_files *files,
                      const struct habits *file)
{
    const char *shell = shell_files_shell(patient);

    if (strcmp(shell, "fish") == 0)
        return !shell_files_use_relay(files);
    if (strcmp(shell, "bash") == 0 && !shell_file_is(file, ".bashrc") && file != shell_files_bash_login(files))
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
        bool comes_before = other < file || shell_file_is_of_host(other);

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

    if (!shell_file_is_read_always(file) || !is_early || (file->relay > 0 && file->relay < script->sets))
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

/* Whether the file, which does not lead to relayd itself, is read, or goes on, after one that does. */
static bool comes_later(const struct patient *patient, const struct shell_files *files,
                        const struct habits *file)
{
    if (file->relay > 0)
        return false;
    if (shell_file_is(file, ".zlogin"))
        return is_led_by_others(patient, files, file, true);
    return strcmp(shell_files_shell(patient), "bash") == 0 && file == shell_files_bash_login(files) &&
           file->script.reads_bashrc > 0 && file->script.sets > file->script.reads_bashrc &&
           shell_files_use_relay(files);
}

static void check_later(const struct patient *patient, const struct shell_files *files,
                        const struct habits *file, struct findings *findings)
{
    struct finding *finding;

    if (file->script.sets == 0 || !comes_later(patient, files, file))
        return;
    finding = finding_add(findings, GRAVITY_HINDERS, "overrides",
                          "line %d of %s sets SSH_AUTH_SOCK after another file has led the shell to relayd",
                          file->script.sets, file->shown);
    if (is_setups(patient, files, file))
        remedy_by_setup(patient, finding, "");
    else
        remedy_by_line(patient, finding, REMEDY_SHELL, "at the end of", file->shown);
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
    if (!shell_file_is(file, ".bashrc") && strcmp(shell_files_shell(patient), "zsh") != 0)
        cure_by_hand(patient, file, line, finding);
    else
        cure(patient, files, file, line, "--every-shell", finding);
}

/* An interactive login reads one of these, and .bashrc only where that does. */
static bool reaches_bashrc(const struct shell_files *files)
{
    const struct habits *login = shell_files_bash_login(files);

    if (login != NULL)
        return login->relay > 0 || login->script.reads_bashrc > 0;
    for (size_t j = 0; j < files->n; j++) {
        if (files->list[j].relay > 0 && strncmp(files->list[j].path, "/etc/profile", 12) == 0)
            return true;
    }
    return false;
}

static void find_no_bashrc(const struct patient *patient, const struct shell_files *files,
                           struct findings *findings)
{
    const struct habits *login = shell_files_bash_login(files);
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
    struct finding *finding;
    char path[PATH_MAX];

    finding = is_fish && shell_files_register_always(files) ? NULL : habits_find_links(file, findings);
    shell_files_main(patient, path);
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
    check_later(patient, files, file, findings);
    check_links(patient, files, file, findings);
    check_agent(patient, files, file, findings);
}

void check_shells(const struct patient *patient, struct findings *findings)
{
    const char *shell = shell_files_shell(patient);
    struct shell_files files;

    if (!patient->has_account)
        return;
    shell_files_read(&files, patient);
    if (!shell_files_use_relay(&files))
        shell_files_cure(patient, finding_add(findings, GRAVITY_HINDERS, "shell-line",
                                              "no file of %s makes it use relayd", shell));
    else if (strcmp(shell, "bash") == 0 && !reaches_bashrc(&files))
        find_no_bashrc(patient, &files, findings);
    for (size_t i = 0; i < files.n; i++) {
        if (!shell_file_is_of_host(&files.list[i]))
            check_file(patient, &files, &files.list[i], findings);
    }
    shell_files_fini(&files);
}
