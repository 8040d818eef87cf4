/* SPDX-License-Identifier: MIT */
/* Registering. rc does it in every login, so it is quick, and ends in time whatever state relayd
 * is in. */
#include "config.h"

#include "relayctl/register.h"

#include "relayctl/login.h"
#include "relayctl/printer.h"
#include "relayctl/status.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int find_named(struct registration *reg, const struct command *cmd)
{
    const char *name = cmd->operands[0];
    char *own;

    if (name[0] == '\0') {
        command_tell(cmd, "register", "an empty name is no socket",
                     "name the socket, or nothing: then it is SSH_AUTH_SOCK");
        return EXIT_NO;
    }
    reg->path = paths_absolute(name);
    if (reg->path == NULL) {
        command_tell(cmd, name, strerror(errno), NULL);
        return EXIT_NO;
    }
    if (login_is_same(reg->path, cmd->paths.agent)) {
        command_tell(cmd, name, "is relayd's own agent socket",
                     "name the socket of a login, or an agent's");
        return EXIT_NO;
    }
    own = login_socket(&cmd->paths);
    reg->is_own = own != NULL && login_is_same(reg->path, own);
    free(own);
    return EXIT_DONE;
}

int registration_find(struct registration *reg, const struct command *cmd)
{
    memset(reg, 0, sizeof(*reg));
    reg->is_waiting = !cmd->is_no_wait;
    if (cmd->n_operands > 0)
        return find_named(reg, cmd);
    reg->path = login_socket(&cmd->paths);
    reg->is_own = true;
    return EXIT_DONE;
}

void registration_fini(struct registration *reg)
{
    free(reg->path);
    memset(reg, 0, sizeof(*reg));
}

const char *registration_label(const struct registration *reg, const struct command *cmd)
{
    return cmd->label == NULL && reg->is_own ? login_label() : cmd->label;
}

static void encode(const struct registration *reg, const struct command *cmd, struct call *call)
{
    struct proto_buf *request = &call->request;
    char *real = login_real(reg->path);

    call_init(call, "register", client_now() + COMMAND_LOGIN_MS);
    call->object = reg->path;
    proto_add(request, "path", real != NULL ? real : reg->path);
    free(real);
    proto_add(request, "label", registration_label(reg, cmd));
    if (cmd->is_fallback)
        proto_add(request, "fallback", "1");
    if (reg->keeps_place)
        proto_add(request, "keep", "1");
    if (reg->is_waiting)
        proto_add(request, "wait", "1");
    if (reg->is_own)
        login_add_facts(request);
}

int registration_try(const struct registration *reg, struct command *cmd, struct client *client,
                     struct start_words *started, struct proto_msg *reply)
{
    struct call call;
    int r;

    encode(reg, cmd, &call);
    r = client_send(client, &cmd->paths, &call);
    if (r == -ECONNREFUSED && !cmd->is_no_start) {
        r = start_daemon(client, &cmd->paths, &cmd->choice, started);
        call.answer_by = client_now() + COMMAND_LOGIN_MS; /* what a start takes is extra */
        if (r == 0)
            r = client_send(client, &cmd->paths, &call);
    }
    return r < 0 ? r : client_receive(client, &call, reply);
}

int registration_run(const struct registration *reg, struct command *cmd, struct proto_msg *reply)
{
    struct start_words started = {0};
    struct client client = CLIENT_INIT;
    int r = registration_try(reg, cmd, &client, &started, reply);

    if (r < 0 && !cmd->is_quiet)
        fwrite(started.text, 1, started.size, stderr);
    if (r < 0)
        r = command_tell_client(cmd, &client, r);
    client_fini(&client);
    return r;
}

void registration_show(const struct command *cmd, const char *done, const struct proto_msg *reply)
{
    const char *reason = status_text(reply, "reason");
    struct printer out;

    if (cmd->is_quiet)
        return;
    printer_init(&out, stdout);
    printer_text(&out, done, INT_MAX);
    printer_text(&out, " #", INT_MAX);
    printer_text(&out, status_text(reply, "id"), INT_MAX);
    printer_text(&out, reason[0] != '\0' ? ": " : "", INT_MAX);
    printer_text(&out, reason, INT_MAX);
    printer_end_line(&out);
}

static int run_and_tell(const struct registration *reg, struct command *cmd)
{
    struct proto_msg reply;
    int status = registration_run(reg, cmd, &reply);

    if (status != EXIT_DONE)
        return status;
    if (status_is_silent(&reply)) {
        command_tell(cmd, reg->path, status_text(&reply, "reason"),
                     "it stays registered, behind the others, and is used when it answers");
        status = EXIT_NO;
    } else {
        registration_show(cmd, "registered as", &reply);
    }
    proto_msg_fini(&reply);
    return status;
}

int verb_register(struct command *cmd)
{
    struct registration reg;
    int status = registration_find(&reg, cmd);

    if (status == EXIT_DONE && reg.path != NULL)
        status = run_and_tell(&reg, cmd);
    else if (status == EXIT_DONE)
        command_tell(cmd, NULL, "nothing to register: this login forwards no agent (ssh -A)",
                     NULL);
    registration_fini(&reg);
    return status;
}
