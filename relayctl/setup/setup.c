/* SPDX-License-Identifier: MIT */
/* The verb setup: every step plans, the whole is told, the person is asked once, and then each change
 * is carried out on its own: one that fails stops no other, for each is of use alone, and a second run
 * finds what is left to do. */
#include "config.h"

#include "relayctl/setup/setup.h"

#include "relayctl/printer.h"
#include "relayctl/setup/outcome.h"
#include "relayctl/setup/relay.h"
#include "relayctl/setup/step.h"
#include "relayctl/setup/steps.h"
#include "relayctl/setup/tell.h"
#include "relayctl/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* In the order in which they are told and carried out. */
static const struct step steps[] = {
    {"rc", true, true, rc_plan},
    {"system", true, false, system_plan},
    {"shells", false, false, shells_plan},
    {"tmux", false, false, tmux_plan},
    {"follow", false, false, follow_plan},
    {"units", true, true, units_plan},
    {"running", false, true, running_plan},
    {"links", false, false, links_plan},
    {0},
};

static int plan_all(struct setup *setup)
{
    int r = 0;

    for (const struct step *step = steps; step->name != NULL && r == 0; step++) {
        if ((!setup->is_system || step->is_for_system) &&
            (!setup_is_named(setup) || step->is_for_named))
            r = step->plan(setup);
    }
    return r;
}

static int carry_out_document(struct change *change)
{
    struct document *document = change->document;
    int r;

    if (change->is_gone)
        r = document_remove(document, change->dirs_gone);
    else
        r = document_write(document, change->after, change->after_size, change->mode);
    if (r < 0)
        snprintf(change->why, sizeof(change->why), "%s", document->why_not);
    return r;
}

/* What undo would not know of is not done. */
static int carry_out_other(struct change *change)
{
    if (change->noted_in == NULL || change->noted_in->state != STEP_FAILED)
        return change->carry_out(change);
    snprintf(change->why, sizeof(change->why), "%s could not be written", change->noted_in->what);
    return -ECANCELED;
}

static void carry_out(struct change *change)
{
    int r = change->document != NULL ? carry_out_document(change) : carry_out_other(change);

    if (r < 0 && change->why[0] == '\0')
        snprintf(change->why, sizeof(change->why), "%s", strerror(-r));
    change->state = r < 0 ? STEP_FAILED : STEP_DONE;
}

static bool has_state(const struct setup *setup, enum step_state state)
{
    const struct change *change = setup->changes;

    while (change != NULL && change->state != state)
        change = change->next;
    return change != NULL;
}

/* What was left alone counts where the relay does not work without it. */
static int exit_status_of(const struct setup *setup)
{
    for (const struct change *change = setup->changes; change != NULL; change = change->next) {
        if (change->state == STEP_FAILED ||
            (change->state == STEP_LEFT_ALONE && change->is_needed))
            return EXIT_NO;
    }
    return EXIT_DONE;
}

/* Asks on the terminal; an empty answer is yes, the end of input is no. */
static bool is_agreed(struct printer *out, const struct setup *setup)
{
    char answer[80], option[PATHS_OPTION_MAX], words[PATHS_OPTION_MAX + 80];

    snprintf(words, sizeof(words), RELAYCTL_NAME "%s setup%s --undo takes these changes back.",
             paths_option(&setup->cmd->paths, option), setup->is_system ? " --system" : "");
    if (!setup->is_undo)
        printer_flow(out, words, 0);
    printer_text(out, "Do this for you? [Y/n] ", 80);
    fflush(out->file);
    out->column = 0;
    if (fgets(answer, sizeof(answer), stdin) == NULL) {
        printer_end_line(out);
        return false;
    }
    answer[strcspn(answer, "\r\n")] = '\0';
    printer_end_line(out);
    return answer[0] == '\0' || strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0;
}

/* What is not done without being asked for, where it would be of use. */
static void tell_follow(struct printer *out, const struct setup *setup)
{
    char option[PATHS_OPTION_MAX], command[2 * PATHS_OPTION_MAX + 40], whole[sizeof(command) + 40];
    char words[sizeof(whole) + 100];

    if (setup->is_undo || setup->is_follow || setup->is_system || setup_is_named(setup) ||
        !follow_is_useful(setup))
        return;
    snprintf(command, sizeof(command), RELAYCTL_NAME "%s setup --follow",
             paths_option(&setup->cmd->paths, option));
    snprintf(words, sizeof(words), "To have the agent follow the keyboard, where several people or "
             "machines share panes: %s", text_whole(whole, sizeof(whole), command));
    printer_end_line(out);
    printer_flow(out, words, 0);
}

/* Without one nothing is served, however well all is set up. */
static void tell_login(struct printer *out, const struct setup *setup)
{
    struct status status = {0};

    if (!setup->is_undo && !setup->is_system && relay_status(setup, &status) && status.n == 0) {
        printer_end_line(out);
        printer_flow(out, "No login has brought an agent yet: log in with ssh\u00a0-A.", 0);
    }
    status_fini(&status);
}

static int carry_out_all(struct printer *out, struct setup *setup)
{
    for (struct change *change = setup->changes; change != NULL; change = change->next) {
        if (change->state != STEP_DUE)
            continue;
        carry_out(change);
        tell_result(out, change);
        fflush(out->file);
    }
    tell_remarks(out, setup);
    if (has_state(setup, STEP_DONE))
        outcome_tell(out, setup);
    tell_login(out, setup);
    tell_follow(out, setup);
    return exit_status_of(setup);
}

static int do_nothing(struct printer *out, const struct setup *setup, const char *words)
{
    printer_flow(out, words, 0);
    tell_remarks(out, setup);
    return exit_status_of(setup);
}

static const char *nothing_to_do(const struct setup *setup)
{
    bool has_more = has_state(setup, STEP_LEFT_ALONE);

    if (setup->is_undo)
        return has_more ? "There is nothing else to take back." : "There is nothing to take back.";
    return has_more ? "There is nothing else that setup does." : "There is nothing to do.";
}

/* The same command again, with --yes. */
static int refuse_to_guess(const struct setup *setup)
{
    const struct command *cmd = setup->cmd;
    char hint[PATHS_OPTION_MAX + 120], option[PATHS_OPTION_MAX];

    snprintf(hint, sizeof(hint),
             "to do it without being asked: " RELAYCTL_NAME "%s setup%s%s%s%s --yes",
             paths_option(&cmd->paths, option), setup->is_undo ? " --undo" : "",
             setup->is_every_shell ? " --every-shell" : "", cmd->is_follow ? " --follow" : "",
             setup->is_system ? " --system" : "");
    command_tell(cmd, NULL, "there is no terminal to ask on, so nothing was changed", hint);
    return EXIT_USAGE;
}

static int tell_and_ask(struct printer *out, struct setup *setup)
{
    const struct command *cmd = setup->cmd;
    int status;

    tell_plan(out, setup);
    if (setup->changes != NULL)
        printer_end_line(out);
    if (!has_state(setup, STEP_DUE)) {
        status = do_nothing(out, setup, nothing_to_do(setup));
        tell_login(out, setup);
        tell_follow(out, setup);
        return status;
    }
    if (cmd->is_dry_run) {
        tell_diffs(out, setup);
        printer_end_line(out);
        return do_nothing(out, setup, "Nothing was changed.");
    }
    if (!cmd->is_yes && !isatty(STDIN_FILENO))
        return refuse_to_guess(setup);
    if (!cmd->is_yes && !is_agreed(out, setup)) {
        printer_flow(out, "Nothing was changed.", 0);
        return EXIT_NO;
    }
    return carry_out_all(out, setup);
}

static void setup_fini(struct setup *setup)
{
    struct change *next;

    for (struct change *change = setup->changes; change != NULL; change = next) {
        next = change->next;
        change_free(change);
    }
    account_fini(&setup->account);
}

int verb_setup(struct command *cmd)
{
    struct setup setup = {
        .cmd = cmd,
        .socket = cmd->paths.agent,
        .is_undo = cmd->is_undo,
        .is_every_shell = cmd->is_every_shell,
        .is_system = cmd->is_system,
    };
    struct printer out;
    const char *cause = NULL;
    int r = account_find(&setup.account, cmd->is_system, &cause);
    int status = EXIT_NO;

    printer_init(&out, stdout);
    if (r == 0 && !setup.is_undo && account_is_denied()) {
        cause = RELAYD_CONF " says that relayd may not run on this host";
        r = -EPERM;
    }
    if (r == 0 && setup.is_system && setup_is_named(&setup)) {
        cause = "--system is for the first relayd: with --name each user runs it";
        r = -EINVAL;
    }
    if (r == 0 && cmd->is_follow && (setup.is_system || setup_is_named(&setup))) {
        cause = "--follow is for each user's first relayd: it goes neither with --system nor with --name";
        r = -EINVAL;
    }
    if (r == 0) {
        setup.is_follow = cmd->is_follow || follow_is_there(&setup);
        r = plan_all(&setup);
    }
    if (r == 0)
        status = tell_and_ask(&out, &setup);
    else
        command_tell(cmd, "setup", cause != NULL ? cause : strerror(-r), NULL);
    setup_fini(&setup);
    return status;
}
