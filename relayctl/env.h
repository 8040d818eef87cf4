/*
 * The line by which a shell takes the agent socket as its own.
 */
#ifndef RELAYCTL_ENV_H
#define RELAYCTL_ENV_H

#include <stdbool.h>
#include <stdio.h>

enum env_shell {
    ENV_SH,
    ENV_CSH,
    ENV_FISH,
};

/* The kind of shell that $SHELL names; any that is not known, and NULL, is taken
 * for a relative of sh. */
enum env_shell env_shell_of(const char *shell);

/* Whether a value can be written so that this shell reads it as it is, whatever is
 * done between: eval `...` takes lines and runs of blanks apart. */
bool env_can_write(enum env_shell shell, const char *value);

/* Writes the commands that set and export name. */
void env_write(FILE *file, enum env_shell shell, const char *name, const char *value);

/* Writes the command that takes name away. */
void env_write_unset(FILE *file, enum env_shell shell, const char *name);

#endif
