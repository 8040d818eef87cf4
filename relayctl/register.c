/* SPDX-License-Identifier: MIT */
/* Registering. rc does it in every login, so it is quick, and ends in time whatever state relayd
 * is in. */
#include "config.h"

#include "relayctl/register.h"

#include "relayctl/login.h"
#include "relayctl/mute.h"
#include "relayctl/printer.h"
#include "relayctl/scan.h"
#include "relayctl/status.h"
#include "relayd/base/lock.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
    /* What the environment says is about the login's own. */
    if (own != NULL && login_is_same(reg->path, own))
        reg->login = login_here();
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
    reg->login = login_here();
    return EXIT_DONE;
}

void registration_fini(struct registration *reg)
{
    free(reg->path);
    memset(reg, 0, sizeof(*reg));
}

const char *registration_label(const struct registration *reg, const struct command *cmd)
{
    return cmd->label != NULL ? cmd->label : reg->login.label;
}

/* Who waits for no verdict is a login. Where none runs yet systemd starts one, or closes the sockets
 * where none may run: either takes its time. */
static int64_t deadline(const struct registration *reg, const struct command *cmd)
{
    bool is_long = reg->is_waiting || lock_holder(cmd->paths.lock) == 0;

    return client_now() + (is_long ? COMMAND_VERDICT_MS
                                   : mute_patience(&cmd->paths, COMMAND_LOGIN_MS));
}

static void encode(const struct registration *reg, const struct command *cmd, struct call *call)
{
    struct proto_buf *request = &call->request;
    char *real = login_real(reg->path);

    call_init(call, "register", deadline(reg, cmd));
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
    proto_add(request, "connection", reg->login.connection);
    proto_add(request, "tty", reg->login.tty);
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
        call.answer_by = client_now() + COMMAND_VERDICT_MS; /* what a start takes is extra */
        if (r == 0)
            r = client_send(client, &cmd->paths, &call);
    }
    if (r == 0)
        r = client_receive(client, &call, reply);
    mute_learn(&cmd->paths, r);
    return r;
}

/* How many of those that were found come before the first that nobody has registered. What is
 * found behind that is registered again, so that the newest still goes first. */
static size_t count_registered(const struct command *cmd, const struct scan *scan)
{
    struct command quiet = *cmd;
    struct status status = {0};
    size_t n = 0;

    quiet.is_quiet = true;
    if (command_fetch_status(&quiet, &status) == EXIT_DONE) {
        while (n < scan->n && status_find(&status, "path", scan->found[n].path) != NULL)
            n++;
    }
    status_fini(&status);
    return n;
}

/* A pane outlives the login that it was born in, whose socket is gone: other logins may be there. */
static const char *hint_at_others(const struct command *cmd, char *out, size_t size)
{
    char self[COMMAND_SELF_MAX];
    struct scan scan;

    if (scan_find(&scan) == 0 && count_registered(cmd, &scan) < scan.n)
        snprintf(out, size, "the login of this shell has ended; for those that are there: "
                            "%s register --scan", command_self(cmd, self));
    else
        snprintf(out, size, "the login of this shell has ended");
    scan_fini(&scan);
    return out;
}

int registration_run(const struct registration *reg, struct command *cmd, struct proto_msg *reply)
{
    char hint[COMMAND_SELF_MAX + 120];
    struct start_words started = {0};
    struct client client = CLIENT_INIT;
    int r = registration_try(reg, cmd, &client, &started, reply);

    if (r < 0 && !cmd->is_quiet)
        fwrite(started.text, 1, started.size, stderr);
    if (r == -EREMOTE && !cmd->is_quiet && !cmd->is_scan && cmd->n_operands == 0 &&
        access(reg->path, F_OK) < 0)
        client.hint = hint_at_others(cmd, hint, sizeof(hint));
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

/* Registers one that was found. Returns an exit status. */
static int register_found(struct command *cmd, const struct scan_found *found, bool is_waiting)
{
    const struct registration reg = {
        .path = found->path, .login = found->login, .is_waiting = is_waiting};
    struct proto_msg reply;
    char done[PATH_MAX + 32];
    int status = registration_run(&reg, cmd, &reply);

    if (status != EXIT_DONE)
        return status;
    snprintf(done, sizeof(done), "%s: registered as", found->path);
    registration_show(cmd, done, &reply);
    proto_msg_fini(&reply);
    return EXIT_DONE;
}

/* The verdict on the newest is waited for, like that on a login that registers itself. One that
 * leads nowhere is told, and is no reason to stop. */
static int register_all(struct command *cmd, const struct scan *scan)
{
    size_t first = count_registered(cmd, scan);
    int status = EXIT_NO;

    if (first == scan->n) {
        command_tell(cmd, NULL, scan->n > 0 ? "all your logins are registered"
                                            : "no login of yours forwards an agent (ssh -A)", NULL);
        return scan->n > 0 ? EXIT_DONE : EXIT_NO;
    }
    for (size_t i = first; i < scan->n; i++) {
        int r = register_found(cmd, &scan->found[i], !cmd->is_no_wait && i + 1 == scan->n);

        if (r == EXIT_NO_DAEMON)
            return r;
        if (r == EXIT_DONE)
            status = r;
    }
    return status;
}

static int scan_and_register(struct command *cmd)
{
    struct scan scan;
    int status = EXIT_NO;

    if (scan_find(&scan) == 0)
        status = register_all(cmd, &scan);
    else
        command_tell(cmd, "register", strerror(ENOMEM), NULL);
    scan_fini(&scan);
    return status;
}

static int register_one(struct command *cmd)
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

int verb_register(struct command *cmd)
{
    return cmd->is_scan ? scan_and_register(cmd) : register_one(cmd);
}
