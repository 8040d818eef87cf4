/* SPDX-License-Identifier: MIT */
/* The agent of whoever is at the keyboard. It changes whose agent is used, so it is done only where it is
 * asked for; what tmux has to do with it is in tmux.c. relayd is told at its start, by its options, for
 * what it keeps goes with its directory; one that runs is told as well. */
#include "config.h"

#include "relayctl/setup/steps.h"

#include "relayctl/setup/relay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK "follow"
#define OPTIONS ".config/relayd.conf"
#define PURPOSE "the login of whoever types goes first"

static const char body[] = "# The login of whoever is at the keyboard goes first.\nfollow\n";

struct order {
    const struct command *cmd; /* not owned */
    bool is_on;
};

/* Whether a line of the text is the option. */
static bool has_option(const struct document *document)
{
    const char *at = document->text;

    while (*at != '\0') {
        size_t n;

        at += strspn(at, " \t");
        n = strcspn(at, " \t\r\n#");
        if (n == strlen("follow") && strncmp(at, "follow", n) == 0)
            return true;
        at += strcspn(at, "\n");
        at += *at == '\n';
    }
    return false;
}

static struct document *open_options(const struct setup *setup)
{
    char *path = account_path(&setup->account, OPTIONS);
    struct document *document = path != NULL ? setup_open(setup, path) : NULL;

    free(path);
    return document;
}

static bool has_block(const struct document *document)
{
    return block_find(document->text, document->size, BLOCK).state != BLOCK_MISSING;
}

bool follow_is_there(const struct setup *setup)
{
    struct document *document = open_options(setup);
    bool is = document != NULL && has_block(document);

    setup_close(document);
    return is;
}

/* One with the option by the person's own line is as it should be. */
static int plan_options(struct setup *setup)
{
    struct document *document = open_options(setup);
    struct change *change;
    int r = 0;

    if (document == NULL)
        return -ENOMEM;
    if (setup->is_undo || has_block(document) || !has_option(document)) {
        r = setup_plan_block(setup, PURPOSE, document->path, BLOCK, BLOCK_LAST, body, NULL, NULL, 0644);
    } else {
        change = setup_add(setup, PURPOSE, "~/" OPTIONS);
        if (change != NULL)
            change->state = STEP_THERE;
        r = change != NULL ? 0 : -ENOMEM;
    }
    setup_close(document);
    return r;
}

static int carry_out(struct change *change)
{
    const struct order *order = change->arg;

    return relay_follow(order->cmd, order->is_on, change->why, sizeof(change->why));
}

/* One that does not run is told by its options when it starts. */
static int plan_running(struct setup *setup)
{
    struct status status = {0};
    bool is_due = relay_status(setup, &status) &&
                  proto_get_flag(&status.daemon, "following") == setup->is_undo;
    char option[PATHS_OPTION_MAX];
    struct change *change;
    struct order *order;

    status_fini(&status);
    if (!is_due)
        return 0;
    change = setup_add(setup, "it is told so now", RELAYD_NAME);
    order = malloc(sizeof(*order));
    if (change == NULL || order == NULL) {
        free(order);
        return -ENOMEM;
    }
    *order = (struct order){setup->cmd, !setup->is_undo};
    change->arg = order;
    change->carry_out = carry_out;
    if (setup->is_undo)
        change->note = strdup("follows nobody");
    if (asprintf(&change->command, RELAYCTL_NAME "%s follow%s",
                 paths_option(&setup->cmd->paths, option),
                 setup->is_undo ? " --off" : "") < 0)
        change->command = NULL;
    return change->command != NULL ? 0 : -ENOMEM;
}

/* Whether only the relayd that runs was told: its options could not be written, and nobody has put the
 * line there by hand. */
static bool only_running_was_told(const struct setup *setup)
{
    struct document *document = open_options(setup);
    bool is = document != NULL && !has_option(document) && tmux_is_told_to_follow(setup);

    setup_close(document);
    return is;
}

/* What a person has switched on by hand is not ours to take back. */
int follow_plan(struct setup *setup)
{
    bool is_due = setup->is_undo ? follow_is_there(setup) : setup->is_follow;
    int r = is_due ? plan_options(setup) : 0;

    if (r == 0 && (is_due || (setup->is_undo && only_running_was_told(setup))))
        r = plan_running(setup);
    return r;
}

bool follow_is_useful(const struct setup *setup)
{
    struct status status = {0};
    bool is = account_has_program("tmux");

    relay_status(setup, &status);
    for (size_t i = 1; i < status.n && !is; i++) {
        const struct proto_msg *a = &status.upstreams[0], *b = &status.upstreams[i];

        is = strcmp(status_text(a, "host"), status_text(b, "host")) != 0 ||
             strcmp(status_text(a, "label"), status_text(b, "label")) != 0;
    }
    status_fini(&status);
    return is;
}
