/* SPDX-License-Identifier: MIT */
/*
 * What both floors have in common: pairs of sockets, and bytes that go from each to the other. There
 * is no system call in it that a relay on epoll could do without: one read and one write for what has
 * come, and nothing is asked twice. Any failure ends the pair.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct end {
    int fd; /* -1: not there yet, or no longer */
    struct end *other;
    char *held; /* what could not be written to fd yet */
    size_t size;
};

struct pair {
    struct end client, agent;
    struct pair *next; /* of those that have ended */
};

/* Listens at path, and opens epoll with the listener in it, whose event has a NULL pointer. Returns
 * the listener. Exits on failure. */
int carry_listen(const char *path);

/* Serves for ever: calls `accepted` when somebody has connected, `ready` when something can be done at
 * an end. */
void carry_run(void (*accepted)(void), void (*ready)(struct end *e, uint32_t events));

/* A pair of these two. agent may be -1. */
struct pair *pair_new(int client, int agent);

/* Ends it; it is freed once no event of it can be in hand. */
void pair_end(struct pair *pair);
struct pair *pair_of(struct end *e);

/* Has epoll tell of what comes to fd, and of room for what is held. */
void end_watch(struct end *e);

/* Reads what is there, 64 KiB at most. Returns its size, 0 when the pair has been ended. */
size_t end_read(struct end *e, const char **bytes);

/* Writes to e; what does not fit is held, and nothing more is read from the other end meanwhile. */
void end_write(struct end *e, const char *bytes, size_t size);

/* Holds them, and does not try to write. Returns -1 without memory. */
int end_hold(struct end *e, const char *bytes, size_t size);

/* Takes each event of a pair that has both its ends. */
void carry(struct end *e, uint32_t events);
