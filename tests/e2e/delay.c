/* SPDX-License-Identifier: MIT */
/*
 * A long line, as ssh's ProxyCommand: what goes through it arrives so many milliseconds later, in
 * both directions, however much is on its way.
 */
#include "config.h"

#include <err.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* A ring of what is on its way. Full, it reads no more: then the line is slower, as lines are. */
enum { SLOTS = 256 };

struct slot {
    int64_t due;
    ssize_t size;
    char bytes[16384];
};

static int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void put(int fd, const struct slot *slot)
{
    for (ssize_t at = 0; at < slot->size;) {
        ssize_t n = write(fd, slot->bytes + at, (size_t)(slot->size - at));

        if (n <= 0)
            exit(0);
        at += n;
    }
}

/* Waits for bytes, or until due; due < 0: for bytes alone. */
static bool is_readable(int fd, int64_t due)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int64_t left = due - now_us();
    struct timespec t = {.tv_sec = left / 1000000, .tv_nsec = left % 1000000 * 1000};

    if (due >= 0 && left <= 0)
        return false;
    return ppoll(&p, 1, due < 0 ? NULL : &t, NULL) == 1;
}

static void carry(int from, int to, int64_t delay)
{
    static struct slot ring[SLOTS];
    unsigned first = 0, last = 0;
    bool is_done = false;

    while (!is_done || first != last) {
        struct slot *slot = &ring[last % SLOTS];
        int64_t due = first == last ? -1 : ring[first % SLOTS].due;

        if (is_readable(is_done || last - first == SLOTS ? -1 : from, due)) {
            slot->size = read(from, slot->bytes, sizeof(slot->bytes));
            slot->due = now_us() + delay;
            is_done = slot->size <= 0;
            last += !is_done;
        } else if (first != last && ring[first % SLOTS].due <= now_us()) {
            put(to, &ring[first++ % SLOTS]);
        }
    }
}

static int dial(const char *host, const char *port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    int r = getaddrinfo(host, port, &hints, &found);
    int fd;

    if (r != 0)
        errx(1, "%s: %s", host, gai_strerror(r));
    fd = socket(found->ai_family, found->ai_socktype, 0);
    if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) < 0)
        err(1, "%s", host);
    freeaddrinfo(found);
    return fd;
}

int main(int argc, char **argv)
{
    int64_t delay;
    int fd;

    if (argc != 4)
        errx(64, "usage: delay MILLISECONDS HOST PORT");
    delay = atol(argv[1]) * 1000;
    fd = dial(argv[2], argv[3]);
    if (fork() == 0) {
        carry(STDIN_FILENO, fd, delay);
        shutdown(fd, SHUT_WR);
    } else {
        carry(fd, STDOUT_FILENO, delay);
    }
    return 0;
}
