/* SPDX-License-Identifier: MIT */
/* relayd runs, and has this login: symlinks and panes that are pointed at the relay now shall find an
 * agent there now. */
#include "config.h"

#include "relayctl/setup/steps.h"

#include "relayctl/login.h"
#include "relayctl/register.h"
#include "relayctl/setup/relay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PURPOSE "the relay itself"

/* What is to be done: NULL where relayd runs, and has the login's own socket. */
static const char *find_need(const struct setup *setup, bool is_running,
                             const struct status *status)
{
    char *path = login_socket(&setup->cmd->paths);
    char *real = path != NULL ? login_real(path) : NULL;
    bool has_login = real == NULL;

    for (size_t i = 0; i < status->n && !has_login; i++)
        has_login = strcmp(status_text(&status->upstreams[i], "path"), real) == 0;
    free(path);
    free(real);
    if (!is_running)
        return has_login ? "started" : "started, and given this login";
    return has_login ? NULL : "given this login";
}

/* Registers this login, which starts relayd; where that cannot be, starts relayd alone. */
static int carry_out(struct change *change)
{
    const struct command *cmd = *(const struct command *const *)change->arg;
    struct command quiet = *cmd;
    struct client client = CLIENT_INIT;
    struct registration reg = {0};
    struct start_words words = {0};
    int r = -ENOENT;

    quiet.is_quiet = true;
    quiet.started = client_now();
    if (registration_find(&reg, &quiet) == EXIT_DONE && reg.path != NULL) {
        reg.keeps_place = true;
        r = registration_try(&reg, &quiet, &client, &words, NULL);
    }
    if (r < 0) {
        client_fini(&client);
        client = (struct client)CLIENT_INIT;
        r = start_daemon(&client, &quiet.paths, quiet.dir, &words);
    }
    if (r < 0)
        snprintf(change->why, sizeof(change->why), "%s", client.cause);
    client_fini(&client);
    registration_fini(&reg);
    return r;
}

int running_plan(struct setup *setup)
{
    struct status status = {0};
    bool is_running = relay_status(setup, &status);
    const char *need = find_need(setup, is_running, &status);
    struct change *change;

    status_fini(&status);
    if (setup->is_undo)
        return 0;
    change = setup_add(setup, PURPOSE, RELAYD_NAME);
    if (change == NULL)
        return -ENOMEM;
    change->is_needed = true;
    change->carry_out = carry_out;
    change->note = strdup(need != NULL ? need : "");
    change->command = strdup(RELAYCTL_NAME " register");
    change->arg = malloc(sizeof(setup->cmd));
    if (change->note == NULL || change->command == NULL || change->arg == NULL)
        return -ENOMEM;
    memcpy(change->arg, &setup->cmd, sizeof(setup->cmd));
    if (need == NULL)
        change->state = STEP_THERE;
    return 0;
}
