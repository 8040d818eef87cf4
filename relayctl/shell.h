/*
 * The line by which a shell takes the agent socket as its own.
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

/* The kind of shell that a program of that path is; NULL is none. */
enum shell shell_of(const char *program);

/* The shell that runs this program; else the one that $SHELL names; else SHELL_SH. */
enum shell shell_of_caller(void);

/* Whether a value can be written so that this shell reads it as it is, through an eval
 * too: eval `...` takes lines and runs of blanks apart. */
bool shell_can_read(enum shell shell, const char *value);

/* Writes the commands that set and export name. */
void shell_set(FILE *file, enum shell shell, const char *name, const char *value);

/* Writes the command that takes name away. */
void shell_unset(FILE *file, enum shell shell, const char *name);

#endif
