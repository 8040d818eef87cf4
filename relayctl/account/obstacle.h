/* SPDX-License-Identifier: MIT */
/* What stands in the way of replacing a file: whose it is, what else leads to it, where it is. */
#ifndef RELAYCTL_OBSTACLE_H
#define RELAYCTL_OBSTACLE_H

#include <stddef.h>
#include <sys/stat.h>

/* Looks at the directories of path from root (its first root_size bytes) down, and counts those
 * that are missing. Returns 0, or -errno where the file cannot be reached. why, where it is empty,
 * is set to a sentence for people, to go behind "because", in either case. */
int obstacle_in_dirs(const char *path, size_t root_size, uid_t uid, int *missing, char *why,
                     size_t size);

/* The same for the file itself, which is open at fd and has st. */
void obstacle_in_file(int fd, const struct stat *st, uid_t uid, const char *path, char *why,
                      size_t size);

#endif
