/* SPDX-License-Identifier: MIT */
/*
 * The store: the registry as a file, so that a restart or a crash loses no login.
 *
 * The file has the form of the control protocol's packets, an empty line between
 * them: first "registry", then an "upstream" for each, in order, and "end", by which
 * a file that was cut off is known. It holds no key material.
 */
#ifndef RELAYD_STORE_H
#define RELAYD_STORE_H

#include "relayd/upstream/registry.h"

#include <stdio.h>

/* Writes a new file, mode 0600, and renames it to path. Returns 0 or -errno. */
int store_save(const struct registry *registry, const char *path);

/* A saved upstream, back from the file: its pin holds what was saved of it, and
 * no descriptor (pin_is_saved()). The callee takes u over. */
typedef void store_found_fn(void *arg, struct upstream *u);

/* Reads the file, and calls found for each upstream in order; preference, pause and the last
 * id go into the registry. A missing file is an empty one. Returns 0; or -errno, such as
 * -EBADMSG for a damaged file, and then found was not called. */
int store_load(struct registry *registry, const char *path, store_found_fn *found, void *arg);

/* What the two do with the file's text: writes it, with no look at the file's errors; reads size
 * bytes of it, behind which is a NUL, and spoils them. A text with a NUL in it is damaged. */
void store_write(const struct registry *registry, FILE *file);
int store_read(struct registry *registry, char *text, size_t size, store_found_fn *found,
               void *arg);

#endif
