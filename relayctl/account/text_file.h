/* SPDX-License-Identifier: MIT */
/*
 * A text file as a shell finds it: whoever manages it, and through symlinks.
 */
#ifndef RELAYCTL_TEXT_FILE_H
#define RELAYCTL_TEXT_FILE_H

#include <stddef.h>

/* text is NULL where there is no such file, else it ends in a NUL. */
struct text_file {
    char *text;
    size_t size;
};

/* Reads a regular file of at most 16 MiB. The caller frees its text. */
struct text_file text_file_read(const char *path);

#endif
