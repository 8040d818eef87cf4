/* SPDX-License-Identifier: MIT */
/* systemd: the user manager starts relayd at the first client, and gives the user's services the agent
 * socket. That is a drop-in of relayd.socket, for others put an agent of theirs into the manager's
 * environment as their sockets start (contrib/systemd/README.md). Everybody's manager is told by
 * --system, and the drop-in stays out of that: whether services use an agent is each user's to say. */
#include "config.h"

#include "relayctl/setup/steps.h"

#include "relayctl/account/rc.h"
#include "relayctl/setup/manager.h"
#include "relayctl/setup/texts.h"
#include "relayd/base/util.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UNIT RELAYD_NAME ".socket"
#define PURPOSE "systemd starts the relay when it is first asked"
#define SERVICES "services of this user use the relay"
#define BLOCK "services"
#define HAD "had="
#define HAD_MAX 80 /* the line has other words too */

static const char services[] =
    "# Others put an agent of theirs into the manager's environment as their sockets start; the last one\n"
    "# stays.\n"
    "[Unit]\n"
    "After=ssh-agent.socket gpg-agent-ssh.socket gcr-ssh-agent.socket\n"
    "\n"
    "[Socket]\n"
    "ExecStartPost=systemctl --user set-environment SSH_AUTH_SOCK=%t/relayd/agent.sock\n"
    "ExecStopPost=systemctl --user unset-environment SSH_AUTH_SOCK\n";

static bool is_loaded_as(const char *state)
{
    char line[64];

    snprintf(line, sizeof(line), "LoadState=%s", state);
    return manager_answers(UNIT, "--user", "show", "--property=LoadState", line);
}

/* Whether the manager's environment has the agent socket. */
static bool has_socket(const struct setup *setup)
{
    char current[PATH_MAX];

    return strcmp(manager_socket(current), setup->socket) == 0;
}

static int fail(struct change *change, const char *what)
{
    snprintf(change->why, sizeof(change->why), "%s: systemctl --user status " UNIT " says more", what);
    return -EIO;
}

/* The drop-in works when the socket starts; for now, and for one that runs, the variable is set. */
static int carry_out_enable(struct change *change)
{
    char *value = NULL;
    int r = 0;

    if (manager_tell("daemon-reload", NULL) != 0)
        return fail(change, "systemd does not read its units again");
    if (manager_call("--user", "enable", "--now", UNIT, NULL) != 0)
        return fail(change, "systemd does not start it");
    if (asprintf(&value, "SSH_AUTH_SOCK=%s", (const char *)change->arg) < 0)
        return -ENOMEM;
    if (manager_tell("set-environment", value) != 0)
        r = fail(change, "systemd does not take SSH_AUTH_SOCK");
    free(value);
    return r;
}

/* What the manager had before goes back into its environment, last: the socket takes the variable out as it
 * stops. */
static int give_back(struct change *change)
{
    const char *had = change->arg;
    char *value = NULL;
    int status = 0;

    if (had[0] == '\0')
        return 0;
    if (asprintf(&value, "SSH_AUTH_SOCK=%s", had) < 0)
        return -ENOMEM;
    status = manager_tell("set-environment", value);
    free(value);
    return status == 0 ? 0 : fail(change, "systemd does not take SSH_AUTH_SOCK");
}

static int carry_out_forget(struct change *change)
{
    if (manager_tell("daemon-reload", NULL) != 0)
        return fail(change, "systemd does not read its units again");
    manager_tell("unset-environment", "SSH_AUTH_SOCK");
    return give_back(change);
}

static int carry_out_disable(struct change *change)
{
    if (manager_tell("daemon-reload", NULL) != 0)
        return fail(change, "systemd does not read its units again");
    manager_tell("unset-environment", "SSH_AUTH_SOCK");
    if (manager_call("--user", "disable", "--now", UNIT, NULL) != 0)
        return fail(change, "systemd does not stop it");
    return give_back(change);
}

static int add(struct setup *setup, const char *note, const char *command,
               int (*carry_out)(struct change *change), const char *arg,
               const struct change *noted_in)
{
    struct change *change = setup_add(setup, PURPOSE, UNIT);

    if (change == NULL)
        return -ENOMEM;
    change->note = strdup(note);
    change->command = strdup(command);
    change->carry_out = carry_out;
    change->arg = strdup(arg);
    change->noted_in = noted_in;
    return change->note != NULL && change->command != NULL && change->arg != NULL ? 0 : -ENOMEM;
}

static char *drop_in(const struct setup *setup)
{
    char *path;

    return asprintf(&path, "%s/systemd/user/" UNIT ".d/services.conf", setup->account.config_home) < 0
        ? NULL : path;
}

static int plan_drop_in(struct setup *setup, const char *path, const char *words)
{
    return setup_plan_block(setup, SERVICES, path, BLOCK, BLOCK_LAST, services, words, NULL, 0644);
}

/* Where setup cannot say in a file that it enabled a unit, undo would leave that enabled. */
static int leave_alone(struct setup *setup, const char *unit)
{
    struct change *change = setup_add(setup, PURPOSE, unit);

    if (change == NULL)
        return -ENOMEM;
    change->state = STEP_LEFT_ALONE;
    snprintf(change->why, sizeof(change->why), "undo would not know who enabled it");
    return asprintf(&change->paste, "systemctl --user enable --now %s\n", unit) < 0 ? -ENOMEM : 0;
}

/* The words of the drop-in: that setup enables the unit, and what services had before. What is odd, or too
 * long for that line, is not noted, and services have nothing after undo. */
static void choose_words(const struct setup *setup, bool is_enabling, char out[BLOCK_WORDS_MAX])
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@,";
    char had[PATH_MAX];
    size_t n;

    manager_socket(had);
    n = strlen(had);
    snprintf(out, BLOCK_WORDS_MAX, "%s", is_enabling ? UNITS_ENABLED : "");
    if (had[0] == '/' && had[strspn(had, plain)] == '\0' && n <= HAD_MAX && strcmp(had, setup->socket) != 0)
        snprintf(out, BLOCK_WORDS_MAX, "%s%s" HAD "%.*s", is_enabling ? UNITS_ENABLED : "",
                 is_enabling ? " " : "", (int)n, had);
}

static int plan_enable(struct setup *setup, const char *path)
{
    struct change *file;
    bool was_running = manager_has_running(UNIT);
    char words[BLOCK_WORDS_MAX];
    int r;

    choose_words(setup, !was_running, words);
    r = plan_drop_in(setup, path, words[0] != '\0' ? words : NULL);
    file = r == 0 ? setup_change_of(setup, path) : NULL;
    if (file == NULL || (was_running && file->state != STEP_DUE && has_socket(setup)))
        return r;
    if (file->state == STEP_LEFT_ALONE)
        return was_running ? 0 : leave_alone(setup, UNIT);
    return add(setup, "enabled",
               "systemctl --user enable --now " UNIT, carry_out_enable, setup->socket, file);
}

/* had: what services have again, or "". */
static int add_disable(struct setup *setup, bool is_ours, const char *had)
{
    char note[BLOCK_WORDS_MAX + 80], command[BLOCK_WORDS_MAX + 80];

    if (had[0] != '\0') {
        snprintf(note, sizeof(note), "gives services SSH_AUTH_SOCK=%s again", had);
        snprintf(command, sizeof(command), "systemctl --user set-environment SSH_AUTH_SOCK=%s", had);
    } else {
        snprintf(note, sizeof(note), "gives services no SSH_AUTH_SOCK");
        snprintf(command, sizeof(command), "systemctl --user unset-environment SSH_AUTH_SOCK");
    }
    if (!is_ours)
        return add(setup, note, command, carry_out_forget, had, NULL);
    return add(setup, "is disabled, and ends relayd", "systemctl --user disable --now " UNIT,
               carry_out_disable, had, NULL);
}

/* systemctl removes its symlink first, for then the directories that setup made are empty. A unit that
 * goes on has to forget the drop-in, which is gone then. */
static int plan_disable(struct setup *setup, const char *path)
{
    struct document *document = setup_open(setup, path);
    char had[BLOCK_WORDS_MAX];
    struct block block;
    bool is_ours;
    int r;

    if (document == NULL)
        return -ENOMEM;
    block = block_find(document->text, document->size, BLOCK);
    is_ours = block.state == BLOCK_WHOLE && block_has_word(&block, UNITS_ENABLED);
    if (access(block_value(&block, HAD, had), F_OK) < 0)
        had[0] = '\0';
    r = is_ours ? add_disable(setup, true, had) : 0;
    if (r == 0)
        r = plan_drop_in(setup, path, NULL);
    if (r == 0 && !is_ours && block.state == BLOCK_WHOLE)
        r = add_disable(setup, false, had);
    setup_close(document);
    return r;
}

static int plan_masked(struct setup *setup)
{
    struct change *change = setup_add(setup, PURPOSE, UNIT);

    if (change == NULL)
        return -ENOMEM;
    change->state = STEP_LEFT_ALONE;
    snprintf(change->why, sizeof(change->why), "it is masked: " RELAYCTL_NAME " starts relayd by itself");
    return 0;
}

static int plan_for_user(struct setup *setup)
{
    char *path;
    int r;

    if (!manager_is_here(setup))
        return 0;
    if (is_loaded_as("masked"))
        return setup->is_undo ? 0 : plan_masked(setup);
    /* relayctl starts relayd by itself where the manager does not know the units. */
    if (!setup->is_undo && !is_loaded_as("loaded"))
        return 0;
    path = drop_in(setup);
    if (path == NULL)
        return -ENOMEM;
    r = setup->is_undo ? plan_disable(setup, path) : plan_enable(setup, path);
    free(path);
    return r;
}

static int carry_out_global(struct change *change)
{
    if (manager_call("--global", change->arg, UNIT, NULL, NULL) == 0)
        return 0;
    snprintf(change->why, sizeof(change->why), "systemctl --global %s " UNIT " fails",
             (const char *)change->arg);
    return -EIO;
}

static int plan_for_everybody(struct setup *setup)
{
    /* Where another system runs, nobody would read it. A unit that is not installed has neither state. */
    if (access("/run/systemd/system", F_OK) < 0)
        return 0;
    if (!manager_answers(UNIT, "--global", "is-enabled", NULL, setup->is_undo ? "enabled" : "disabled"))
        return 0;
    return add(setup, setup->is_undo ? "is disabled for everybody" : "is enabled for everybody's next login",
               setup->is_undo ? "systemctl --global disable " UNIT : "systemctl --global enable " UNIT,
               carry_out_global, setup->is_undo ? "disable" : "enable", NULL);
}

bool units_are_enabled_by(const struct setup *setup)
{
    char unit[PATHS_UNIT_MAX];

    paths_unit(&setup->cmd->paths, "socket", unit);
    return !setup->is_undo && manager_is_here(setup) && !manager_has_running(unit) &&
           manager_answers(unit, "--user", "show", "--property=LoadState", "LoadState=loaded");
}

static const struct change *find_rc(const struct setup *setup)
{
    char *path = account_path(&setup->account, ".ssh/rc");
    const struct change *rc = path != NULL ? setup_change_of(setup, path) : NULL;

    free(path);
    return rc;
}

/* Whether setup did that, and takes it back. */
static bool was_enabled(const struct setup *setup)
{
    const struct change *rc = find_rc(setup);
    struct block block = {.state = BLOCK_MISSING};
    char name[RC_BLOCK_MAX];

    if (rc != NULL)
        block = block_find(rc->document->text, rc->document->size, rc_block(setup->cmd->paths.name, name));
    return block.state == BLOCK_WHOLE && block_has_word(&block, UNITS_ENABLED);
}

static int carry_out_named(struct change *change)
{
    bool is_enabling = strstr(change->command, " enable ") != NULL;

    if (manager_call("--user", is_enabling ? "enable" : "disable", "--now", change->arg, NULL) == 0)
        return 0;
    snprintf(change->why, sizeof(change->why), "systemctl --user status %s says more",
             (const char *)change->arg);
    return -EIO;
}

/* Services of this user go on with the first. */
static int plan_named(struct setup *setup)
{
    char unit[PATHS_UNIT_MAX], command[PATHS_UNIT_MAX + 40];
    bool is_due = setup->is_undo ? was_enabled(setup) && manager_is_here(setup)
                                 : units_are_enabled_by(setup);
    const struct change *rc = find_rc(setup);
    struct change *change;

    if (!is_due)
        return 0;
    paths_unit(&setup->cmd->paths, "socket", unit);
    if (!setup->is_undo && (rc == NULL || rc->state == STEP_LEFT_ALONE))
        return leave_alone(setup, unit);
    snprintf(command, sizeof(command), "systemctl --user %s --now %s",
             setup->is_undo ? "disable" : "enable", unit);
    change = setup_add(setup, PURPOSE, unit);
    if (change == NULL)
        return -ENOMEM;
    change->note = strdup(setup->is_undo ? "is disabled, and ends this relayd" : "enabled");
    change->command = strdup(command);
    change->arg = strdup(unit);
    change->carry_out = carry_out_named;
    change->noted_in = setup->is_undo ? NULL : rc;
    return change->note != NULL && change->command != NULL && change->arg != NULL ? 0 : -ENOMEM;
}

int units_plan(struct setup *setup)
{
    if (setup_is_named(setup))
        return plan_named(setup);
    return setup->is_system ? plan_for_everybody(setup) : plan_for_user(setup);
}
