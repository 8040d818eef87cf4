/* SPDX-License-Identifier: MIT */
/*
 * A relayd that is there and does not answer. A login asks several times, from rc, from the files
 * of its shell, from a prompt, and is held up by all of them together: so who has waited in vain
 * leaves word of that beside relayd's sockets, and those who come soon after hardly wait. What they
 * ask for has reached relayd nevertheless, and is done if that was only slow.
 *
 * Where no word can be left, each waits for itself.
 */
#ifndef RELAYCTL_MUTE_H
#define RELAYCTL_MUTE_H

#include "relayd/base/paths.h"

#include <stdint.h>

/* Returns how many milliseconds to wait of `most`: fewer while there is word. */
int mute_patience(const struct paths *paths, int most);

/* Leaves word where result, of client_send() or client_receive(), says that a relayd that runs
 * gave no answer, and takes it away where it gave one. Who hardly waited leaves none, so each word has the wait of
 * somebody behind it. */
void mute_learn(const struct paths *paths, int result);

#endif
