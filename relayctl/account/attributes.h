/* SPDX-License-Identifier: MIT */
/* What a file has besides its text: owner, mode and every extended attribute, an ACL and SELinux's
 * label among them. */
#ifndef RELAYCTL_ATTRIBUTES_H
#define RELAYCTL_ATTRIBUTES_H

#include <stddef.h>

/* Gives the file at descriptor to all that the one at descriptor from has, and takes away what it
 * has besides (an ACL that its directory hands down). Returns 0, or -errno with why set to a
 * sentence for people, to go behind "because". */
int attributes_copy(int from, int to, char *why, size_t size);

#endif
