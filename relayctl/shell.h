/* SPDX-License-Identifier: MIT */
/*
 * Commands that set and unset variables, as each shell reads them.
 */
#ifndef RELAYCTL_SHELL_H
#define RELAYCTL_SHELL_H

#include <stdbool.h>
#include <stdio.h>

enum shell {
    SHELL_UNKNOWN,
    SHELL_SH, /* and its relatives: bash, dash, ksh, zsh ... */
    SHELL_CSH,
    SHELL_FISH,
};

/* The kind of shell that program, a path, is. program may be NULL. */
enum shell shell_of(const char *program);

/* The shell that runs this program, or whatever runs it; else the one that $SHELL names; else SHELL_SH. */
enum shell shell_of_caller(void);

/* Whether a value can be written so that this shell reads it unchanged, even by eval `...`, which
 * splits at newlines and runs of blanks. */
bool shell_can_read(enum shell shell, const char *value);

/* Writes value as one word, quoted where it is not plain. */
void shell_put(FILE *file, enum shell shell, const char *value);

/* Writes the commands that set and export name. */
void shell_set(FILE *file, enum shell shell, const char *name, const char *value);

/* Writes the command that unsets name. */
void shell_unset(FILE *file, enum shell shell, const char *name);

#endif
