/* SPDX-License-Identifier: MIT */
/*
 * The shell's own verdict on a text: sh -n, bash -n, zsh -n, fish --no-execute, with a bound. It is
 * compared before and after a change and not taken for the truth: bash -n refuses a valid file that
 * switches extglob on.
 */
#ifndef RELAYCTL_SYNTAX_H
#define RELAYCTL_SYNTAX_H

#include <stdbool.h>
#include <stddef.h>

/* Whether shell ("sh", "bash", "zsh", "fish") gives the same verdict on both texts. True where that
 * shell is not installed. */
bool syntax_is_same(const char *shell, const char *before, size_t before_size, const char *after,
                    size_t after_size);

/* Whether it reads the text to its end. True where it is not installed. words (may be NULL) gets
 * its first line of complaint, printable. */
bool syntax_is_good(const char *shell, const char *text, size_t size, char *words,
                    size_t words_size);

/* Whether lines behind the text would be more of what is left open at its end: a here-document, a
 * quotation, an if. longer is the text with such lines: a shell that stops at an earlier line stops
 * in both there. False where the shell is not installed. */
bool syntax_ends_open(const char *shell, const char *text, size_t size, const char *longer,
                      size_t longer_size);

#endif
