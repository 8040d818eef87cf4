/* SPDX-License-Identifier: MIT */
/* Carriers. A name that carries the socket once is taken to carry it ever after. */
#include "config.h"

#include "relayctl/account/carriers.h"

#include "relayctl/account/clue.h"

#include <string.h>

static const char variable[] = "SSH_AUTH_SOCK";

bool carriers_word(const struct carriers *carriers, const struct word *word)
{
    if (clue_has_variable(word, variable, strlen(variable)))
        return true;
    for (size_t i = 0; i < carriers->n; i++) {
        if (clue_has_variable(word, carriers->name[i].at, carriers->name[i].size))
            return true;
    }
    return false;
}

bool carriers_any(const struct carriers *carriers, const struct words *words, size_t from)
{
    for (size_t i = from; i < words->n; i++) {
        if (carriers_word(carriers, &words->word[i]))
            return true;
    }
    return false;
}

static void add(struct carriers *carriers, struct word name)
{
    if (name.size > 0 && carriers->n < CARRIERS_MAX && !word_is(&name, variable))
        carriers->name[carriers->n++] = name;
}

void carriers_assign(struct carriers *carriers, const struct words *words, size_t i)
{
    const struct word *word = &words->word[i];
    size_t n = clue_assignment_name(word);
    struct word name = {word->at, n}, value = {word->at + n + 1, word->size - n - 1};

    if (carriers_word(carriers, &value) || clue_has_tmp(&value))
        add(carriers, name);
    else if (i + 1 == words->n && (words->end == '(' || words->end == '`'))
        carriers->assigned = name;
}

void carriers_output(struct carriers *carriers, const struct words *words)
{
    if (carriers_any(carriers, words, 0) || clue_any(words, 0, clue_has_tmp))
        add(carriers, carriers->assigned);
    if (words->end == ')' || words->end == '`' || words->end == '\n')
        carriers->assigned.size = 0;
}

void carriers_loop(struct carriers *carriers, const struct words *words, size_t from)
{
    if (carriers_any(carriers, words, from + 1) || clue_any(words, from + 1, clue_has_tmp))
        add(carriers, words->word[from]);
}
