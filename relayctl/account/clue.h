/* SPDX-License-Identifier: MIT */
/*
 * What a word, or a command from one of its words on, says by itself, whatever stands around it. All
 * are pure.
 */
#ifndef RELAYCTL_CLUE_H
#define RELAYCTL_CLUE_H

#include "relayctl/account/words.h"

#include <stdbool.h>
#include <stddef.h>

/* Whether the word is one of names, which end with NULL. */
bool clue_is_one_of(const struct word *word, const char *const *names);

/* Whether the test holds for a word of the command, from one of its words on. */
bool clue_any(const struct words *words, size_t from, bool (*test)(const struct word *word));

/* Whether the word has $NAME or ${NAME. */
bool clue_has_variable(const struct word *word, const char *name, size_t size);

/* Whether the word is a path or pattern of the sockets that sshd makes. */
bool clue_has_tmp(const struct word *word);

/* Whether the word asks whether the shell is interactive; -t and -o are seen with their operand. */
bool clue_asks_interactive(const struct word *word, const struct word *next);

/* Whether any word of the command does. */
bool clue_is_interactive_test(const struct words *words, size_t from);

/* Whether name stands in the word by itself: not as a part of a longer one, as in
 * /tmp/ssh-agent-me. */
bool clue_has_name(const struct word *word, const char *name);

/* Whether the word names the program of another agent, or what asks one. */
bool clue_is_other_agent(const struct word *word);

/* Whether the word is a file that another agent left, by its name. */
bool clue_is_agent_file(const struct word *word);

/* The length of NAME in NAME=value; 0 where the word is no assignment. */
size_t clue_assignment_name(const struct word *word);

/* Whether a word compares, and the path it is compared with may be the one. A path without a
 * pattern behind != is: nothing is wanted of it. */
bool clue_compares(const struct words *words, size_t from);

/* The -q or --query of fish's set: it asks, and sets nothing. */
bool clue_is_quiet_query(const struct words *words, size_t from);

/* >file, 2>&1 and their like. */
bool clue_is_redirection(const struct word *word);

/* exec of a program, not of redirections alone. */
bool clue_is_exec(const struct words *words, size_t from);

/* set -e, set -o errexit: whatever fails from then on ends the shell. */
bool clue_sets_errexit(const struct words *words, size_t from);

/* name () { ... }, and function name. */
bool clue_is_function_head(const struct words *words, const struct words *before);

#endif
