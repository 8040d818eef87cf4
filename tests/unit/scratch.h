/* SPDX-License-Identifier: MIT */
/*
 * A place on disk for a test: an empty directory of its own, 0700 and with a path
 * short enough for sockets. It is removed with all that is in it after the last
 * test of its case, also where a test failed.
 */
#ifndef RELAYD_SCRATCH_H
#define RELAYD_SCRATCH_H

#include <check.h>
#include <stddef.h>

/* Gives each test of tcase such a directory, as the working directory too. */
void scratch_add(TCase *tcase);

/* The path of name in it; the last 16 results stay valid. */
const char *scratch_path(const char *name);

void scratch_write(const char *path, const void *bytes, size_t n);

/* The whole file and a NUL, malloc'd; its size in *n unless that is NULL. */
char *scratch_read(const char *path, size_t *n);

/* The permission bits of path itself. */
unsigned scratch_mode(const char *path);

#endif
