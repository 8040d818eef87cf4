/*
 * Text from elsewhere (labels, paths, reasons), on its way to a terminal or a
 * document: read as UTF-8 whatever the locale says, and never trusted.
 */
#ifndef RELAYCTL_TEXT_H
#define RELAYCTL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_INVALID UINT32_MAX

/* The character at *s, which is not the end of the string, and moves *s behind
 * it. A byte that is not part of strict UTF-8: TEXT_INVALID, one byte. */
uint32_t text_next(const char **s);

/* The character that may be shown for c: itself, or '?' where it would move the
 * cursor, reorder its neighbours, or is not in the terminal's charset. */
uint32_t text_safe(uint32_t c, bool has_utf8);

/* Columns that a character from text_safe() takes; 0 for combining ones. */
int text_width(uint32_t c);

/* Columns that the whole of s takes, each character made safe. */
int text_columns(const char *s, bool has_utf8);

/* Writes c as UTF-8, with a final NUL. Returns the bytes without it. */
size_t text_encode(uint32_t c, char out[5]);

/* A span of time in one word or two: "38 s", "2 min", "3 h", "5 d". */
#define TEXT_SPAN_MAX 32
void text_span(uint64_t seconds, char out[TEXT_SPAN_MAX]);

#endif
