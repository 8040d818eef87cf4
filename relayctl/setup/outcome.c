/* SPDX-License-Identifier: MIT */
/* What setup says last. A shell that is open keeps the variable that it has, whatever becomes of the files:
 * only a line in that shell changes it, so the line is told. And undo leaves relayd running where systemd
 * does not end it, for those shells use it: so what ends it is told, too. */
#include "config.h"

#include "relayctl/setup/outcome.h"

#include "relayctl/login.h"
#include "relayctl/setup/relay.h"
#include "relayctl/setup/steps.h"
#include "relayctl/shell.h"
#include "relayctl/text.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX (PATH_MAX + PATHS_OPTION_MAX)

/* relayctl as this person can call it, for this relay. */
static const char *relayctl(const struct setup *setup, char out[WORDS_MAX])
{
    char option[PATHS_OPTION_MAX];

    snprintf(out, WORDS_MAX, "%s%s",
             account_has_program(RELAYCTL_NAME) ? RELAYCTL_NAME : setup->account.program,
             paths_option(&setup->cmd->paths, option));
    return out;
}

/* What ends relayd, in one piece for words that flow. */
static const char *stop(const struct setup *setup, char out[2 * WORDS_MAX])
{
    char program[WORDS_MAX], command[WORDS_MAX + 8];

    snprintf(command, sizeof(command), "%s stop", relayctl(setup, program));
    return text_whole(out, (size_t)2 * WORDS_MAX, command);
}

static void put_line(struct printer *out, const char *before, const char *line, const char *after)
{
    printer_text(out, before, INT_MAX);
    printer_text(out, line, INT_MAX);
    printer_text(out, after, INT_MAX);
    printer_end_line(out);
}

/* The line that has the shell of the person who looks use the relay. */
static void tell_use(struct printer *out, const struct setup *setup)
{
    static const struct { const char *before, *after; } around[] = {
        [SHELL_SH] = {"    eval \"$(", " env)\""},
        [SHELL_CSH] = {"    eval `", " env`"},
        [SHELL_FISH] = {"    ", " env | source"},
    };
    enum shell shell = shell_of_caller();
    char program[WORDS_MAX];

    put_line(out, around[shell].before, relayctl(setup, program), around[shell].after);
}

/* And the one that gives it back what its login brought. */
static void tell_give_back(struct printer *out)
{
    static const char *const lines[] = {
        [SHELL_SH] = "export SSH_AUTH_SOCK=\"$RELAYD_UPSTREAM\"",
        [SHELL_CSH] = "setenv SSH_AUTH_SOCK \"$RELAYD_UPSTREAM\"",
        [SHELL_FISH] = "set -gx SSH_AUTH_SOCK $RELAYD_UPSTREAM",
    };

    put_line(out, "    ", lines[shell_of_caller()], "");
}

static void tell_done(struct printer *out, const struct setup *setup)
{
    const char *current = getenv("SSH_AUTH_SOCK"), *left = shells_left(setup);
    bool is_used = current != NULL && login_is_same(current, setup->socket);
    char words[WORDS_MAX];

    if (left != NULL)
        snprintf(words, sizeof(words), "New shells do not use the relay yet, because of %s: see above. %s",
                 left, is_used ? "This one does." : "For this one, and others that are open:");
    else
        snprintf(words, sizeof(words), "New shells use the relay%s",
                 is_used ? ", and so does this one." : ". For this one, and others that are open:");
    printer_flow(out, words, 0);
    if (!is_used)
        tell_use(out, setup);
}

/* What undo did not take back, as it is told to people: NULL where it took all. */
static const char *what_stays(const struct setup *setup)
{
    const struct change *change = setup->changes;

    while (change != NULL && change->state != STEP_LEFT_ALONE && change->state != STEP_FAILED)
        change = change->next;
    return change != NULL ? change->what : NULL;
}

static void tell_undone(struct printer *out, const struct setup *setup, bool is_running)
{
    const char *left = what_stays(setup);
    char words[3 * WORDS_MAX], command[2 * WORDS_MAX];

    if (is_running)
        snprintf(words, sizeof(words), "Shells that are open use relayd still, which runs on: %s ends it.",
                 stop(setup, command));
    else
        snprintf(words, sizeof(words), "Shells that are open still name the socket of relayd, where nobody "
                 "answers now.");
    printer_flow(out, words, 0);
    if (left != NULL)
        snprintf(words, sizeof(words), "New ones may too, because of %s: see above.", left);
    else
        snprintf(words, sizeof(words), "New logins and panes do without it.");
    printer_flow(out, words, 0);
    printer_flow(out, "An open shell of a login that is still there has that login's agent after this:", 0);
    tell_give_back(out);
}

/* Shells have nothing to do with one that has a name. */
static void tell_named_undone(struct printer *out, const struct setup *setup)
{
    char words[3 * WORDS_MAX], command[2 * WORDS_MAX];

    snprintf(words, sizeof(words), "This relayd runs on: %s ends it.", stop(setup, command));
    printer_end_line(out);
    printer_flow(out, words, 0);
}

void outcome_tell(struct printer *out, const struct setup *setup)
{
    struct status status = {0};
    bool is_running = setup->is_undo && !setup->is_system && relay_status(setup, &status);

    status_fini(&status);
    if (setup->is_system)
        return;
    if (setup_is_named(setup)) {
        if (is_running)
            tell_named_undone(out, setup);
        return;
    }
    printer_end_line(out);
    if (setup->is_undo)
        tell_undone(out, setup, is_running);
    else
        tell_done(out, setup);
}
