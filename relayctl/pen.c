/* The pen. stdio has no notion of columns, and a status line that wraps is no
 * picture any more: so all that is shown to people is counted here, once. */
#include "config.h"

#include "relayctl/pen.h"

#include "relayctl/text.h"

#include <langinfo.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_MIN 40
#define WIDTH 80 /* where it is no terminal's */
#define WIDTH_MAX 120 /* what stands further to the right is not read together */

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

void pen_init(struct pen *pen, FILE *file)
{
    const char *term = getenv("TERM");
    bool is_dumb = term == NULL || term[0] == '\0' || strcmp(term, "dumb") == 0;

    memset(pen, 0, sizeof(*pen));
    pen->file = file;
    pen->is_terminal = isatty(fileno(file));
    pen->has_utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    pen->has_glyphs = pen->has_utf8 && pen->is_terminal && !is_dumb;
    pen->has_colour = pen->is_terminal && !is_dumb && !env_is_set("NO_COLOR");
    pen->width = terminal_width(fileno(file));
}

void pen_mood(struct pen *pen, enum pen_mood mood)
{
    static const char *const codes[] = {
        [PEN_PLAIN] = "0", [PEN_STRONG] = "1",    [PEN_FAINT] = "2",
        [PEN_GOOD] = "32", [PEN_DOUBTFUL] = "33", [PEN_BAD] = "31",
    };

    if (pen->has_colour)
        fprintf(pen->file, "\033[%sm", codes[mood]);
}

static void put(struct pen *pen, uint32_t c)
{
    char bytes[5];

    text_encode(c, bytes);
    fputs(bytes, pen->file);
    pen->column += text_width(c);
}

/* Writes characters while they fit into max columns; returns where it stopped. */
static const char *put_columns(struct pen *pen, const char *s, int max)
{
    int used = 0;

    while (*s != '\0') {
        const char *next = s;
        uint32_t c = text_safe(text_next(&next), pen->has_utf8);

        used += text_width(c);
        if (used > max)
            break;
        put(pen, c);
        s = next;
    }
    return s;
}

void pen_draw(struct pen *pen, const char *glyphs, const char *ascii)
{
    put_columns(pen, pen->has_glyphs ? glyphs : ascii, INT_MAX);
}

static void put_ellipsis(struct pen *pen)
{
    pen_draw(pen, "…", "~");
}

void pen_text(struct pen *pen, const char *s, int max)
{
    if (max <= 0)
        return;
    if (text_columns(s, pen->has_utf8) <= max) {
        put_columns(pen, s, max);
    } else {
        put_columns(pen, s, max - 1);
        put_ellipsis(pen);
    }
}

void pen_path(struct pen *pen, const char *s, int max)
{
    int over = text_columns(s, pen->has_utf8) - max;
    const char *tail;
    int skipped = -1; /* the ellipsis takes one column */

    if (over <= 0 || max < 3) {
        pen_text(pen, s, max);
        return;
    }
    tail = put_columns(pen, s, (max - 1) / 2);
    while (*tail != '\0' && skipped < over)
        skipped += text_width(text_safe(text_next(&tail), pen->has_utf8));
    put_ellipsis(pen);
    put_columns(pen, tail, INT_MAX);
}

/* The bytes of s up to the last blank that leaves no more than max columns, or of
 * its first max columns where a word is longer than a line. */
static size_t line_length(const struct pen *pen, const char *s, int max)
{
    const char *at = s, *blank = NULL;
    int columns = 0;

    while (*at != '\0') {
        const char *next = at;
        uint32_t c = text_safe(text_next(&next), pen->has_utf8);

        columns += text_width(c);
        if (columns > max && c != ' ')
            return (size_t)((blank != NULL ? blank : at) - s);
        if (c == ' ')
            blank = at;
        at = next;
    }
    return (size_t)(at - s);
}

void pen_wrap(struct pen *pen, const char *s, void (*indent)(struct pen *pen, void *arg),
              void *arg)
{
    for (;;) {
        int room = pen_room(pen);
        size_t n = line_length(pen, s, room < 1 ? 1 : room);
        const char *end = s + n;

        while (s < end)
            put(pen, text_safe(text_next(&s), pen->has_utf8));
        s = end;
        while (*s == ' ')
            s++;
        if (*s == '\0')
            return;
        pen_end(pen);
        indent(pen, arg);
    }
}

void pen_to(struct pen *pen, int column)
{
    while (pen->column < column)
        put(pen, ' ');
}

int pen_room(const struct pen *pen)
{
    return pen->width - pen->column;
}

void pen_end(struct pen *pen)
{
    putc('\n', pen->file);
    pen->column = 0;
}
