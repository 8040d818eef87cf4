/* SPDX-License-Identifier: MIT */
/* Guesses. The distance of two words counts letters that are missing, too many, wrong, or changed
 * with their neighbour: that is what slips of a hand are. One slip is allowed, two in a long word;
 * more would suggest what nobody meant. The beginning of a name counts as one slip. */
#include "config.h"

#include "relayctl/guess.h"

#include <string.h>

#define LETTERS_MAX 32
#define SHORT_WORD 2 /* up to here nearly everything is one slip away */
#define LONG_WORD 6

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The distance of a, of n letters, and b, of m letters (optimal string alignment). */
static size_t distance(const char *a, size_t n, const char *b, size_t m)
{
    size_t d[LETTERS_MAX + 1][LETTERS_MAX + 1];

    for (size_t i = 0; i <= n; i++) {
        for (size_t j = 0; j <= m; j++) {
            if (i == 0 || j == 0) {
                d[i][j] = i + j;
                continue;
            }
            d[i][j] = least(least(d[i - 1][j], d[i][j - 1]) + 1,
                            d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
        }
    }
    return d[n][m];
}

void guess_init(struct guess *guess, const char *word)
{
    *guess = (struct guess){.word = word, .length = strcspn(word, "=")};
    guess->distance = guess->length >= LONG_WORD ? 3 : 2;
}

void guess_offer(struct guess *guess, const char *name)
{
    size_t length = strlen(name), far;

    if (guess->length < SHORT_WORD || guess->length > LETTERS_MAX || length > LETTERS_MAX)
        return;
    if (strncmp(guess->word, name, guess->length) == 0)
        far = 1;
    else if (guess->length > SHORT_WORD)
        far = distance(guess->word, guess->length, name, length);
    else
        return;
    if (far < guess->distance) {
        guess->best = name;
        guess->distance = far;
    } else if (far == guess->distance) {
        guess->best = NULL;
    }
}

const char *guess_best(const struct guess *guess)
{
    return guess->best;
}
