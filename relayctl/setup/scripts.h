/* SPDX-License-Identifier: MIT */
/*
 * What tmux is told: the lines of its configuration, and the scripts for sh that do the same to the
 * server that $TMUX names, take it back, and find out whether it is so. There are two arrangements,
 * each in lines of its own.
 *
 * All texts are on the heap; NULL when out of memory.
 */
#ifndef RELAYCTL_SETUP_SCRIPTS_H
#define RELAYCTL_SETUP_SCRIPTS_H

#include "relayctl/setup/step.h"

struct arrangement {
    const char *block;      /* its name in the configuration */
    const char *purpose;    /* of the lines there */
    const char *for_server; /* the same, of a server that runs */
    const char *undone;     /* what becomes of that server */
    const char *comment;
    const char *const *does, *const *undoes, *const *asks, *const *asks_undo;
};

/* New panes use the relay. */
extern const struct arrangement scripts_socket;
/* relayd is told who types. */
extern const struct arrangement scripts_follow;

char *scripts_config(const struct setup *setup, const struct arrangement *arrangement);

/* Makes it so, or with is_undo takes it back. */
char *scripts_change(const struct setup *setup, const struct arrangement *arrangement);

/* Succeeds where it is so; with is_undo, where there is something to take back. */
char *scripts_question(const struct setup *setup, const struct arrangement *arrangement);

/* What scripts_change() does to the server at socket, as a line for people. */
char *scripts_shown(const struct setup *setup, const struct arrangement *arrangement,
                    const char *socket);

#endif
