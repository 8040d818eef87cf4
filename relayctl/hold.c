/* SPDX-License-Identifier: MIT */
/* Holding a login: `ssh -A host relayctl hold`, beside mosh, whose own ssh ends at once. One
 * poll(2) waits for what ends it: stdin or a signal, the end of the login (relayd's answer to
 * `gone`), or the end of relayd. A relayd that is restarted is back within seconds, so that is
 * waited for. */
#include "config.h"

#include "relayctl/hold.h"

#include "relayctl/printer.h"
#include "relayctl/register.h"
#include "relayd/base/util.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define RETURN_MS 10000 /* how long relayd may be away */
#define RETRY_MS 250

struct hold {
    struct command *cmd;
    struct registration reg;
    struct call gone;     /* asks relayd to answer when the login is not registered any more */
    struct client client; /* for that call; not connected while relayd is away */
    int signals;          /* a signalfd */
    char id[24];          /* the login's */
    char host[HOST_NAME_MAX + 1]; /* this one: who reads of it is elsewhere */
    char why[160];        /* the login is gone; "" where relayd does not say */
    bool is_first;        /* nobody had registered it before */
    int64_t give_up;      /* when to, while relayd is away */
};

enum hold_event {
    HOLD_ON,
    HOLD_RELEASED, /* stdin or a signal */
    HOLD_GONE,     /* the login */
    HOLD_LOST,     /* relayd, for good */
};

/* Returns a descriptor that tells of the signals that end a hold; -1: they kill it instead. SIGPIPE is
 * none of them: who reads what is said may go while the login is still held. */
static int take_signals(void)
{
    sigset_t set;
    int fd;

    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGQUIT);
    sigaddset(&set, SIGTERM);
    fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd >= 0)
        sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    return fd;
}

/* Registers, and leaves a connection that tells when the login is gone. */
static int hold_take(struct hold *hold, struct proto_msg *reply)
{
    int status = registration_run(&hold->reg, hold->cmd, reply);
    int r;

    if (status != EXIT_DONE)
        return status;
    snprintf(hold->id, sizeof(hold->id), "%s", status_text(reply, "id"));
    call_init(&hold->gone, "gone", client_now() + COMMAND_VERDICT_MS);
    proto_add(&hold->gone.request, "id", hold->id);
    r = client_send(&hold->client, &hold->cmd->paths, &hold->gone);
    if (r < 0) {
        proto_msg_fini(reply);
        return command_tell_client(hold->cmd, &hold->client, r);
    }
    return EXIT_DONE;
}

/* "holding #7 (laptop) for dev: alive, 23 ms" */
static void hold_show(const struct hold *hold, const char *done, const struct proto_msg *reply)
{
    const char *label = registration_label(&hold->reg, hold->cmd);
    char line[PROTO_FACT_MAX + sizeof(hold->host) + 200];
    struct printer out;

    if (hold->cmd->is_quiet)
        return;
    snprintf(line, sizeof(line), "%s #%s%s%s%s for %s: %s", done, hold->id,
             label != NULL ? " (" : "", label != NULL ? label : "", label != NULL ? ")" : "",
             hold->host, status_text(reply, "reason"));
    printer_init(&out, stdout);
    printer_text(&out, line, INT_MAX);
    printer_end_line(&out);
    fflush(stdout); /* who reads a pipe is told now too */
}

/* relayd went away: tries to register again. */
static enum hold_event hold_retake(struct hold *hold)
{
    struct proto_msg reply;
    bool was_quiet = hold->cmd->is_quiet;
    int status;

    hold->cmd->is_quiet = true;
    hold->cmd->is_no_start = true;
    hold->reg.keeps_place = true;
    status = hold_take(hold, &reply);
    hold->cmd->is_quiet = was_quiet;
    if (status == EXIT_DONE) {
        hold_show(hold, "relayd is back: holding", &reply);
        proto_msg_fini(&reply);
        return HOLD_ON;
    }
    if (status == EXIT_NO)
        return HOLD_GONE;
    return client_left(hold->give_up) == 0 ? HOLD_LOST : HOLD_ON;
}

static enum hold_event read_gone(struct hold *hold)
{
    struct proto_msg reply;

    hold->gone.answer_by = client_now();
    if (client_receive(&hold->client, &hold->gone, &reply) == 0) {
        snprintf(hold->why, sizeof(hold->why), "%s", status_text(&reply, "reason"));
        proto_msg_fini(&reply);
        return HOLD_GONE;
    }
    command_tell(hold->cmd, hold->host, "relayd has gone: waiting for it to come back", NULL);
    hold->give_up = client_now() + RETURN_MS;
    return HOLD_ON;
}

static bool stdin_has_ended(void)
{
    char scrap[4096];
    ssize_t n = read(STDIN_FILENO, scrap, sizeof(scrap));

    return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

static enum hold_event hold_step(struct hold *hold)
{
    struct pollfd p[] = {
        {.fd = STDIN_FILENO, .events = POLLIN},
        {.fd = hold->signals, .events = POLLIN},
        {.fd = hold->client.fd, .events = POLLIN}, /* ignored by poll where it is -1 */
    };
    bool is_away = hold->client.fd < 0;

    if (poll(p, ARRAY_SIZE(p), is_away ? RETRY_MS : -1) < 0)
        return errno == EINTR ? HOLD_ON : HOLD_RELEASED;
    if (p[1].revents != 0 || (p[0].revents != 0 && stdin_has_ended()))
        return HOLD_RELEASED;
    if (p[2].revents != 0)
        return read_gone(hold);
    return is_away ? hold_retake(hold) : HOLD_ON;
}

/* Unregisters the login, unless somebody else, mostly rc, had registered it before. */
static int unregister(struct hold *hold)
{
    struct command quiet = *hold->cmd;
    struct call call;

    if (!hold->is_first)
        return EXIT_DONE;
    quiet.is_quiet = true; /* it may have gone by itself in this moment */
    call_init(&call, "unregister", client_now() + COMMAND_VERDICT_MS);
    proto_add(&call.request, "id", hold->id);
    command_ask(&quiet, &call, NULL);
    return EXIT_DONE;
}

static int tell_gone(const struct hold *hold)
{
    char cause[sizeof(hold->why) + 40];

    snprintf(cause, sizeof(cause), "is not registered any more%s%s",
             hold->why[0] != '\0' ? ": " : "", hold->why);
    command_tell(hold->cmd, hold->reg.path, cause, NULL);
    return EXIT_DONE;
}

static int hold_until_end(struct hold *hold)
{
    enum hold_event event;

    while ((event = hold_step(hold)) == HOLD_ON)
        ;
    switch (event) {
    case HOLD_ON:
    case HOLD_RELEASED:
        return unregister(hold);
    case HOLD_GONE:
        return tell_gone(hold);
    case HOLD_LOST:
        command_tell(hold->cmd, hold->host, "relayd has not come back", NULL);
        return EXIT_NO_DAEMON;
    }
    return EXIT_DONE;
}

static int hold_run(struct hold *hold)
{
    struct proto_msg reply;
    int status = hold_take(hold, &reply);

    if (status != EXIT_DONE)
        return status;
    hold->is_first = proto_get_flag(&reply, "first");
    hold_show(hold, "holding", &reply);
    proto_msg_fini(&reply);
    return hold_until_end(hold);
}

int verb_hold(struct command *cmd)
{
    struct hold hold = {.cmd = cmd, .client = CLIENT_INIT, .signals = take_signals()};
    int status = registration_find(&hold.reg, cmd);

    gethostname(hold.host, sizeof(hold.host) - 1);
    if (status == EXIT_DONE && hold.reg.path == NULL) {
        command_tell(cmd, NULL, "nothing to hold: this login forwards no agent (ssh -A)", NULL);
        status = EXIT_NO;
    } else if (status == EXIT_DONE) {
        status = hold_run(&hold);
    }
    registration_fini(&hold.reg);
    client_fini(&hold.client);
    close_fd(hold.signals);
    return status;
}
