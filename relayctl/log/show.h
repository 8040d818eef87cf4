/* SPDX-License-Identifier: MIT */
/* One entry: for people, wrapped on a terminal; as a line of columns, two blanks between them,
 * where it goes to a file; and as JSON, an object a line. */
#ifndef RELAYCTL_SHOW_H
#define RELAYCTL_SHOW_H

#include "relayctl/log/entry.h"
#include "relayctl/printer.h"

#include <stdio.h>

void show_entry(struct printer *out, const struct entry *entry);
void show_json(FILE *file, const struct entry *entry);

#endif
