/* SPDX-License-Identifier: MIT */
/* Others that set SSH_AUTH_SOCK: agents of this host in the user manager's environment, modules of zsh,
 * VS Code's terminals. */
#include "config.h"

#include "relayctl/doctor/checks.h"

#include "relayctl/doctor/claimant.h"
#include "relayctl/doctor/habits.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SYSTEMCTL_MS 1000

/* systemctl needs XDG_RUNTIME_DIR, which a shell may lack: env(1) sets it. */
static bool manager_value(const struct patient *patient, char *value, size_t size)
{
    char dir[64];
    const char *const argv[] = {"env", dir, "systemctl", "--user", "show-environment", NULL};
    struct run_output output;
    char *rest, *line;
    bool is = false;

    snprintf(dir, sizeof(dir), "XDG_RUNTIME_DIR=/run/user/%lu",
             (unsigned long)patient->account.uid);
    if (patient_run(patient, argv, &output, SYSTEMCTL_MS) == 0) {
        for (line = strtok_r(output.text, "\n", &rest); line != NULL && !is;
             line = strtok_r(NULL, "\n", &rest)) {
            is = strncmp(line, "SSH_AUTH_SOCK=", strlen("SSH_AUTH_SOCK=")) == 0;
            if (is)
                snprintf(value, size, "%s", line + strlen("SSH_AUTH_SOCK="));
        }
    }
    run_output_fini(&output);
    return is;
}

void check_manager(const struct patient *patient, struct findings *findings)
{
    char value[PATH_MAX];

    if (!paths_has_user_manager() || !manager_value(patient, value, sizeof(value)) ||
        patient_is_relay(patient, value))
        return;
    finding_cure(finding_add(findings, GRAVITY_HINDERS, "services",
                             "services of yours get SSH_AUTH_SOCK=%s, which %s put into the user "
                             "manager's environment", value, claimant_of(value) != NULL ? claimant_of(value) : "somebody"),
                 "systemctl --user set-environment SSH_AUTH_SOCK=\"$(%s path)\"; %s setup",
                 patient->relayctl, patient->relayctl);
}

/* Where word stands in text, not as part of another; NULL: nowhere. */
static const char *find_word(const char *text, const char *end, const char *word)
{
    size_t n = strlen(word);

    for (const char *at = text; (at = strstr(at, word)) != NULL && at + n <= end; at++) {
        bool begins = at == text || isspace((unsigned char)at[-1]) || strchr("('\"", at[-1]) != NULL;
        char next = at[n];

        if (begins && (next == '\0' || isspace((unsigned char)next) || strchr(")'\"", next) != NULL))
            return at;
    }
    return NULL;
}

static bool is_comment(const char *text, const char *at)
{
    while (at > text && at[-1] != '\n')
        at--;
    return at[strspn(at, " \t")] == '#';
}

static int line_of(const char *text, const char *at)
{
    int line = 1;

    while (text < at)
        line += *text++ == '\n';
    return line;
}

/* Adds a finding for a module that is loaded between from and end. */
static void check_module(const struct habits *file, const char *from, const char *end,
                         const char *name, const char *module, struct findings *findings)
{
    const char *at = find_word(from, end, module);
    int line;

    if (at == NULL || is_comment(file->file.text, at))
        return;
    line = line_of(file->file.text, at);
    finding_cure(finding_add(findings, GRAVITY_HINDERS, name,
                             "line %d of %s loads %s's module %s, which leads shells to an agent of this "
                             "host", line, file->shown, name, module),
                 strcmp(name, "prezto") == 0 ? "sed -i \"%ds/'%s'//\" %s" : "sed -i '%ds/\\<%s\\>//' %s",
                 line, module, file->shown);
}

/* plugins=(git ssh-agent), in one line or many. With agent-forwarding its ssh-agent stands back. */
static void check_oh_my_zsh(const struct habits *zshrc, struct findings *findings)
{
    static const char *const modules[] = {"ssh-agent", "gpg-agent", "keychain"};
    const char *text = zshrc->file.text, *from = text;

    while (from != NULL && (from = strstr(from, "plugins=(")) != NULL && is_comment(text, from))
        from++;
    if (from == NULL)
        return;
    for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
        const char *end = from + strcspn(from, ")") + 1;

        if (i == 0 && strstr(text, "agent-forwarding") != NULL)
            continue;
        check_module(zshrc, from + strlen("plugins="), end, "oh-my-zsh", modules[i], findings);
    }
}

static void check_prezto(const struct habits *zpreztorc, struct findings *findings)
{
    static const char *const modules[] = {"ssh", "gpg"};
    const char *text = zpreztorc->file.text, *from = strstr(text, ":prezto:load' pmodule");
    const char *end;

    while (from != NULL && is_comment(text, from))
        from = strstr(from + 1, ":prezto:load' pmodule");
    if (from == NULL)
        return;
    from += strlen(":prezto:load' pmodule");
    /* The list goes on while its lines end in a backslash. */
    for (end = from; *end != '\0' && !(*end == '\n' && end[-1] != '\\'); end++)
        ;
    for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++)
        check_module(zpreztorc, from, end, "prezto", modules[i], findings);
}

static void with_file(const struct patient *patient, const char *name, struct findings *findings,
                      void (*check)(const struct habits *, struct findings *))
{
    struct habits file;
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/%s", patient->account.zdotdir, name);
    habits_read(&file, patient, path);
    if (file.file.text != NULL)
        check(&file, findings);
    habits_fini(&file);
}

void check_modules(const struct patient *patient, struct findings *findings)
{
    if (!patient->has_account || patient->account.zdotdir == NULL ||
        !account_logs_in_with(&patient->account, "zsh"))
        return;
    with_file(patient, ".zshrc", findings, check_oh_my_zsh);
    with_file(patient, ".zpreztorc", findings, check_prezto);
}
