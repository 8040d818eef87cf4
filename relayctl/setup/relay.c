/* SPDX-License-Identifier: MIT */
/* What setup asks of relayd. That none answers is no failure here, and nothing to tell. */
#include "config.h"

#include "relayctl/setup/relay.h"

#include <string.h>

bool relay_status(const struct setup *setup, struct status *status)
{
    struct command quiet = *setup->cmd;

    quiet.is_quiet = true;
    quiet.started = client_now();
    return command_fetch_status(&quiet, status) == EXIT_DONE;
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
