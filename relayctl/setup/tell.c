/* SPDX-License-Identifier: MIT */
/* What setup says. The person has asked for it, knows nothing of its parts, and is to agree to it: so
 * each line names a thing of theirs, and says what for and what happens to it. Lines to paste are
 * never cut or wrapped. */
#include "config.h"

#include "relayctl/setup/tell.h"

#include "relayctl/account/diff.h"
#include "relayctl/text.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define INDENT 2
#define WHAT_MAX 36 /* columns; what is longer has a line of its own */
#define GAP 2
#define VERDICT 15 /* columns of "there already" and its like */

/* An empty line between two parts. */
static void begin_part(struct printer *out, bool *is_begun)
{
    if (*is_begun)
        printer_end_line(out);
    *is_begun = true;
}

static int count(const struct setup *setup, enum step_state state)
{
    int n = 0;

    for (const struct change *change = setup->changes; change != NULL; change = change->next)
        n += change->state == state;
    return n;
}

/* Where the second column begins. */
static int column_of(const struct printer *out, const struct setup *setup)
{
    int widest = 0;

    for (const struct change *change = setup->changes; change != NULL; change = change->next) {
        int columns = text_columns(change->what, out->has_utf8);

        if (change->state == STEP_DUE && columns > widest && columns <= WHAT_MAX)
            widest = columns;
    }
    return INDENT + widest + GAP;
}

static void put_what(struct printer *out, const char *what, int column)
{
    printer_pad(out, INDENT);
    printer_style(out, STYLE_STRONG);
    printer_text(out, what, INT_MAX);
    printer_style(out, STYLE_PLAIN);
    if (out->column + GAP > column)
        printer_end_line(out);
}

static void tell_due(struct printer *out, const struct setup *setup, const struct change *change,
                     int column)
{
    char words[512];

    if (setup->is_undo && change->note != NULL)
        snprintf(words, sizeof(words), "%s", change->note);
    else if (change->note != NULL)
        snprintf(words, sizeof(words), "%s: %s", change->purpose, change->note);
    else
        snprintf(words, sizeof(words), "%s", change->purpose);
    put_what(out, change->what, column);
    printer_flow(out, words, column);
}

/* "There already: ~/.bashrc, ~/.profile." */
static void tell_there(struct printer *out, const struct setup *setup)
{
    char words[1024];
    size_t n = (size_t)snprintf(words, sizeof(words), "There already:");
    const char *before = " ";

    if (setup->is_undo || count(setup, STEP_THERE) == 0)
        return;
    for (const struct change *change = setup->changes; change != NULL; change = change->next) {
        if (change->state != STEP_THERE || n >= sizeof(words) - 2)
            continue;
        n += (size_t)snprintf(words + n, sizeof(words) - n, "%s%s", before, change->what);
        before = ", ";
    }
    printer_flow(out, words, 0);
}

static void tell_alone(struct printer *out, const struct change *change)
{
    char words[512];

    snprintf(words, sizeof(words), "Left alone: %s, because %s", change->what, change->why);
    printer_flow(out, words, 0);
}

void tell_plan(struct printer *out, const struct setup *setup)
{
    int column = column_of(out, setup);
    bool is_begun = false;

    if (count(setup, STEP_DUE) > 0) {
        begin_part(out, &is_begun);
        printer_flow(out, setup->is_undo      ? "This takes back what setup did:"
                          : setup->is_system ? "This has all accounts of this host use relayd:"
                          : setup_is_named(setup) ? "This has each login offered to one more relayd:"
                                             : "This has your shells and panes use relayd:", 0);
        printer_end_line(out);
        for (const struct change *change = setup->changes; change != NULL; change = change->next) {
            if (change->state == STEP_DUE)
                tell_due(out, setup, change, column);
        }
    }
    if (count(setup, STEP_LEFT_ALONE) > 0 || (count(setup, STEP_THERE) > 0 && !setup->is_undo))
        begin_part(out, &is_begun);
    tell_there(out, setup);
    for (const struct change *change = setup->changes; change != NULL; change = change->next) {
        if (change->state == STEP_LEFT_ALONE)
            tell_alone(out, change);
    }
}

void tell_diffs(struct printer *out, const struct setup *setup)
{
    for (const struct change *change = setup->changes; change != NULL; change = change->next) {
        if (change->state != STEP_DUE)
            continue;
        if (change->document != NULL) {
            diff_print(out, change->document->path, change->document->text, change->document->size,
                       !change->document->exists, change->is_gone ? "" : change->after,
                       change->is_gone ? 0 : change->after_size, change->is_gone);
        } else if (change->command != NULL) {
            printer_text(out, "$ ", INT_MAX);
            printer_text(out, change->command, INT_MAX);
            printer_end_line(out);
        }
    }
}

static void put_verdict(struct printer *out, enum style style, const char *words)
{
    printer_pad(out, INDENT);
    printer_style(out, style);
    printer_text(out, words, INT_MAX);
    printer_style(out, STYLE_PLAIN);
    printer_pad(out, INDENT + VERDICT);
}

void tell_result(struct printer *out, const struct change *change)
{
    char words[512];

    switch (change->state) {
    case STEP_DONE:
        put_verdict(out, STYLE_GOOD, "done");
        break;
    case STEP_FAILED:
        put_verdict(out, STYLE_BAD, "failed");
        break;
    case STEP_LEFT_ALONE:
    case STEP_THERE:
    case STEP_DUE:
        return;
    }
    if (change->state == STEP_FAILED)
        snprintf(words, sizeof(words), "%s: %s", change->what, change->why);
    else
        snprintf(words, sizeof(words), "%s", change->what);
    printer_flow(out, words, INDENT + VERDICT);
}

/* Lines as they are: they are copied from the screen. */
static void tell_lines(struct printer *out, const char *lines)
{
    while (*lines != '\0') {
        int n = (int)strcspn(lines, "\n");
        char line[1024];

        snprintf(line, sizeof(line), "%.*s", n, lines);
        printer_pad(out, 2 * INDENT);
        printer_text(out, line, INT_MAX);
        printer_end_line(out);
        lines += n + (lines[n] == '\n');
    }
}

static void tell_paste(struct printer *out, const struct change *change)
{
    char words[512];

    snprintf(words, sizeof(words), change->document != NULL ? "To have it by hand, put into %s:"
                                                            : "To have it by hand (%s):",
             change->what);
    printer_end_line(out);
    printer_flow(out, words, 0);
    tell_lines(out, change->paste);
}

void tell_remarks(struct printer *out, const struct setup *setup)
{
    char words[512];

    for (const struct change *change = setup->changes; change != NULL; change = change->next) {
        if (change->state == STEP_LEFT_ALONE && change->paste != NULL)
            tell_paste(out, change);
        if (change->remark == NULL)
            continue;
        snprintf(words, sizeof(words), "%s: %s", change->what, change->remark);
        printer_end_line(out);
        printer_flow(out, words, 0);
    }
}
