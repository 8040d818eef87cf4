/* SPDX-License-Identifier: MIT */
/* Lines of a text that has a size and may hold any byte. A line ends with its newline, or with the
 * text. */
#ifndef RELAYCTL_LINES_H
#define RELAYCTL_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Where the line that begins at `at` ends, its newline included. */
static inline size_t line_end(const char *text, size_t size, size_t at)
{
    const char *newline = at < size ? memchr(text + at, '\n', size - at) : NULL;

    return newline != NULL ? (size_t)(newline - text) + 1 : size;
}

/* Whether the bytes from at to end begin with word. */
static inline bool line_begins(const char *text, size_t at, size_t end, const char *word)
{
    size_t n = strlen(word);

    return end - at >= n && memcmp(text + at, word, n) == 0;
}

#endif
