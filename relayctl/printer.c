/* SPDX-License-Identifier: MIT */
/* The printer. It counts columns, which stdio does not: a picture whose lines wrap cannot be
 * read. */
#include "config.h"

#include "relayctl/printer.h"

#include "relayctl/text.h"

#include <langinfo.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_MIN 40
#define WIDTH 80 /* where there is no terminal, or it does not say */
#define WIDTH_MAX 120 /* longer lines are hard to read */

static int terminal_width(int fd)
{
    struct winsize size;

    if (ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
        return WIDTH;
    if (size.ws_col > WIDTH_MAX)
        return WIDTH_MAX;
    return size.ws_col < WIDTH_MIN ? WIDTH_MIN : size.ws_col;
}

static bool env_is_set(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0';
}

void printer_init(struct printer *out, FILE *file)
{
    const char *term = getenv("TERM");
    bool is_dumb = term == NULL || term[0] == '\0' || strcmp(term, "dumb") == 0;

    memset(out, 0, sizeof(*out));
    out->file = file;
    out->is_terminal = isatty(fileno(file));
    out->has_utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    out->has_glyphs = out->has_utf8 && out->is_terminal && !is_dumb;
    out->has_colour = out->is_terminal && !is_dumb && !env_is_set("NO_COLOR");
    out->width = terminal_width(fileno(file));
}

void printer_style(struct printer *out, enum style style)
{
    static const char *const codes[] = {
        [STYLE_PLAIN] = "0", [STYLE_STRONG] = "1",    [STYLE_FAINT] = "2",
        [STYLE_GOOD] = "32", [STYLE_DOUBTFUL] = "33", [STYLE_BAD] = "31",
    };

    if (out->has_colour && out->style != style)
        fprintf(out->file, "\033[%sm", codes[style]);
    out->style = style;
}

static void put(struct printer *out, uint32_t c)
{
    char bytes[5];

    utf8_encode(c, bytes);
    fputs(bytes, out->file);
    out->column += text_width(c);
}

/* Writes characters while they fit into max columns; returns where it stopped. */
static const char *put_columns(struct printer *out, const char *s, int max)
{
    int used = 0;

    while (*s != '\0') {
        const char *next = s;
        uint32_t c = text_safe(utf8_next(&next), out->has_utf8);

        used += text_width(c);
        if (used > max)
            break;
        put(out, c);
        s = next;
    }
    return s;
}

void printer_draw(struct printer *out, const char *glyphs, const char *ascii)
{
    put_columns(out, out->has_glyphs ? glyphs : ascii, INT_MAX);
}

static void put_ellipsis(struct printer *out)
{
    printer_draw(out, "…", "~");
}

void printer_text(struct printer *out, const char *s, int max)
{
    if (max <= 0)
        return;
    if (text_columns(s, out->has_utf8) <= max) {
        put_columns(out, s, max);
    } else {
        put_columns(out, s, max - 1);
        put_ellipsis(out);
    }
}

void printer_path(struct printer *out, const char *s, int max)
{
    int over = text_columns(s, out->has_utf8) - max;
    const char *tail;
    int skipped = -1; /* the ellipsis takes one column */

    if (over <= 0 || max < 3) {
        printer_text(out, s, max);
        return;
    }
    tail = put_columns(out, s, (max - 1) / 2);
    while (*tail != '\0' && skipped < over)
        skipped += text_width(text_safe(utf8_next(&tail), out->has_utf8));
    put_ellipsis(out);
    put_columns(out, tail, INT_MAX);
}

/* How many bytes of s go into a line of max columns: up to a blank, or, where a word is longer
 * than a line, as many as fit. Of a run of blanks no more than the line has room for. */
static size_t line_length(const struct printer *out, const char *s, int max)
{
    const char *at = s, *blank = NULL;
    int columns = 0;

    while (*at != '\0') {
        const char *next = at;
        uint32_t c = utf8_next(&next);

        columns += text_width(text_safe(c, out->has_utf8));
        if (columns > max && c != ' ')
            return (size_t)((blank != NULL ? blank : at) - s);
        if (c == ' ' && columns <= max + 1)
            blank = at;
        at = next;
    }
    return (size_t)((columns > max ? blank : at) - s);
}

void printer_wrap(struct printer *out, const char *s,
                  void (*indent)(struct printer *out, void *arg), void *arg)
{
    enum style style = out->style;

    for (;;) {
        int room = printer_room(out);
        size_t n = line_length(out, s, room < 1 ? 1 : room);
        const char *end = s + n;

        while (s < end)
            put(out, text_safe(utf8_next(&s), out->has_utf8));
        s = end;
        while (*s == ' ')
            s++;
        if (*s == '\0')
            return;
        printer_end_line(out);
        indent(out, arg);
        printer_style(out, style);
    }
}

static void indent_to(struct printer *out, void *column)
{
    printer_pad(out, *(const int *)column);
}

void printer_flow(struct printer *out, const char *s, int column)
{
    printer_pad(out, column);
    if (out->is_terminal)
        printer_wrap(out, s, indent_to, &column);
    else
        printer_text(out, s, INT_MAX);
    printer_end_line(out);
}

void printer_pad(struct printer *out, int column)
{
    while (out->column < column)
        put(out, ' ');
}

int printer_room(const struct printer *out)
{
    return out->width - out->column;
}

void printer_end_line(struct printer *out)
{
    putc('\n', out->file);
    out->column = 0;
}
