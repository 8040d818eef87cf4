/* SPDX-License-Identifier: MIT */
/*
 * What setup writes into the files of shells. All texts keep these promises: they print nothing, leave
 * no variable of ours behind, read nothing from stdin but sshd's X11 cookie, work under `set -eu` and
 * in POSIX mode, and do nothing where relayctl is gone or HOME is not set.
 *
 * All are on the heap, whole lines; NULL when out of memory.
 */
#ifndef RELAYCTL_SETUP_TEXTS_H
#define RELAYCTL_SETUP_TEXTS_H

#include "relayctl/setup/step.h"

#include "relayctl/shell.h"

#include <stdbool.h>
#include <stdio.h>

/* For ~/.ssh/rc, or sshd's own sshrc: offers the login to the relay, and has the rest of the script
 * see the agent socket. has_xauth: and hands over the X11 cookie, as sshd does where there is no
 * such file. */
char *text_rc(const struct setup *setup, bool has_xauth);

/* The same for a relayd with a name: SSH_AUTH_SOCK stays what it is. */
char *text_rc_named(const struct setup *setup, bool has_xauth);

/* What the first does, in a few short lines, to be pasted. */
char *text_rc_short(const struct setup *setup);

enum text_when {
    TEXT_INTERACTIVE, /* in an interactive shell */
    TEXT_ALWAYS,      /* wherever the shell has an agent that is not the relay's */
    TEXT_SSH,         /* in an interactive shell of an ssh login */
    TEXT_LOGIN,       /* the same, within an ssh login only */
};

/* For a file of bash, zsh, sh, dash, ksh, ash. */
char *text_shell(const struct setup *setup, enum text_when when);

/* For fish; an interactive one uses the relay in any case. */
char *text_fish(const struct setup *setup, enum text_when when);

/* What does the same in a few short lines, to be pasted. is_first: for the start of a file, and shells that
 * are not interactive too. */
char *text_shell_short(const struct setup *setup, bool is_first);
char *text_fish_short(const struct setup *setup);
char *text_csh_short(const struct setup *setup);

/* The words of a loop of sh over the places where relayctl may be, this one first. */
void text_put_places(FILE *file, const struct setup *setup, enum shell shell);

/* " --dir DIR" where the person has named one. */
void text_put_dir(FILE *file, const struct setup *setup, enum shell shell);

/* What was written to file, which open_memstream() gave with that text; closes it. */
char *text_finish(FILE *file, char **text);

#endif
