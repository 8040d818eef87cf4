/* SPDX-License-Identifier: MIT */
/* Steps plan changes. A block in a file is the change that most of them make, so how it is planned
 * stands here: what makes it impossible is found before anything is changed, and two blocks of one
 * file are one change, for the file is read and written once. */
#include "config.h"

#include "relayctl/setup/step.h"

#include "relayctl/account/script.h"
#include "relayctl/account/syntax.h"
#include "relayd/base/utf8.h"
#include "relayd/base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is to become of one block. */
struct plan {
    const char *name;
    enum block_place place;
    const char *body, *words;
    const char *shell; /* or NULL */
};

static struct change *add_last(struct setup *setup, struct change *change)
{
    struct change **last = &setup->changes;

    while (*last != NULL)
        last = &(*last)->next;
    return *last = change;
}

struct change *setup_add(struct setup *setup, const char *purpose, const char *what)
{
    struct change *change = calloc(1, sizeof(*change));

    if (change == NULL)
        return NULL;
    change->state = STEP_DUE;
    change->purpose = purpose;
    change->what = strdup(what);
    if (change->what == NULL) {
        change_free(change);
        return NULL;
    }
    return add_last(setup, change);
}

void change_free(struct change *change)
{
    if (change == NULL)
        return;
    setup_close(change->document);
    free(change->what);
    free(change->note);
    free(change->remark);
    free(change->paste);
    free(change->after);
    free(change->arg);
    free(change->command);
    free(change);
}

/* The text of a file that is left alone, as far as it can be read: what a shell finds there counts,
 * whoever manages it. */
static int read_anyhow(struct document *document)
{
    int fd = open(document->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat st;
    ssize_t n = 0;

    document->size = 0;
    free(document->text);
    document->text = malloc(DOCUMENT_MAX + 1);
    if (document->text != NULL && fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        n = read(fd, document->text, DOCUMENT_MAX);
    close_fd(fd);
    if (document->text == NULL)
        return -ENOMEM;
    document->size = n > 0 ? (size_t)n : 0;
    document->text[document->size] = '\0';
    return 0;
}

struct document *setup_open(const struct setup *setup, const char *path)
{
    struct document *document = calloc(1, sizeof(*document));
    int r;

    if (document == NULL)
        return NULL;
    r = document_read(document, path, account_root(&setup->account, path), setup->account.uid);
    if (r < 0)
        r = r != -ENOMEM ? read_anyhow(document) : r;
    if (r == 0)
        return document;
    setup_close(document);
    return NULL;
}

void setup_close(struct document *document)
{
    if (document == NULL)
        return;
    document_fini(document);
    free(document);
}

struct change *setup_change_of(const struct setup *setup, const char *path)
{
    struct change *change = setup->changes;

    while (change != NULL &&
           (change->document == NULL || strcmp(change->document->path, path) != 0))
        change = change->next;
    return change;
}

int change_remark(struct change *change, const char *format, ...)
{
    char *remark;
    va_list args;
    int n;

    if (change == NULL || change->remark != NULL)
        return 0;
    va_start(args, format);
    n = vasprintf(&remark, format, args);
    va_end(args);
    if (n < 0)
        return -ENOMEM;
    change->remark = remark;
    return 0;
}

void change_set_paste(struct change *change, char *paste)
{
    if (change == NULL || paste == NULL || change->state != STEP_LEFT_ALONE) {
        free(paste);
        return;
    }
    free(change->paste);
    change->paste = paste;
}

static struct change *new_change(struct setup *setup, const char *purpose, const char *path,
                                 mode_t mode)
{
    char shown[256];
    struct document *document = setup_open(setup, path);
    struct change *change;

    if (document == NULL)
        return NULL;
    change = setup_add(setup, purpose, account_shown(&setup->account, path, shown, sizeof(shown)));
    if (change == NULL) {
        setup_close(document);
        return NULL;
    }
    change->state = STEP_THERE;
    change->document = document;
    change->mode = mode;
    return change;
}

/* The file's text as it will be by the blocks that are planned already. */
static const char *text_of(const struct change *change, size_t *size)
{
    *size = change->after != NULL ? change->after_size : change->document->size;
    return change->after != NULL ? change->after : change->document->text;
}

/* Why, and for a symlink where to. */
static void set_why(struct change *change, const char *why)
{
    char target[128];
    ssize_t n = -1;

    if (change->document->exists && S_ISLNK(change->document->st.st_mode))
        n = readlink(change->document->path, target, sizeof(target));
    if (n > 0 && n < (ssize_t)sizeof(target))
        utf8_format(change->why, sizeof(change->why), "%s to %.*s", why, (int)n, target);
    else
        utf8_format(change->why, sizeof(change->why), "%s", why);
}

static int leave_alone(struct change *change, const char *why, const struct plan *plan,
                       bool is_undo)
{
    char *paste = NULL;

    change->state = STEP_LEFT_ALONE;
    if (why != change->why)
        set_why(change, why);
    free(change->after);
    change->after = NULL;
    if (is_undo) {
        change->is_needed = true; /* lines of ours stay */
        return 0;
    }
    if (asprintf(&paste, "%s%s", change->paste != NULL ? change->paste : "", plan->body) < 0)
        return -ENOMEM;
    free(change->paste);
    change->paste = paste;
    return 0;
}

static int count_lines(const char *text)
{
    int n = 0;

    for (; (text = strchr(text, '\n')) != NULL; text++)
        n++;
    return n;
}

/* "new file", "13 lines at its end", "9 lines at its start and 13 lines at its end". */
static int note_put(struct change *change, const struct plan *plan, bool is_update, bool is_moved)
{
    const char *at = plan->place == BLOCK_FIRST ? "start" : "end";
    int lines = count_lines(plan->body) + 2;
    char *note;
    int n;

    if (!change->document->exists)
        n = asprintf(&note, "a\u00a0new\u00a0file");
    else if (is_moved)
        n = asprintf(&note, "the lines of setup go to its %s, past others that undo them", at);
    else if (is_update)
        n = asprintf(&note, "the lines of an older version are replaced");
    else if (change->note != NULL)
        n = asprintf(&note, "%s, %d at its %s", change->note, lines, at);
    else
        n = asprintf(&note, "%d lines at its %s", lines, at);
    if (n < 0)
        return -ENOMEM;
    free(change->note);
    change->note = note;
    return 0;
}

static int note_taken(struct change *change)
{
    free(change->note);
    change->note = strdup(change->is_gone ? "it was made by setup, and goes" : "the lines of setup go");
    return change->note == NULL ? -ENOMEM : 0;
}

/* The words of a block that is new: those of the step, and what undo needs. */
static void choose_words(const struct change *change, const struct plan *plan,
                         char out[BLOCK_WORDS_MAX])
{
    int n = 0;

    out[0] = '\0';
    if (!change->document->exists && change->after == NULL)
        n = snprintf(out, BLOCK_WORDS_MAX, "made");
    if (n > 0 && change->document->dirs_missing > 0)
        n += snprintf(out + n, BLOCK_WORDS_MAX - (size_t)n, " dirs=%d", change->document->dirs_missing);
    if (plan->words != NULL)
        snprintf(out + n, BLOCK_WORDS_MAX - (size_t)n, "%s%s", n > 0 ? " " : "", plan->words);
}

static void take_text(struct change *change, char *text, size_t size)
{
    free(change->after);
    change->after = text;
    change->after_size = size;
    change->state = STEP_DUE;
}

/* Why the shell would not read the block as it is meant, or NULL. */
static const char *find_misreading(const struct plan *plan, bool is_new, const char *text, size_t size,
                                   const char *new, size_t new_size)
{
    if (plan->shell == NULL)
        return NULL;
    if (is_new && plan->place == BLOCK_LAST &&
        syntax_ends_open(plan->shell, text, size, new, new_size))
        return "something is left open at its end: a quotation, a here-document, an if";
    return syntax_is_same(plan->shell, text, size, new, new_size)
               ? NULL : "its shell would read it otherwise than before";
}

/* Whether lines of the person's, past the block, undo what it does; or, at the start of a file, keep the
 * shell from it. */
static bool is_displaced(const char *text, size_t size, const struct plan *plan,
                         const struct block *block)
{
    struct script script;

    if (plan->shell == NULL || block->state != BLOCK_WHOLE)
        return false;
    if (plan->place == BLOCK_LAST)
        return script_read(text + block->end, size - block->end).sets > 0;
    script = script_read(text, block->start);
    return script.exits > 0 || script.sets > 0 || script.links > 0;
}

static int put_block(struct change *change, const struct plan *plan, const struct block *block)
{
    size_t size, new_size;
    const char *text = text_of(change, &size);
    bool is_moved = is_displaced(text, size, plan, block);
    char words[BLOCK_WORDS_MAX];
    const char *why;
    char *new;

    choose_words(change, plan, words);
    new = is_moved ? block_move(text, size, plan->name, plan->place, plan->body, &new_size)
                   : block_put(text, size, plan->name, plan->place, plan->body, words, &new_size);
    if (new == NULL)
        return -ENOMEM;
    why = find_misreading(plan, is_moved || block->state == BLOCK_MISSING, text, size, new, new_size);
    if (why != NULL) {
        free(new);
        return leave_alone(change, why, plan, false);
    }
    take_text(change, new, new_size);
    return note_put(change, plan, block->state == BLOCK_WHOLE, is_moved);
}

static int take_block_out(struct change *change, const struct block *block)
{
    size_t size, new_size;
    const char *text = text_of(change, &size);
    char *new = block_take_out(text, size, block, &new_size);

    if (new == NULL)
        return -ENOMEM;
    take_text(change, new, new_size);
    if (block_has_word(block, "made")) {
        change->was_made = true;
        change->dirs_gone = block_number(block, "dirs=");
    }
    return 0;
}

/* A file that setup made stays where the person has added to it. */
static int settle_taken(struct change *change)
{
    change->is_gone = change->was_made && change->after_size == 0;
    return note_taken(change);
}

static int plan_undo(struct change *change, const struct plan *plan, const struct block *block)
{
    int r = 0;

    switch (block->state) {
    case BLOCK_MISSING:
        return 0;
    case BLOCK_EDITED:
        return leave_alone(change, "the lines between setup's markers were edited", plan, true);
    case BLOCK_WHOLE:
        break;
    }
    if (change->state == STEP_LEFT_ALONE) /* for the sake of another block */
        return 0;
    if (change->document->why_not[0] != '\0')
        return leave_alone(change, change->document->why_not, plan, true);
    r = take_block_out(change, block);
    return r == 0 ? settle_taken(change) : r;
}

static int plan_put(struct change *change, const struct plan *plan, const struct block *block)
{
    size_t size;
    const char *text = text_of(change, &size);

    if (block_is_current(text, block, plan->body) && !is_displaced(text, size, plan, block))
        return 0;
    if (change->state == STEP_LEFT_ALONE) /* for the sake of another block */
        return leave_alone(change, change->why, plan, false);
    if (block->state == BLOCK_EDITED)
        return leave_alone(change, "the lines between setup's markers were edited", plan, false);
    if (change->document->why_not[0] != '\0')
        return leave_alone(change, change->document->why_not, plan, false);
    return put_block(change, plan, block);
}

int setup_plan_block(struct setup *setup, const char *purpose, const char *path,
                     const char *block_name, enum block_place place, const char *body,
                     const char *words, const char *shell, mode_t mode)
{
    const struct plan plan = {block_name, place, body, words, shell};
    struct change *change = setup_change_of(setup, path);
    struct block block;
    const char *text;
    size_t size;

    if (change == NULL)
        change = new_change(setup, purpose, path, mode);
    if (change == NULL)
        return -ENOMEM;
    /* Another block of the file that is there already is not what the change is for. */
    if (change->after == NULL)
        change->purpose = purpose;
    text = text_of(change, &size);
    block = block_find(text, size, block_name);
    return setup->is_undo ? plan_undo(change, &plan, &block) : plan_put(change, &plan, &block);
}
