/* SPDX-License-Identifier: MIT */
/* systemctl, as setup uses it. A manager that hangs holds setup up for a while, and no longer. */
#include "config.h"

#include "relayctl/setup/manager.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SYSTEMCTL_MS 10000

int manager_call(const char *scope, const char *verb, const char *object, const char *value,
                 struct run_output *output)
{
    const char *const argv[] = {"systemctl", scope, verb, object, value, NULL};

    return run_program(argv, NULL, 0, RUN_STDOUT, output, SYSTEMCTL_MS);
}

int manager_tell(const char *verb, const char *object)
{
    return manager_call("--user", verb, object, NULL, NULL);
}

bool manager_answers(const char *unit, const char *scope, const char *verb, const char *about,
                     const char *line)
{
    struct run_output output = {0};
    size_t n = strlen(line);
    bool is;

    manager_call(scope, verb, unit, about, &output);
    is = output.text != NULL && strncmp(output.text, line, n) == 0 && output.text[n] == '\n';
    run_output_fini(&output);
    return is;
}

/* systemctl finds the manager by XDG_RUNTIME_DIR, which some logins do not have. */
bool manager_is_here(const struct setup *setup)
{
    char dir[64];

    if (!paths_is_user_manager_dir(&setup->cmd->paths) || !paths_has_user_manager())
        return false;
    snprintf(dir, sizeof(dir), "/run/user/%lu", (unsigned long)setup->account.uid);
    setenv("XDG_RUNTIME_DIR", dir, 1);
    return manager_call("--user", "show-environment", NULL, NULL, NULL) == 0;
}

bool manager_has_running(const char *unit)
{
    return manager_tell("is-enabled", unit) == 0 && manager_tell("is-active", unit) == 0;
}

/* The line of text that begins with name; NULL where there is none. */
static const char *find_line(const char *text, const char *name)
{
    while (text != NULL && strncmp(text, name, strlen(name)) != 0) {
        text = strchr(text, '\n');
        text = text != NULL ? text + 1 : NULL;
    }
    return text;
}

const char *manager_socket(char out[PATH_MAX])
{
    static const char name[] = "SSH_AUTH_SOCK=";
    struct run_output output = {0};
    const char *line = NULL;

    out[0] = '\0';
    if (manager_call("--user", "show-environment", NULL, NULL, &output) == 0)
        line = find_line(output.text, name);
    if (line != NULL) {
        line += strlen(name);
        snprintf(out, PATH_MAX, "%.*s", (int)strcspn(line, "\n"), line);
    }
    run_output_fini(&output);
    return out;
}
