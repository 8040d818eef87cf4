/* SPDX-License-Identifier: MIT */
/* What all verbs share. All errors are told here, so that they have one form and no control
 * characters, and --quiet keeps them back. */
#include "config.h"

#include "relayctl/command.h"

#include "relayctl/mute.h"
#include "relayctl/owner.h"
#include "relayctl/printer.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* Where what is told begins, behind "relayctl: ". */
#define COLUMN 10

static void indent(struct printer *out, void *arg)
{
    printer_pad(out, COLUMN);
}

static void tell_object(struct printer *out, const char *object)
{
    if (out->is_terminal)
        printer_wrap(out, object, indent, NULL);
    else
        printer_text(out, object, INT_MAX);
    printer_text(out, ": ", INT_MAX);
}

void command_tell(const struct command *cmd, const char *object, const char *cause,
                  const char *hint)
{
    struct printer out;

    if (cmd->is_quiet)
        return;
    fflush(stdout); /* where both go to one place, what was said before stands before */
    printer_init(&out, stderr);
    printer_text(&out, "relayctl: ", INT_MAX);
    if (object != NULL)
        tell_object(&out, object);
    printer_flow(&out, cause, COLUMN);
    if (hint != NULL)
        printer_flow(&out, hint, COLUMN);
}

const char *command_self(const struct command *cmd, char out[COMMAND_SELF_MAX])
{
    const char *name = strchr(program_invocation_name, '/') != NULL ? program_invocation_name
                                                                     : RELAYCTL_NAME;
    char option[PATHS_OPTION_MAX];

    snprintf(out, COMMAND_SELF_MAX, "%s%s", name, paths_option(&cmd->paths, option));
    return out;
}

void command_env_line(const struct command *cmd, const char *options, char *out, size_t size)
{
    char self[COMMAND_SELF_MAX];

    command_self(cmd, self);
    switch (shell_of_caller()) {
    case SHELL_FISH:
        snprintf(out, size, "%s env%s | source", self, options);
        break;
    case SHELL_CSH:
        snprintf(out, size, "eval `%s env%s`", self, options);
        break;
    case SHELL_SH:
    case SHELL_UNKNOWN:
        snprintf(out, size, "eval \"$(%s env%s)\"", self, options);
        break;
    }
}

int64_t command_deadline(const struct command *cmd)
{
    return cmd->started +
           (cmd->is_short ? mute_patience(&cmd->paths, COMMAND_PROMPT_MS) : COMMAND_PERSON_MS);
}

int command_tell_client(const struct command *cmd, const struct client *client, int error)
{
    command_tell(cmd, client->object, client->cause, client->hint);
    return client_exit_status(error);
}

int command_check_dir(const struct command *cmd)
{
    char owner[OWNER_HINT_MAX];
    int r = paths_check_dir(&cmd->paths, false);

    if (r == 0 || r == -ENOENT)
        return EXIT_DONE;
    command_tell(cmd, cmd->paths.dir, paths_problem(r),
                 r == -EPERM ? owner_hint_other(&cmd->paths, owner) : NULL);
    return EXIT_NO;
}

int command_ask(const struct command *cmd, const struct call *call, struct proto_msg *reply)
{
    struct client client = CLIENT_INIT;
    int r = client_send(&client, &cmd->paths, call);

    if (r == 0)
        r = client_receive(&client, call, reply);
    if (r < 0)
        r = command_tell_client(cmd, &client, r);
    client_fini(&client);
    return r;
}

static int keep_record(struct proto_msg *record, void *status)
{
    int r = status_add(status, record);

    if (r < 0)
        proto_msg_fini(record);
    return r;
}

int command_fetch_status(const struct command *cmd, struct status *status)
{
    struct call call;

    call_init(&call, "status", command_deadline(cmd));
    call.on_record = keep_record;
    call.on_record_arg = status;
    return command_ask(cmd, &call, NULL);
}
