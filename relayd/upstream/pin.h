/*
 * A pin: an open hold on a socket file, so that whatever happens to its path, it is
 * this socket that is connected to.
 */
#ifndef RELAYD_PIN_H
#define RELAYD_PIN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/* dev, ino and ctime tell sockets apart; an inode number alone is used again at
 * once. */
struct pin {
    int fd; /* O_PATH, or -1 */
    dev_t dev;
    ino_t ino;
    struct timespec ctime;
};

/* Opens path, following symlinks this once, and checks what was opened: a socket,
 * ours, none of own_paths (either may be NULL), in a directory that others cannot
 * write to unless it is sticky. Returns 0, and the pin's fd is the caller's; or
 * -errno and *reason, a text. */
int pin_open(struct pin *pin, const char *path, const char *const own_paths[2],
             const char **reason);

/* Whether both hold the same socket. */
bool pin_is_same(const struct pin *a, const struct pin *b);

/* Puts the path to connect through into out: short, whatever the socket's own. */
#define PIN_PATH_SIZE 32
const char *pin_path(const struct pin *pin, char out[PIN_PATH_SIZE]);

#endif
