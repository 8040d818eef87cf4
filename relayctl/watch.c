/* SPDX-License-Identifier: MIT */
/* Watching. It outlives a relayd that is restarted, as at an upgrade, which is back within seconds.
 * Where nobody has what is printed it ends: a pipe's reader may have gone and a disk be full, and
 * relayd tells only so many. What became of the output, main() tells. */
#include "config.h"

#include "relayctl/watch.h"

#include "relayctl/printer.h"
#include "relayctl/status.h"
#include "relayd/base/util.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define EVENT_COLUMN 10 /* behind the time of day */
#define RETURN_MS 10000 /* how long relayd may be away */
#define RETRY_MS 250

struct watch {
    struct command *cmd;
    struct client client;
    struct call call;
    struct printer out;
    bool is_away;    /* relayd went, and has told nothing since */
    int64_t give_up; /* when to, while it is away */
};

static int show(struct printer *out, time_t when, const char *text)
{
    struct tm tm = local_time(when);
    char clock[16];

    strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
    printer_style(out, STYLE_FAINT);
    printer_text(out, clock, printer_room(out));
    printer_style(out, STYLE_PLAIN);
    printer_flow(out, text, EVENT_COLUMN);
    return fflush(out->file) == 0 ? 0 : -EPIPE;
}

static int on_event(struct proto_msg *event, void *arg)
{
    time_t when = (time_t)proto_get_u64(event, "time", 0);
    struct watch *watch = arg;
    int r = 0;

    if (strcmp(event->verb, "event") == 0 && watch->is_away)
        r = show(&watch->out, when, "relayd is back");
    if (strcmp(event->verb, "event") == 0 && r == 0)
        r = show(&watch->out, when, status_text(event, "text"));
    watch->is_away = false;
    proto_msg_fini(event);
    return r;
}

/* Until relayd goes, or nobody reads. */
static int follow(struct watch *watch)
{
    int r;

    watch->call.connect_by = client_now() + COMMAND_PERSON_MS;
    r = client_send(&watch->client, &watch->cmd->paths, &watch->call);
    return r == 0 ? client_receive(&watch->client, &watch->call, NULL) : r;
}

/* relayd is not there. Returns 0 when it is time to look again. */
static int wait_for_return(struct watch *watch)
{
    struct pollfd reader = {.fd = STDOUT_FILENO};

    if (watch->is_away)
        return poll(&reader, 1, RETRY_MS) > 0 ? -EPIPE : 0;
    watch->is_away = true;
    watch->give_up = client_now() + RETURN_MS;
    return show(&watch->out, time(NULL), "relayd has gone: waiting for it to come back");
}

static int watch_on(struct watch *watch)
{
    int r;

    do {
        r = follow(watch);
        if (r != -ECONNRESET && !(watch->is_away && r == -ECONNREFUSED))
            return r;
        if (watch->is_away && client_left(watch->give_up) == 0)
            return r;
        r = wait_for_return(watch);
    } while (r == 0);
    return r;
}

int verb_watch(struct command *cmd)
{
    struct watch watch = {.cmd = cmd, .client = CLIENT_INIT};
    int r;

    printer_init(&watch.out, stdout);
    call_init(&watch.call, "watch", command_deadline(cmd));
    watch.call.answer_by = CLIENT_FOREVER;
    watch.call.reader = STDOUT_FILENO;
    watch.call.on_record = on_event;
    watch.call.on_record_arg = &watch;
    r = watch_on(&watch);
    if (r < 0)
        r = r == -EPIPE ? EXIT_DONE : command_tell_client(cmd, &watch.client, r);
    client_fini(&watch.client);
    return r;
}
