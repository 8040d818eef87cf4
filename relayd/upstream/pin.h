/* SPDX-License-Identifier: MIT */
/*
 * A pin: a descriptor of a socket file. Connecting through it leads to this very socket,
 * whatever happens to its path.
 */
#ifndef RELAYD_PIN_H
#define RELAYD_PIN_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/* dev and ino tell sockets apart while they are held. An inode number that nobody holds is used
 * again at once, so one that was only saved is known by its birth too. */
struct pin {
    int fd; /* O_PATH, or -1 */
    char path[32]; /* to connect through: short, whatever the socket's own. While fd is open */
    dev_t dev;
    ino_t ino;
    bool has_birth; /* the file system keeps it */
    struct timespec birth;
    struct timespec ctime; /* as of pin_open(), or as saved */
};

/* Opens path, following symlinks this once, and checks what was opened: a socket, ours or
 * root's, none of own_paths (either may be NULL), in a directory that others cannot write to
 * unless it is sticky. Returns 0, and the pin's fd is the caller's; or -errno and *reason, a
 * text: -EPERM where a check failed. */
int pin_open(struct pin *pin, const char *path, const char *const own_paths[2],
             const char **reason);

/* Fills in dev and ino of whatever path leads to at the moment, to find it by; fd is -1.
 * Returns 0 or -errno. */
int pin_look_up(struct pin *pin, const char *path);

/* The file's own path, every symlink resolved. Returns 0 or -errno: -ENOENT where it has none
 * any more. */
int pin_real_path(const struct pin *pin, char out[PATH_MAX]);

/* Whether both are the same socket; one of them at least is held. */
bool pin_is_same(const struct pin *a, const struct pin *b);

/* Whether pin is the socket that was saved. Where there is no birth to compare, a change of its
 * mode or labels meanwhile makes it another. */
bool pin_is_saved(const struct pin *pin, const struct pin *saved);

/* The ctime that is to be saved where there is no birth: as it is now, for chmod(1) changes it. */
struct timespec pin_ctime(const struct pin *pin);

#endif
