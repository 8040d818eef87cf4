/* SPDX-License-Identifier: MIT */
/* Waiting for a login. relayd may not run yet, for the login that is waited for may start it, or
 * may end and start again. So one conversation follows another until the time is up. */
#include "config.h"

#include "relayctl/wait.h"

#include <errno.h>
#include <poll.h>

#define RETRY_MS 100  /* while there is no relayd */
#define ANSWER_MS 300 /* relayd has so long to answer, even with `--timeout 0` */

/* One conversation. Returns 0, -ETIME where no login came in time, or an
 * -errno of client_send() or client_receive(). */
static int wait_once(const struct command *cmd, struct client *client, int64_t deadline)
{
    int64_t patience = client_now() + COMMAND_PERSON_MS;
    struct call call;
    int r;

    call_init(&call, "wait", deadline);
    if (patience < deadline)
        call.connect_by = patience;
    r = client_send(client, &cmd->paths, &call);
    if (r < 0)
        return r;
    r = client_receive(client, &call, NULL);
    return r == -ETIMEDOUT ? -ETIME : r;
}

static int64_t wait_deadline(const struct command *cmd)
{
    int64_t span;

    if (cmd->timeout_s < 0)
        return CLIENT_FOREVER;
    span = (int64_t)(cmd->timeout_s * 1000 + 0.5);
    return cmd->started + (span > ANSWER_MS ? span : ANSWER_MS);
}

/* Whether to try another conversation. */
static bool is_worth_another(int error, int64_t deadline)
{
    return error != -ETIME && error != -EREMOTE && error != -EPERM && client_left(deadline) != 0;
}

static int tell_wait(const struct command *cmd, const struct client *client, int r)
{
    if (r == -ETIME) {
        command_tell(cmd, "wait", "no login is there to serve", NULL);
        return EXIT_NO;
    }
    return r < 0 ? command_tell_client(cmd, client, r) : EXIT_DONE;
}

int verb_wait(struct command *cmd)
{
    struct client client = CLIENT_INIT;
    int64_t deadline = wait_deadline(cmd);
    bool is_told = deadline != CLIENT_FOREVER;
    int r;

    while ((r = wait_once(cmd, &client, deadline)) < 0 && is_worth_another(r, deadline)) {
        if (!is_told)
            command_tell(cmd, client.object, client.cause, "waiting for it");
        is_told = true;
        poll(NULL, 0, RETRY_MS);
        paths_find(&cmd->paths, &cmd->choice, false);
    }
    r = tell_wait(cmd, &client, r);
    client_fini(&client);
    return r;
}
