/* SPDX-License-Identifier: MIT */
/*
 * Who is at the keyboard: the login whose person types, for those who share a host's panes or
 * walk from one machine to the next (relayctl follow).
 */
#ifndef RELAYD_KEYBOARD_H
#define RELAYD_KEYBOARD_H

#include "relayd/upstream/registry.h"

/* Somebody is at the keyboard of u now. */
void keyboard_note(struct registry *registry, struct upstream *u);

/* Looks at the terminals of all logins: where one was read from later than anything that is known,
 * somebody types there. By stat(2), one each; no more than a comparison where nobody follows. */
void keyboard_look(struct registry *registry);

#endif
