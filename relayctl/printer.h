/* SPDX-License-Identifier: MIT */
/*
 * Lines of a known width, on a terminal or in a file: counts columns, cuts or wraps
 * what is too long, colours.
 *
 * All text goes through text_safe(). A line is broken at blanks, but not at a no-break space
 * (U+00A0), which stands in commands and is printed as a blank. A line begins at column 0 and ends with
 * printer_end_line().
 */
#ifndef RELAYCTL_PRINTER_H
#define RELAYCTL_PRINTER_H

#include <stdbool.h>
#include <stdio.h>

enum style {
    STYLE_PLAIN,
    STYLE_STRONG,
    STYLE_FAINT,
    STYLE_GOOD,
    STYLE_DOUBTFUL,
    STYLE_BAD,
};

struct printer {
    FILE *file;      /* not owned */
    bool is_terminal;
    bool has_utf8;   /* text may hold more than ASCII */
    bool has_glyphs; /* lines and dots may be drawn; implies has_utf8 */
    bool has_colour;
    int width;       /* columns of a line, 40 to 120 */
    int column;      /* where the next character goes */
    enum style style;
};

/* Allows what file and the environment allow: colour on a terminal only, and so glyphs, where
 * the locale has UTF-8; NO_COLOR and TERM=dumb are honoured. The program must have called
 * setlocale(LC_CTYPE, ""). */
void printer_init(struct printer *out, FILE *file);

/* The style of what is printed from now on. */
void printer_style(struct printer *out, enum style style);

/* Prints s; where it has more than max columns, its beginning and an ellipsis. */
void printer_text(struct printer *out, const char *s, int max);

/* The same, with the ellipsis in the middle: both ends of a path matter. */
void printer_path(struct printer *out, const char *s, int max);

/* Prints one of two drawings of the same width, by has_glyphs. */
void printer_draw(struct printer *out, const char *glyphs, const char *ascii);

/* Prints s in as many lines as it takes, broken between words. All but the first begin with
 * what indent() draws. The style stays. */
void printer_wrap(struct printer *out, const char *s,
                  void (*indent)(struct printer *out, void *arg), void *arg);

/* Prints s from column on, and ends the line. It is wrapped on a terminal only: programs read
 * lines. */
void printer_flow(struct printer *out, const char *s, int column);

/* Prints spaces up to column; none where the line is that long already. */
void printer_pad(struct printer *out, int column);

/* Columns left in this line. */
int printer_room(const struct printer *out);

void printer_end_line(struct printer *out);

#endif
