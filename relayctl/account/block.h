/* SPDX-License-Identifier: MIT */
/*
 * Our lines in a text that is somebody else's. A block is
 *
 *     # >>> relayd first 5d3c91aa made >>> relayctl setup wrote this, and takes it out with --undo
 *     ...
 *     # <<< relayd first <<<
 *
 * The opening line has the block's name, a checksum, by which a block that somebody
 * edited is told from one that an earlier version wrote, and words that undo needs to leave the text
 * as it was, byte for byte:
 *
 *     made      setup made the file: it goes when nothing else is left in it
 *     dirs=N    and so many directories above it
 *     joined    the text before had no newline at its end: that one goes too, where the block still
 *               ends the text
 *     spaced    an empty line before the block is part of it
 *
 * and any word of a step's own ("enabled"), that it finds again. block_put() adds joined and spaced
 * by itself.
 *
 * A block at the end has that empty line, for a text that ends in a backslash would swallow the
 * opening line. The checksum (FNV-1a, 32 bits) is over the words and the lines between.
 *
 * All functions are pure. Texts have a size and may hold any byte.
 */
#ifndef RELAYCTL_BLOCK_H
#define RELAYCTL_BLOCK_H

#include <stdbool.h>
#include <stddef.h>

#define BLOCK_WORDS_MAX 128

enum block_place {
    BLOCK_FIRST, /* at the top, but after a line that begins with #! */
    BLOCK_LAST,
};

enum block_state {
    BLOCK_MISSING,
    BLOCK_WHOLE,  /* as it was written, by this version or another */
    BLOCK_EDITED, /* between the markers; or a marker is gone, or there are two */
};

struct block {
    enum block_state state;
    size_t start, end;     /* WHOLE: all that is the block's, the markers and the empty line included;
                            * EDITED: from the first marker's line to the end of the last one's */
    size_t body, body_end; /* WHOLE: what is between the markers */
    char words[BLOCK_WORDS_MAX]; /* WHOLE: those of the opening line, "made dirs=1 joined" */
};

/* Finds the block of that name, which is one word. */
struct block block_find(const char *text, size_t size, const char *name);
bool block_has_word(const struct block *block, const char *word);

/* The number behind a word that ends in '=' ("dirs="); 0 where it is missing. */
int block_number(const struct block *block, const char *word);

/* What is behind such a word ("had=") up to the next blank; "" where it is missing. Returns out. */
const char *block_value(const struct block *block, const char *word, char out[BLOCK_WORDS_MAX]);

/* Whether a block of ours, whatever its name, has that word in its opening line. */
bool block_any_has_word(const char *text, size_t size, const char *word);

/* What text becomes with the block of that name, on the heap, *new_size its size; NULL when out of
 * memory. body is whole lines. A block that is there is replaced where it stands, and keeps its
 * words; words (may be NULL) are for a new one. Must not be called on BLOCK_EDITED. */
char *block_put(const char *text, size_t size, const char *name, enum block_place place,
                const char *body, const char *words, size_t *new_size);

/* What text becomes without the block, which is from block_find() of the same text, and whole. On
 * the heap; NULL when out of memory. */
char *block_take_out(const char *text, size_t size, const struct block *block, size_t *new_size);

/* The same with block_put() at that place, where the block is to stand anew: it keeps its words. */
char *block_move(const char *text, size_t size, const char *name, enum block_place place,
                 const char *body, size_t *new_size);

/* Whether block_put() of the same body would change nothing. */
bool block_is_current(const char *text, const struct block *block, const char *body);

/* Whether the line from at to end opens, or closes, a block of ours, whatever its name. */
bool block_line_opens(const char *text, size_t at, size_t end);
bool block_line_closes(const char *text, size_t at, size_t end);

#endif
