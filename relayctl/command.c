/* What all verbs share. A verb never prints an error itself: here each one gets the
 * same form, loses its control bytes, and is kept back by --quiet. */
#include "config.h"

#include "relayctl/command.h"

#include "relayctl/pen.h"
#include "relayctl/status.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

void command_tell(const struct command *cmd, const char *object, const char *cause,
                  const char *hint)
{
    struct pen pen;

    if (cmd->is_quiet)
        return;
    pen_init(&pen, stderr);
    pen_text(&pen, "relayctl: ", INT_MAX);
    if (object != NULL) {
        pen_text(&pen, object, INT_MAX);
        pen_text(&pen, ": ", INT_MAX);
    }
    pen_text(&pen, cause, INT_MAX);
    pen_end(&pen);
    if (hint == NULL)
        return;
    pen_to(&pen, (int)strlen("relayctl: "));
    pen_text(&pen, hint, INT_MAX);
    pen_end(&pen);
}

int command_tell_client(const struct command *cmd, const struct client *client, int error)
{
    command_tell(cmd, client->object, client->cause, client->hint);
    return client_exit_status(error);
}

int command_check_dir(const struct command *cmd)
{
    int r = paths_check_dir(&cmd->paths, false);

    if (r == 0 || r == -ENOENT)
        return EXIT_DONE;
    command_tell(cmd, cmd->paths.dir, paths_problem(r), NULL);
    return EXIT_NO;
}

int command_receive(const struct command *cmd, struct client *client, const char *object,
                    struct proto_msg *reply, int64_t deadline)
{
    int r;

    while ((r = client_receive(client, reply, deadline)) == 0 && !client_is_last(reply))
        proto_msg_fini(reply);
    if (r < 0)
        return command_tell_client(cmd, client, r);
    if (strcmp(reply->verb, "ok") == 0)
        return EXIT_DONE;
    command_tell(cmd, object, status_text(reply, "reason"), proto_get(reply, "hint"));
    proto_msg_fini(reply);
    return EXIT_NO;
}

int command_ask(const struct command *cmd, const char *object, const struct proto_buf *request,
                struct proto_msg *reply, int64_t deadline)
{
    struct client client = CLIENT_INIT;
    int r = client_open(&client, &cmd->paths, deadline);

    if (r == 0)
        r = client_send(&client, request);
    r = r < 0 ? command_tell_client(cmd, &client, r)
              : command_receive(cmd, &client, object, reply, deadline);
    client_close(&client);
    return r;
}
