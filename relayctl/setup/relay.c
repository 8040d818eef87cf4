/* SPDX-License-Identifier: MIT */
/* What setup asks of relayd. That none answers is no failure here, and nothing to tell. */
#include "config.h"

#include "relayctl/setup/relay.h"

#include "relayctl/register.h"
#include "relayctl/start.h"
#include "relayd/base/utf8.h"

#include <errno.h>
#include <string.h>

bool relay_status(const struct setup *setup, struct status *status)
{
    struct command quiet = *setup->cmd;

    quiet.is_quiet = true;
    quiet.started = client_now();
    return command_fetch_status(&quiet, status) == EXIT_DONE;
}

/* Registers what cmd names. Returns as registration_try(); -ENOENT where there is nothing. */
static int take(struct command *cmd, struct client *client, struct start_words *words)
{
    struct registration reg = {0};
    int r = -ENOENT;

    if (registration_find(&reg, cmd) == EXIT_DONE && reg.path != NULL) {
        reg.keeps_place = true;
        r = registration_try(&reg, cmd, client, words, NULL);
    }
    registration_fini(&reg);
    return r;
}

int relay_take(const struct command *cmd, char *socket, char *why, size_t size)
{
    struct command quiet = *cmd;
    struct client client = CLIENT_INIT;
    struct start_words words = {0};
    int r;

    quiet.is_quiet = true;
    quiet.started = client_now();
    quiet.operands = &socket;
    quiet.n_operands = socket != NULL ? 1 : 0;
    r = take(&quiet, &client, &words);
    if (r < 0 && socket == NULL) {
        client_fini(&client);
        client = (struct client)CLIENT_INIT;
        r = start_daemon(&client, &quiet.paths, &quiet.choice, &words);
    }
    if (r < 0)
        utf8_format(why, size, "%s", client.cause != NULL ? client.cause : strerror(-r));
    client_fini(&client);
    return r;
}

int relay_follow(const struct command *cmd, bool is_on, char *why, size_t size)
{
    struct command quiet = *cmd;
    char option[PATHS_OPTION_MAX];
    struct call call;

    quiet.is_quiet = true;
    quiet.started = client_now();
    call_init(&call, "follow", command_deadline(&quiet));
    if (!is_on)
        proto_add(&call.request, "off", "1");
    if (command_ask(&quiet, &call, NULL) == EXIT_DONE)
        return 0;
    utf8_format(why, size, RELAYD_NAME " does not take it: " RELAYCTL_NAME "%s follow%s says more",
                paths_option(&cmd->paths, option), is_on ? "" : " --off");
    return -EIO;
}

const char *relay_newest(const struct status *status)
{
    static const char *const states[] = {"alive", "untried"};

    for (size_t s = 0; s < 2; s++) {
        for (size_t i = 0; i < status->n; i++) {
            if (strcmp(status_text(&status->upstreams[i], "state"), states[s]) == 0)
                return status_text(&status->upstreams[i], "path");
        }
    }
    return "";
}
