/* SPDX-License-Identifier: MIT */
/* relayd runs, and has this login: symlinks and panes that are pointed at the relay now shall find an
 * agent there now. */
#include "config.h"

#include "relayctl/setup/steps.h"

#include "relayctl/login.h"
#include "relayctl/scan.h"
#include "relayctl/setup/relay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PURPOSE "the relay itself"

/* Whether relayd has the login's own socket, or there is none to give: a pane of tmux remembers that of a
 * login that has ended. */
static bool has_login(const struct setup *setup, const struct status *status)
{
    char *path = login_socket(&setup->cmd->paths);
    char *real = path != NULL ? login_real(path) : NULL;
    bool has = real == NULL || access(real, F_OK) < 0;

    for (size_t i = 0; i < status->n && !has; i++)
        has = strcmp(status_text(&status->upstreams[i], "path"), real) == 0;
    free(path);
    free(real);
    return has;
}

/* What is to be done; NULL: nothing. */
static const char *find_need(bool is_running, bool has_login)
{
    if (!is_running)
        return has_login ? "started" : "started, and given this login";
    return has_login ? NULL : "given this login";
}

/* Logins that are open, and that a relay which has none is not given here. */
static int remark_others(struct change *change)
{
    struct scan scan;
    int r = scan_find(&scan);

    if (r == 0 && scan.n > 0)
        r = change_remark(change, "it has no login yet; for those that are open already: %s --scan",
                          change->command);
    scan_fini(&scan);
    return r;
}

static int carry_out(struct change *change)
{
    const struct command *const *cmd = change->arg;

    return relay_take(*cmd, NULL, change->why, sizeof(change->why));
}

int running_plan(struct setup *setup)
{
    struct status status = {0};
    bool is_running = relay_status(setup, &status);
    bool is_had = has_login(setup, &status), is_empty = is_had && status.n == 0;
    const char *need = find_need(is_running, is_had);
    char option[PATHS_OPTION_MAX];
    const struct command **cmd;
    struct change *change;

    status_fini(&status);
    if (setup->is_undo)
        return 0;
    change = setup_add(setup, PURPOSE, need != NULL ? RELAYD_NAME : "a running " RELAYD_NAME);
    if (change == NULL)
        return -ENOMEM;
    change->is_needed = true;
    change->carry_out = carry_out;
    change->note = strdup(need != NULL ? need : "");
    if (asprintf(&change->command, RELAYCTL_NAME "%s register",
                 paths_option(&setup->cmd->paths, option)) < 0)
        change->command = NULL;
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): it is the pointer that is kept. */
    change->arg = cmd = malloc(sizeof(*cmd));
    if (change->note == NULL || change->command == NULL || cmd == NULL)
        return -ENOMEM;
    *cmd = setup->cmd;
    if (need == NULL)
        change->state = STEP_THERE;
    return is_empty ? remark_others(change) : 0;
}
