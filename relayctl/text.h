/* SPDX-License-Identifier: MIT */
/*
 * Text from elsewhere (labels, paths, reasons) on its way to a terminal: none of it is
 * trusted. utf8.h reads it.
 */
#ifndef RELAYCTL_TEXT_H
#define RELAYCTL_TEXT_H

#include "relayd/base/utf8.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A blank where no line is broken, so that a command stays whole: shown as any other. */
#define TEXT_NO_BREAK 0xa0

/* The character that may be shown for c: itself, or '?' where it would move the
 * cursor, reorder its neighbours, or has no place in the terminal's charset. c is from
 * utf8_next(). */
uint32_t text_safe(uint32_t c, bool has_utf8);

/* Columns that a character from text_safe() takes; 0 for combining ones. */
int text_width(uint32_t c);

/* Columns that the whole of s takes, each character made safe. */
int text_columns(const char *s, bool has_utf8);

/* Copies s, a command, with blanks where no line is broken. Returns out. */
const char *text_whole(char *out, size_t size, const char *s);

/* A span of time in one word or two: "38 s", "2 min", "3 h", "5 d". */
#define TEXT_SPAN_MAX 32
void text_span(uint64_t seconds, char out[TEXT_SPAN_MAX]);

#endif
