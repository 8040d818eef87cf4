/* The verbs that ask the daemon something and show the answer. Those about the login
 * one stands in are in register.c and hold.c. */
#include "config.h"

#include "relayctl/verbs.h"

#include "relayctl/json.h"
#include "relayctl/login.h"
#include "relayctl/output.h"
#include "relayctl/status.h"
#include "relayd/base/util.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STOP_MS 8000      /* the daemon itself takes up to 5 s */
#define WAIT_RETRY_MS 100 /* while there is no daemon yet */
#define WAIT_ANSWER_MS 300 /* what even `--timeout 0` gives the daemon to answer in */

static int64_t person_deadline(const struct command *cmd)
{
    return cmd->started + COMMAND_PERSON_MS;
}

/* Asks for something that has no answer but done or not. */
static int ask_simply(const struct command *cmd, const char *object,
                      const struct proto_buf *request)
{
    struct proto_msg reply;
    int status = command_ask(cmd, object, request, &reply, person_deadline(cmd));

    if (status == EXIT_DONE)
        proto_msg_fini(&reply);
    return status;
}

/* ID or SOCKET: digits alone, as status shows them ("#3" or "3"), are an id. */
static int add_operand(const struct command *cmd, struct proto_buf *request)
{
    const char *operand = cmd->operands[0];
    const char *number = operand[0] == '#' ? operand + 1 : operand;
    uint64_t id;
    char *path;

    if (parse_u64(number, &id) == 0) {
        proto_add_u64(request, "id", id);
        return 0;
    }
    path = operand[0] != '\0' ? login_absolute(operand) : NULL;
    if (path == NULL)
        return -EINVAL;
    proto_add(request, "path", path);
    free(path);
    return 0;
}

/* unregister and use: for everyone (the flag key), or for the operand. */
static int ask_about(const struct command *cmd, const char *verb, bool is_flag, const char *flag)
{
    struct proto_buf request;

    proto_begin(&request, verb);
    if (is_flag) {
        proto_add(&request, flag, "1");
    } else if (add_operand(cmd, &request) < 0) {
        command_tell(cmd, verb, "an empty name is no socket", NULL);
        return EXIT_NO;
    }
    return ask_simply(cmd, is_flag ? verb : cmd->operands[0], &request);
}

int verb_unregister(struct command *cmd)
{
    return ask_about(cmd, "unregister", cmd->is_all, "all");
}

int verb_use(struct command *cmd)
{
    return ask_about(cmd, "use", cmd->is_auto, "auto");
}

int verb_pause(struct command *cmd)
{
    struct proto_buf request;

    proto_begin(&request, "pause");
    if (cmd->for_s >= 0)
        proto_add_u64(&request, "for_ms", (uint64_t)(cmd->for_s * 1000 + 0.5));
    return ask_simply(cmd, "pause", &request);
}

int verb_resume(struct command *cmd)
{
    struct proto_buf request;

    proto_begin(&request, "resume");
    return ask_simply(cmd, "resume", &request);
}

/* Fills status, which the caller must fini whatever is returned: an exit status. */
static int fetch_status(const struct command *cmd, struct status *status)
{
    struct client client = CLIENT_INIT;
    struct proto_buf request;
    struct proto_msg record = {0};
    int r = client_open(&client, &cmd->paths, person_deadline(cmd));

    proto_begin(&request, "status");
    if (r == 0)
        r = client_send(&client, &request);
    while (r == 0) {
        r = client_receive(&client, &record, person_deadline(cmd));
        if (r < 0 || client_is_last(&record))
            break;
        r = status_add(status, &record);
    }
    if (r < 0) {
        command_tell_client(cmd, &client, r);
        r = client_exit_status(r);
    } else if (strcmp(record.verb, "error") == 0) {
        command_tell(cmd, "status", status_text(&record, "reason"), NULL);
        r = EXIT_NO;
    }
    proto_msg_fini(&record);
    client_close(&client);
    return r;
}

int verb_status(struct command *cmd)
{
    struct status status = {0};
    struct pen pen;
    int r = fetch_status(cmd, &status);

    if (r == EXIT_DONE) {
        r = status_can_serve(&status) ? EXIT_DONE : EXIT_NO;
        if (cmd->is_json) {
            json_status(stdout, &status);
        } else if (!cmd->is_quiet) {
            pen_init(&pen, stdout);
            output_status(&pen, &status);
        }
    }
    status_fini(&status);
    return r;
}

/* One conversation of `wait`. Returns an exit status, or -ECONNRESET where the daemon
 * went away meanwhile, or another -errno of client_open(). */
static int wait_once(const struct command *cmd, struct client *client, int64_t deadline)
{
    int64_t patience = client_now() + COMMAND_PERSON_MS;
    struct proto_buf request;
    struct proto_msg reply;
    int r = client_open(client, &cmd->paths, patience < deadline ? patience : deadline);

    proto_begin(&request, "wait");
    if (r == 0)
        r = client_send(client, &request);
    if (r < 0)
        return r;
    r = client_receive(client, &reply, deadline);
    if (r == -ETIMEDOUT) {
        command_tell(cmd, "wait", "no login is there to serve", NULL);
        return EXIT_NO;
    }
    if (r < 0)
        return r;
    r = strcmp(reply.verb, "ok") == 0 ? EXIT_DONE : EXIT_NO;
    if (r == EXIT_NO)
        command_tell(cmd, "wait", status_text(&reply, "reason"), NULL);
    proto_msg_fini(&reply);
    return r;
}

static int64_t wait_deadline(const struct command *cmd)
{
    int64_t span;

    if (cmd->timeout_s < 0)
        return CLIENT_FOREVER;
    span = (int64_t)(cmd->timeout_s * 1000 + 0.5);
    return cmd->started + (span > WAIT_ANSWER_MS ? span : WAIT_ANSWER_MS);
}

int verb_wait(struct command *cmd)
{
    struct client client = CLIENT_INIT;
    int64_t deadline = wait_deadline(cmd);
    bool is_told = false;
    int r;

    /* No daemon yet, or not any more: the one that is waited for may bring it. */
    while ((r = wait_once(cmd, &client, deadline)) < 0) {
        if (r == -EPERM || client_left(deadline) == 0) {
            r = command_tell_client(cmd, &client, r);
            break;
        }
        if (deadline == CLIENT_FOREVER && !is_told)
            command_tell(cmd, client.object, client.cause, "waiting for it");
        is_told = true;
        poll(NULL, 0, WAIT_RETRY_MS);
        paths_find(&cmd->paths, cmd->dir, false);
    }
    client_close(&client);
    return r;
}

static void show_event(struct pen *pen, const struct proto_msg *event)
{
    time_t when = (time_t)proto_get_u64(event, "time", 0);
    struct tm local;

    localtime_r(&when, &local);
    output_event(pen, &local, status_text(event, "text"));
}

int verb_watch(struct command *cmd)
{
    struct client client = CLIENT_INIT;
    struct proto_buf request;
    struct proto_msg event;
    struct pen pen;
    int r = client_open(&client, &cmd->paths, person_deadline(cmd));

    proto_begin(&request, "watch");
    if (r == 0)
        r = client_send(&client, &request);
    setvbuf(stdout, NULL, _IOLBF, 0);
    pen_init(&pen, stdout);
    while (r == 0 && (r = client_receive(&client, &event, CLIENT_FOREVER)) == 0) {
        if (strcmp(event.verb, "event") == 0)
            show_event(&pen, &event);
        else if (strcmp(event.verb, "error") == 0)
            r = EXIT_NO;
        if (r == EXIT_NO)
            command_tell(cmd, "watch", status_text(&event, "reason"), NULL);
        proto_msg_fini(&event);
    }
    client_close(&client);
    return r < 0 ? command_tell_client(cmd, &client, r) : r;
}

int verb_why(struct command *cmd)
{
    struct proto_buf request;
    struct proto_msg reply;
    struct pen pen;
    int status;

    proto_begin(&request, "why");
    status = command_ask(cmd, "why", &request, &reply, person_deadline(cmd));
    if (status != EXIT_DONE)
        return status;
    pen_init(&pen, stdout);
    output_sentence(&pen, status_text(&reply, "text"));
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

/* Whether the daemon is one that systemd starts again at the next client. */
static bool is_activated(const struct command *cmd)
{
    struct command quiet = *cmd;
    struct status status = {0};
    bool is;

    quiet.is_quiet = true;
    is = fetch_status(&quiet, &status) == EXIT_DONE && proto_get_flag(&status.daemon, "activated");
    status_fini(&status);
    return is;
}

int verb_stop(struct command *cmd)
{
    struct client client = CLIENT_INIT;
    struct proto_buf request;
    struct proto_msg reply;
    bool is_back_soon = is_activated(cmd);
    int r = client_open(&client, &cmd->paths, person_deadline(cmd));

    proto_begin(&request, "stop");
    if (r == 0)
        r = client_send(&client, &request);
    if (r < 0)
        return command_tell_client(cmd, &client, r);
    r = command_receive(cmd, &client, "stop", &reply, person_deadline(cmd));
    if (r != EXIT_DONE)
        return r;
    /* The connection closes when the daemon ends. */
    do
        proto_msg_fini(&reply);
    while ((r = client_receive(&client, &reply, cmd->started + STOP_MS)) == 0);
    if (r != -ECONNRESET) {
        command_tell(cmd, "stop", "relayd still serves what it owes", NULL);
        return EXIT_NO;
    }
    if (is_back_soon)
        command_tell(cmd, "stop", "systemd starts relayd again at the next client",
                     "to prevent it: systemctl --user stop relayd.socket relayd.service");
    return EXIT_DONE;
}
