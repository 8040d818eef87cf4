/*
 * Writes lines of a known width: counts columns, cuts what is too long, colours.
 *
 * Everything written goes through text_safe(). A line begins at column 0 and ends
 * with pen_end().
 */
#ifndef RELAYCTL_PEN_H
#define RELAYCTL_PEN_H

#include <stdbool.h>
#include <stdio.h>

enum pen_mood {
    PEN_PLAIN,
    PEN_STRONG,
    PEN_FAINT,
    PEN_GOOD,
    PEN_DOUBTFUL,
    PEN_BAD,
};

struct pen {
    FILE *file;      /* not owned */
    bool is_terminal;
    bool has_utf8;   /* text may hold more than ASCII */
    bool has_glyphs; /* lines and dots may be drawn; implies has_utf8 */
    bool has_colour;
    int width;       /* columns of a line, 40 to 120 */
    int column;      /* where the next character goes */
};

/* What file and the environment allow: colour and glyphs on a terminal only, the
 * latter where it speaks UTF-8; NO_COLOR and TERM=dumb are honoured. The program
 * must have called setlocale(LC_CTYPE, ""). */
void pen_init(struct pen *pen, FILE *file);

void pen_mood(struct pen *pen, enum pen_mood mood);

/* s, or where it is over max columns its beginning and an ellipsis. */
void pen_text(struct pen *pen, const char *s, int max);

/* The same, but the ellipsis is in the middle: of a path both ends matter. */
void pen_path(struct pen *pen, const char *s, int max);

/* One of two drawings of the same width, by has_glyphs. */
void pen_draw(struct pen *pen, const char *glyphs, const char *ascii);

/* s in as many lines as it takes, broken between words, each but the first
 * beginning with what indent() draws. */
void pen_wrap(struct pen *pen, const char *s, void (*indent)(struct pen *pen, void *arg),
              void *arg);

/* Spaces up to column; nothing where the line is there already. */
void pen_to(struct pen *pen, int column);

/* Columns left in this line. */
int pen_room(const struct pen *pen);

void pen_end(struct pen *pen);

#endif
