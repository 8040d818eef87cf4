/* SPDX-License-Identifier: MIT */
/*
 * Starting relayd where none answers.
 */
#ifndef RELAYCTL_START_H
#define RELAYCTL_START_H

#include "relayctl/client.h"

#include "relayd/base/paths.h"

/* What a program that was started said on its stderr, as far as it fits. */
struct start_words {
    size_t size;
    char text[2048];
};

/* Starts relayd, and connects client to it, or to another that was started at the same moment.
 * relayd gets nothing of this process but its environment: no descriptor, no terminal.
 * choice is that of the command line. paths is filled again, for a relayd that starts may choose
 * another directory. Takes at most 3 s. Returns as client_open(); words has what relayd or
 * systemctl said. */
int start_daemon(struct client *client, struct paths *paths, const struct paths_choice *choice,
                 struct start_words *words);

#endif
