/* SPDX-License-Identifier: MIT */
/*
 * Which words of a shell's file have the value of SSH_AUTH_SOCK, or of a variable that took over that
 * value, or an agent's socket that was looked for. All are pure.
 */
#ifndef RELAYCTL_CARRIERS_H
#define RELAYCTL_CARRIERS_H

#include "relayctl/account/words.h"

#include <stdbool.h>
#include <stddef.h>

#define CARRIERS_MAX 16

/* All zero to begin with. The names are in the text that is read. */
struct carriers {
    struct word name[CARRIERS_MAX]; /* of variables; more are not known */
    size_t n;
    struct word assigned; /* the variable whose value is the next command's output; size 0: none */
};

/* Whether the word has such a value. */
bool carriers_word(const struct carriers *carriers, const struct word *word);

/* Whether a word of the command does, from one of its words on. */
bool carriers_any(const struct carriers *carriers, const struct words *words, size_t from);

/* Takes word i, NAME=value, into account. */
void carriers_assign(struct carriers *carriers, const struct words *words, size_t i);

/* Takes into account that what comes out of this command may be assigned. */
void carriers_output(struct carriers *carriers, const struct words *words);

/* Takes for NAME in VALUE... into account; word `from` is NAME. */
void carriers_loop(struct carriers *carriers, const struct words *words, size_t from);

#endif
