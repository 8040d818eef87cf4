/* SPDX-License-Identifier: MIT */
/* What shells complete. The words come from the tables by which the command line is parsed, so a
 * new command is completed too. The logins are for somebody who has pressed Tab: no error is worth
 * a message in the middle of their line, and no answer worth a wait. */
#include "config.h"

#include "relayctl/completion.h"

#include "relayctl/instances.h"
#include "relayctl/printer.h"
#include "relayd/base/lock.h"

#include <inttypes.h>
#include <limits.h>

#define TAB_MS 300 /* so long somebody waits at a Tab */

static const char *or_none(const char *text)
{
    return text != NULL ? text : "-";
}

static void print_options(FILE *file, const char *where, uint64_t options)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct cmdline_entry *entry = &cmdline_options[i];
        const char *argument = or_none(entry->argument);

        if ((options >> i & 1) == 0)
            continue;
        if (entry->name != NULL)
            fprintf(file, "%s\t--%s\t%s\t%s\n", where, entry->name, argument, entry->help);
        if (entry->letter != 0)
            fprintf(file, "%s\t-%c\t%s\t%s\n", where, entry->letter, argument, entry->help);
    }
}

void completion_words(FILE *file, const struct verb *verbs)
{
    for (const struct verb *verb = verbs; verb->name != NULL; verb++) {
        if (verb->summary == NULL)
            continue;
        fprintf(file, "-\t%s\t%s\t%s\n", verb->name, or_none(verb->operand), verb->summary);
        print_options(file, verb->name, verb->options);
    }
    print_options(file, "-", OPTION(VERSION));
    print_options(file, "*", OPTION(DIR) | OPTION(NAME) | OPTION(QUIET) | OPTION(HELP));
}

static void print_part(struct printer *out, const char *text)
{
    if (text[0] == '\0')
        return;
    if (out->column > 0)
        printer_text(out, " ", INT_MAX);
    printer_text(out, text, INT_MAX);
}

/* Its number; its label or host, its terminal, and how it is where that is not well. */
static void print_login(struct printer *out, const struct proto_msg *login)
{
    const char *label = status_text(login, "label");

    fprintf(out->file, "%" PRIu64 "\t", proto_get_u64(login, "id", 0));
    print_part(out, label[0] != '\0' ? label : status_text(login, "host"));
    print_part(out, status_tty(login));
    if (status_is_silent(login))
        print_part(out, "(silent)");
    printer_end_line(out);
}

static int keep_record(struct proto_msg *record, void *status)
{
    int r = status_add(status, record);

    if (r < 0)
        proto_msg_fini(record);
    return r;
}

static int ask(const struct command *cmd, struct status *status)
{
    struct client client = CLIENT_INIT;
    struct call call;
    int r;

    call_init(&call, "status", cmd->started + TAB_MS);
    call.on_record = keep_record;
    call.on_record_arg = status;
    r = client_send(&client, &cmd->paths, &call);
    if (r == 0)
        r = client_receive(&client, &call, NULL);
    client_fini(&client);
    return r < 0 ? client_exit_status(r) : EXIT_DONE;
}

int completion_logins(const struct command *cmd)
{
    struct status status = {0};
    struct printer out;
    int r = EXIT_NO_DAEMON;

    /* Where systemd holds the sockets, to connect would start relayd; its lock is only there
     * while it runs. */
    if (lock_holder(cmd->paths.lock) != 0)
        r = ask(cmd, &status);
    printer_init(&out, stdout);
    for (size_t i = 0; i < status.n; i++)
        print_login(&out, &status.upstreams[i]);
    status_fini(&status);
    return r;
}

int completion_names(FILE *file)
{
    struct instances instances = {0};

    instances_find(&instances);
    for (size_t i = 0; i < instances.n; i++) {
        if (instances.names[i][0] != '\0')
            fprintf(file, "%s\n", instances.names[i]);
    }
    instances_fini(&instances);
    return EXIT_DONE;
}
