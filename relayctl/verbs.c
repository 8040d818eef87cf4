/* SPDX-License-Identifier: MIT */
/* The verbs that are a request and its answer. Other verbs have a file each. */
#include "config.h"

#include "relayctl/verbs.h"

#include "relayctl/account/rc.h"
#include "relayctl/instances.h"
#include "relayctl/json.h"
#include "relayctl/login.h"
#include "relayctl/notices.h"
#include "relayctl/owner.h"
#include "relayctl/picture.h"
#include "relayctl/printer.h"
#include "relayctl/short.h"
#include "relayctl/status.h"
#include "relayctl/whose.h"
#include "relayd/base/util.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STOP_MS 8000 /* relayd itself takes up to 5 s */

/* Adds the operand ID|SOCKET, which is no label, to request. A number, with or without the '#' of status, is an
 * id. */
static int add_operand(const struct command *cmd, struct proto_buf *request)
{
    const char *operand = cmd->operands[0];
    const char *number = operand[0] == '#' ? operand + 1 : operand;
    char *path, *real;
    uint64_t id;

    if (parse_u64(number, &id) == 0) {
        proto_add_u64(request, "id", id);
        return 0;
    }
    if (operand[0] == '\0')
        return -EINVAL;
    path = paths_absolute(operand);
    real = path != NULL ? login_real(path) : NULL;
    free(path);
    if (real == NULL)
        return -errno;
    proto_add(request, "path", real);
    free(real);
    return 0;
}

/* Asks for unregister, use or follow: with the key `flag` where is_flag, else about the login that
 * the command names, if it names one. */
static int ask_about(const struct command *cmd, const char *verb, bool is_flag, const char *flag)
{
    struct call call;
    int r;

    call_init(&call, verb, command_deadline(cmd));
    if (is_flag)
        proto_add(&call.request, flag, "1");
    else if (cmd->login != 0)
        proto_add_u64(&call.request, "id", cmd->login);
    if (cmd->n_operands > 0)
        call.object = cmd->operands[0];
    if (cmd->n_operands == 0 || cmd->login != 0)
        return command_ask(cmd, &call, NULL);
    r = add_operand(cmd, &call.request);
    if (r < 0) {
        command_tell(cmd, verb, r == -EINVAL ? "an empty name is no socket" : strerror(-r), NULL);
        return EXIT_NO;
    }
    return command_ask(cmd, &call, NULL);
}

int verb_unregister(struct command *cmd)
{
    int status = whose_find(cmd);

    return status == EXIT_DONE ? ask_about(cmd, "unregister", cmd->is_all, "all") : status;
}

int verb_use(struct command *cmd)
{
    int status = whose_find(cmd);

    return status == EXIT_DONE ? ask_about(cmd, "use", cmd->is_auto, "auto") : status;
}

/* Whether relayd follows anybody. Returns an exit status. */
static int ask_following(const struct command *cmd, bool *is_following)
{
    struct status status = {0};
    int r = command_fetch_status(cmd, &status);

    *is_following = r == EXIT_DONE && proto_get_flag(&status.daemon, "following");
    status_fini(&status);
    return r;
}

/* A hook of tmux only tells who types: what a person has switched off it leaves off. */
int verb_follow(struct command *cmd)
{
    bool is_following = true;
    int status = cmd->is_tmux ? ask_following(cmd, &is_following) : EXIT_DONE;

    if (status != EXIT_DONE || !is_following)
        return status;
    status = whose_find(cmd);
    if (status != EXIT_DONE)
        return status;
    return ask_about(cmd, "follow", cmd->is_off, "off");
}

int verb_pause(struct command *cmd)
{
    struct call call;

    call_init(&call, "pause", command_deadline(cmd));
    if (cmd->for_s >= 0)
        proto_add_u64(&call.request, "for_ms", (uint64_t)(cmd->for_s * 1000 + 0.5));
    return command_ask(cmd, &call, NULL);
}

int verb_resume(struct command *cmd)
{
    struct call call;

    call_init(&call, "resume", command_deadline(cmd));
    return command_ask(cmd, &call, NULL);
}

static int status_exit(const struct status *status)
{
    return status_can_serve(status) && status_obstacle(status) == NULL ? EXIT_DONE : EXIT_NO;
}

/* A prompt shows whatever comes, so what is wrong comes in a word too, and on no other channel. */
static int show_short(const struct command *cmd)
{
    struct command quiet = *cmd;
    struct status status = {0};
    int64_t deadline = command_deadline(cmd);
    int r;

    quiet.is_quiet = true;
    r = command_fetch_status(&quiet, &status);
    if (r == EXIT_DONE) {
        r = status_exit(&status);
        if (!cmd->is_quiet)
            short_status(stdout, &status);
    } else if (!cmd->is_quiet) {
        puts(client_left(deadline) == 0 ? "relayd hangs"
             : r == EXIT_NO_DAEMON      ? "no relayd"
                                        : "relayd refused");
    }
    status_fini(&status);
    return r;
}

/* Whether a login that forwards an agent is registered by itself. sshd reads rc from the home that
 * the account's entry names. */
static bool comes_by_rc(const struct command *cmd)
{
    const struct passwd *user = getpwuid(geteuid());

    return user != NULL && rc_registers(&cmd->paths, user->pw_dir);
}

static void show_status(const struct command *cmd, const struct status *status)
{
    struct notices notices = {0};
    char self[COMMAND_SELF_MAX];
    struct printer out;

    if (cmd->is_json || !cmd->is_quiet)
        notices_find(&notices, cmd, status);
    if (cmd->is_json) {
        json_status(stdout, status, &notices);
    } else if (!cmd->is_quiet) {
        printer_init(&out, stdout);
        picture_draw(&out, status, command_self(cmd, self), status->n == 0 && comes_by_rc(cmd));
        notices_draw(&out, &notices);
    }
}

static int show_one(const struct command *cmd)
{
    struct status status = {0};
    int r;

    if (cmd->is_short && !cmd->is_json)
        return show_short(cmd);
    r = command_fetch_status(cmd, &status);
    if (r == EXIT_DONE) {
        r = status_exit(&status);
        show_status(cmd, &status);
    }
    status_fini(&status);
    return r;
}

/* "relayd", or "relayd --name work". */
static void show_title(const char *name)
{
    struct printer out;

    printer_init(&out, stdout);
    printer_style(&out, STYLE_STRONG);
    printer_text(&out, RELAYD_NAME, INT_MAX);
    printer_text(&out, name[0] != '\0' ? " --name " : "", INT_MAX);
    printer_text(&out, name, INT_MAX);
    printer_style(&out, STYLE_PLAIN);
    printer_end_line(&out);
}

static int show_named(const struct command *cmd, const char *name)
{
    struct command one = *cmd;
    int r;

    one.choice = (struct paths_choice){.name = name[0] == '\0' ? NULL : name};
    r = paths_find(&one.paths, &one.choice, false);
    if (r == 0)
        return show_one(&one);
    command_tell(cmd, one.paths.dir, paths_problem(r), NULL);
    return EXIT_NO;
}

/* As JSON, an array of them. 0 where each has a login to serve, else what the worst one says. */
static int show_all(const struct command *cmd)
{
    struct instances instances = {0};
    int status = EXIT_DONE;

    if (instances_find(&instances) < 0) {
        instances_fini(&instances);
        command_tell(cmd, "status", strerror(ENOMEM), NULL);
        return EXIT_NO;
    }
    for (size_t i = 0; i < instances.n; i++) {
        int r;

        if (!cmd->is_quiet || cmd->is_json)
            fputs(cmd->is_json ? (i == 0 ? "[\n" : ",\n") : i == 0 ? "" : "\n", stdout);
        if (!cmd->is_quiet && !cmd->is_json && !cmd->is_short)
            show_title(instances.names[i]);
        r = show_named(cmd, instances.names[i]);
        status = r > status ? r : status;
    }
    if (cmd->is_json)
        puts("]");
    instances_fini(&instances);
    return status;
}

int verb_status(struct command *cmd)
{
    return cmd->is_all ? show_all(cmd) : show_one(cmd);
}

int verb_why(struct command *cmd)
{
    struct proto_msg reply;
    struct call call;
    struct printer out;
    int status;

    call_init(&call, "why", command_deadline(cmd));
    status = command_ask(cmd, &call, &reply);
    if (status != EXIT_DONE)
        return status;
    printer_init(&out, stdout);
    printer_flow(&out, status_text(&reply, "text"), 0);
    proto_msg_fini(&reply);
    return EXIT_DONE;
}

int verb_path(struct command *cmd)
{
    int status = command_check_dir(cmd);

    if (status == EXIT_DONE)
        puts(cmd->paths.agent);
    return status;
}

/* Whether systemd starts relayd again at the next client. */
static bool is_activated(const struct command *cmd)
{
    struct command quiet = *cmd;
    struct status status = {0};
    bool is;

    quiet.is_quiet = true;
    is = command_fetch_status(&quiet, &status) == EXIT_DONE && proto_get_flag(&status.daemon, "activated");
    status_fini(&status);
    return is;
}

/* Asks relayd to end, and waits until it closes the connection: it has let go of the lock by
 * then. */
static int stop(const struct command *cmd, struct client *client)
{
    struct call call;
    int r;

    call_init(&call, "stop", command_deadline(cmd));
    r = client_send(client, &cmd->paths, &call);
    if (r == 0)
        r = client_receive(client, &call, NULL);
    if (r == -ECONNREFUSED)
        client->hint = owner_hint_root(&cmd->paths, client->words); /* and not how to start one */
    if (r < 0)
        return command_tell_client(cmd, client, r);
    call.answer_by = cmd->started + STOP_MS;
    if (client_receive(client, &call, NULL) == -ECONNRESET)
        return EXIT_DONE;
    command_tell(cmd, "stop", "relayd still serves what it owes", NULL);
    return EXIT_NO;
}

/* How to stop what systemd starts. */
static const char *format_stop(const struct command *cmd, char *out, size_t size)
{
    char socket[PATHS_UNIT_MAX], service[PATHS_UNIT_MAX];

    snprintf(out, size, "to prevent it: systemctl\u00a0--user\u00a0stop\u00a0%s\u00a0%s",
             paths_unit(&cmd->paths, "socket", socket),
             paths_unit(&cmd->paths, "service", service));
    return out;
}

int verb_stop(struct command *cmd)
{
    char hint[2 * PATHS_UNIT_MAX + 64];
    struct client client = CLIENT_INIT;
    bool is_back_soon = is_activated(cmd);
    int status = stop(cmd, &client);

    client_fini(&client);
    if (status == EXIT_DONE && is_back_soon)
        command_tell(cmd, "stop", "systemd starts relayd again at the next client",
                     format_stop(cmd, hint, sizeof(hint)));
    return status;
}
