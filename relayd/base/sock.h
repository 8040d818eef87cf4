/* SPDX-License-Identifier: MIT */
/*
 * AF_UNIX sockets: make one, listen, connect without waiting, ask who is there.
 *
 * Every descriptor made here is close-on-exec and non-blocking, and belongs to
 * the caller. What returns an int returns a descriptor or 0, or -errno.
 */
#ifndef RELAYD_SOCK_H
#define RELAYD_SOCK_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

/* The longest path that fits sun_path with its final NUL (unix(7)). */
#define SOCK_PATH_MAX 107

struct sock_peer {
    pid_t pid; /* 0: in a pid namespace we cannot see */
    uid_t uid;
};

/* An unconnected socket; type is SOCK_STREAM, SOCK_SEQPACKET or SOCK_DGRAM. */
int sock_new(int type);

/* Connects fd, at once or not at all. -EAGAIN: the listener's backlog is full,
 * and only another call, later, with the same fd helps: poll(2) says nothing
 * about it. -ENAMETOOLONG: path is over SOCK_PATH_MAX. */
int sock_connect(int fd, const char *path);

/* sock_new() and sock_connect() in one. Any error closes the socket, -EAGAIN too. */
int sock_open(const char *path, int type);

/* The same for an address as the environment of a service has it: an absolute path, or
 * '@' and an abstract name. -EINVAL: another kind. */
int sock_open_address(const char *address, int type);

/* Binds path, mode 0600 from its first moment, and listens.
 * -EADDRINUSE: something is there already. */
int sock_listen(const char *path, int type, int backlog);

/* Whether somebody listens at path. False only where it is certain that nobody does: path
 * is missing, or refuses. A full backlog, another type of socket, or a lack of descriptors
 * proves nothing. */
bool sock_is_live(const char *path, int type);

/* Whether fd is a listening AF_UNIX socket of that type. */
bool sock_is_listener(int fd, int type);

/* Whether fd was bound to path. Something else may be there by now. */
bool sock_is_bound_to(int fd, const char *path);

/* Who connected, or for a connecting end: who called listen(2). */
int sock_peer(int fd, struct sock_peer *peer);

/* Whether a process of this uid may use what we hold: we ourselves, or root,
 * who could anyway. */
bool sock_uid_is_trusted(uid_t uid);

/* Whether the other side has closed for good. A half-close (shutdown of its
 * writing side) is no hang-up: only poll(2) tells the two apart. */
bool sock_has_hung_up(int fd);

#endif
