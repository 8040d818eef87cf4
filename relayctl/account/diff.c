/* SPDX-License-Identifier: MIT */
/* A unified diff. It walks both texts side by side; where they part it looks for the nearest place
 * where they meet again for some lines. That is no shortest diff, and for whole blocks it is one. */
#include "config.h"

#include "relayctl/account/diff.h"

#include "relayctl/account/lines.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#define CONTEXT 3
#define MEET 3      /* lines that must be the same for the texts to have met: one "fi" is like another */
#define FAR_MAX 1000 /* lines, on both sides together, in which they are looked for */

struct line {
    const char *text;
    size_t size; /* with its newline */
};

struct side {
    struct line *lines;
    size_t n;
};

struct step {
    char kind;     /* ' ', '-' or '+' */
    size_t a, b;   /* lines of each side before it */
};

struct diff {
    struct side a, b;
    struct step *steps;
    size_t n;
};

static int split(struct side *side, const char *text, size_t size)
{
    size_t n = 0;

    for (size_t at = 0; at < size; at = line_end(text, size, at))
        n++;
    side->lines = calloc(n + 1, sizeof(*side->lines));
    if (side->lines == NULL)
        return -ENOMEM;
    for (size_t at = 0, end; at < size; at = end) {
        end = line_end(text, size, at);
        side->lines[side->n++] = (struct line){text + at, end - at};
    }
    return 0;
}

static bool is_same(const struct diff *diff, size_t a, size_t b)
{
    const struct line *x = &diff->a.lines[a], *y = &diff->b.lines[b];

    return x->size == y->size && memcmp(x->text, y->text, x->size) == 0;
}

/* Whether the texts go together from here, for MEET lines or to the end of both. */
static bool meets(const struct diff *diff, size_t a, size_t b)
{
    for (int i = 0; i < MEET; i++, a++, b++) {
        if (a == diff->a.n || b == diff->b.n)
            return a == diff->a.n && b == diff->b.n;
        if (!is_same(diff, a, b))
            return false;
    }
    return true;
}

static void advance(struct diff *diff, char kind, size_t *a, size_t *b)
{
    diff->steps[diff->n++] = (struct step){kind, *a, *b};
    *a += kind != '+';
    *b += kind != '-';
}

/* How many lines of each side to leave behind until they meet: the fewest together. */
static void find_meeting(const struct diff *diff, size_t a, size_t b, size_t *skip_a, size_t *skip_b)
{
    size_t left_a = diff->a.n - a, left_b = diff->b.n - b;

    for (size_t far = 1; far <= FAR_MAX && far <= left_a + left_b; far++) {
        for (size_t x = far > left_b ? far - left_b : 0; x <= far && x <= left_a; x++) {
            if (meets(diff, a + x, b + far - x)) {
                *skip_a = x;
                *skip_b = far - x;
                return;
            }
        }
    }
    *skip_a = left_a;
    *skip_b = left_b;
}

static void compare(struct diff *diff)
{
    size_t a = 0, b = 0, skip_a, skip_b;

    while (a < diff->a.n || b < diff->b.n) {
        if (a < diff->a.n && b < diff->b.n && is_same(diff, a, b)) {
            advance(diff, ' ', &a, &b);
            continue;
        }
        find_meeting(diff, a, b, &skip_a, &skip_b);
        while (skip_a-- > 0)
            advance(diff, '-', &a, &b);
        while (skip_b-- > 0)
            advance(diff, '+', &a, &b);
    }
}

/* A line on a terminal: what is not printable is made safe, a tab goes to its column. */
static int print_safe(struct printer *out, const struct line *line)
{
    char *copy = malloc(line->size + 1), *rest = copy, *piece;

    if (copy == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < line->size; i++)
        copy[i] = (char)(line->text[i] != '\0' ? line->text[i] : '\001');
    copy[line->size] = '\0';
    copy[strcspn(copy, "\n")] = '\0';
    while ((piece = strsep(&rest, "\t")) != NULL) {
        printer_text(out, piece, INT_MAX);
        if (rest != NULL)
            printer_pad(out, (out->column - 1) / 8 * 8 + 9);
    }
    free(copy);
    return 0;
}

static void print_header(struct printer *out, const char *kind, const char *name)
{
    printer_style(out, STYLE_STRONG);
    fputs(kind, out->file);
    if (out->is_terminal)
        printer_text(out, name, INT_MAX);
    else
        fputs(name, out->file);
    /* patch(1) takes the name up to a tab. */
    if (strchr(name, ' ') != NULL && !out->is_terminal)
        putc('\t', out->file);
    printer_style(out, STYLE_PLAIN);
    printer_end_line(out);
}

static int print_line(struct printer *out, char kind, const struct line *line)
{
    bool is_ended = line->size > 0 && line->text[line->size - 1] == '\n';
    int r = 0;

    printer_style(out, kind == '-' ? STYLE_BAD : kind == '+' ? STYLE_GOOD : STYLE_PLAIN);
    printer_text(out, (char[]){kind, '\0'}, 1);
    if (out->is_terminal)
        r = print_safe(out, line);
    else
        fwrite(line->text, 1, line->size - is_ended, out->file);
    printer_style(out, STYLE_PLAIN);
    printer_end_line(out);
    if (!is_ended)
        fputs("\\ No newline at end of file\n", out->file);
    return r;
}

/* "12,3" for lines 12 to 14. An empty range is named by the line before it. */
static void print_range(struct printer *out, char kind, size_t first, size_t n)
{
    fprintf(out->file, " %c%zu", kind, n > 0 ? first + 1 : first);
    if (n != 1)
        fprintf(out->file, ",%zu", n);
}

/* Prints steps [start, end) as one hunk. */
static int print_hunk(struct printer *out, const struct diff *diff, size_t start, size_t end)
{
    size_t n_a = 0, n_b = 0;
    int r = 0;

    for (size_t i = start; i < end; i++) {
        n_a += diff->steps[i].kind != '+';
        n_b += diff->steps[i].kind != '-';
    }
    printer_style(out, STYLE_FAINT);
    fputs("@@", out->file);
    print_range(out, '-', diff->steps[start].a, n_a);
    print_range(out, '+', diff->steps[start].b, n_b);
    fputs(" @@", out->file);
    printer_style(out, STYLE_PLAIN);
    printer_end_line(out);
    for (size_t i = start; i < end && r == 0; i++) {
        const struct step *step = &diff->steps[i];

        r = print_line(out, step->kind, step->kind == '+' ? &diff->b.lines[step->b]
                                                          : &diff->a.lines[step->a]);
    }
    return r;
}

/* The end of the hunk whose first change is step i: where more is the same than two contexts take. */
static size_t hunk_end(const struct diff *diff, size_t i)
{
    size_t end = i;

    for (; i < diff->n && i - end <= 2 * CONTEXT; i++) {
        if (diff->steps[i].kind != ' ')
            end = i + 1;
    }
    return end + CONTEXT < diff->n ? end + CONTEXT : diff->n;
}

static int print_hunks(struct printer *out, const struct diff *diff)
{
    int r = 0;

    for (size_t i = 0; i < diff->n && r == 0; i++) {
        size_t start = i > CONTEXT ? i - CONTEXT : 0;

        if (diff->steps[i].kind == ' ')
            continue;
        i = hunk_end(diff, i);
        r = print_hunk(out, diff, start, i);
    }
    return r;
}

int diff_print(struct printer *out, const char *name, const char *before, size_t before_size,
               bool is_new, const char *after, size_t after_size, bool is_gone)
{
    struct diff diff = {0};
    int r = split(&diff.a, before, before_size);

    if (r == 0)
        r = split(&diff.b, after, after_size);
    if (r == 0) {
        diff.steps = calloc(diff.a.n + diff.b.n + 1, sizeof(*diff.steps));
        r = diff.steps != NULL ? 0 : -ENOMEM;
    }
    if (r == 0)
        compare(&diff);
    if (r == 0 && (is_new || is_gone || before_size != after_size ||
                   memcmp(before, after, after_size) != 0)) {
        print_header(out, "--- ", is_new ? "/dev/null" : name);
        print_header(out, "+++ ", is_gone ? "/dev/null" : name);
        r = print_hunks(out, &diff);
    }
    free(diff.a.lines);
    free(diff.b.lines);
    free(diff.steps);
    return r;
}
