/* SPDX-License-Identifier: MIT */
/*
 * What somebody meant who typed a word that is none: names are offered one by one, and the one
 * that is likely enough is kept.
 */
#ifndef RELAYCTL_GUESS_H
#define RELAYCTL_GUESS_H

#include <stddef.h>

/* Texts are borrowed. */
struct guess {
    const char *word;
    size_t length; /* of the word, without an argument that follows '=' */
    const char *best;
    size_t distance; /* from the word to best */
};

void guess_init(struct guess *guess, const char *word);

void guess_offer(struct guess *guess, const char *name);

/* NULL: none is likely, or two are equally so. */
const char *guess_best(const struct guess *guess);

#endif
