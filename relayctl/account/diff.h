/* SPDX-License-Identifier: MIT */
/*
 * What would change, as a unified diff that patch(1) takes. The two texts differ in few, whole
 * places: a block put in, replaced or taken out. Others come out right too, if longer than need be.
 */
#ifndef RELAYCTL_DIFF_H
#define RELAYCTL_DIFF_H

#include "relayctl/printer.h"

#include <stdbool.h>
#include <stddef.h>

/* Prints the diff of before and after; nothing where they are the same, and none is made or
 * removed. name is shown in the headers; a file that is made or removed has /dev/null on its other
 * side. Lines are not cut or wrapped; they are coloured as the printer allows. Bytes are as they
 * are, but on a terminal, where what is not printable is made safe. Returns 0 or -ENOMEM. */
int diff_print(struct printer *out, const char *name, const char *before, size_t before_size,
               bool is_new, const char *after, size_t after_size, bool is_gone);

#endif
