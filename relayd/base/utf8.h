/* SPDX-License-Identifier: MIT */
/*
 * Text from outside (labels, hosts, paths, command names) as UTF-8, whatever the locale:
 * read, made safe to show, and cut between letters.
 *
 * Printable is what may stand in a line of any log, protocol or terminal: no control
 * (C0, DEL, C1), no mark that turns the order of its neighbours round, no line or
 * paragraph separator, no byte order mark, no noncharacter, no byte that is not UTF-8.
 * Each of these becomes one '?'.
 */
#ifndef RELAYD_UTF8_H
#define RELAYD_UTF8_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UTF8_INVALID UINT32_MAX

/* Returns the character at *s, which must not be the end of the string, and moves *s behind
 * it. Where that is not strict UTF-8 (no overlong form, no surrogate) it returns UTF8_INVALID,
 * and moves by one byte. */
uint32_t utf8_next(const char **s);

/* Writes a character as UTF-8, with a final NUL. Returns the bytes without it. */
size_t utf8_encode(uint32_t c, char out[5]);

/* Whether c, from utf8_next(), is printable. */
bool utf8_is_printable(uint32_t c);

/* Whether all of text is printable. */
bool utf8_is_clean(const char *text);

/* Replaces, in place, what is not printable; the text gets no longer. */
void utf8_clean(char *text);

/* The printable form of text in out, at most size - 1 bytes, cut between letters.
 * Returns out. size is at least 1. */
char *utf8_copy(char *out, size_t size, const char *text);

/* The same as a name that ends where it seems to: what is not printable, each of `marks`, and '\'
 * are \xHH, byte by byte; "..." where it is cut. size is at least 8. Returns out. */
char *utf8_quote(char *out, size_t size, const char *text, const char *marks);

/* snprintf(3) with a result that is printable and cut between letters. Returns out. */
char *utf8_format(char *out, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
char *utf8_vformat(char *out, size_t size, const char *format, va_list ap)
    __attribute__((format(printf, 3, 0)));

#endif
