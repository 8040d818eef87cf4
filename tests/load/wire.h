/* SPDX-License-Identifier: MIT */
/*
 * The words of the agent protocol that the load is made of, and the ledger of numbered questions.
 *
 * A numbered question is a SIGN request whose data are a client, a number that no other question
 * has, and noise that follows from the number. Its answer brings all of that back, and which login
 * gave it. So an answer says itself whose it is, and one byte that was swapped shows.
 */
#ifndef LOAD_WIRE_H
#define LOAD_WIRE_H

#include <err.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
    FAILURE = 5,
    SUCCESS = 6,
    LIST = 11,
    LIST_ANSWER = 12,
    SIGN = 13,
    SIGN_ANSWER = 14,
    EXTENSION = 27,
    EXTENSION_FAILURE = 28,
    NOISE_MAX = 3000,
    DATA_MIN = 4 + 8,    /* client, number */
    QUESTION_HEAD = 4 + 1 + 4 + 4 + 4, /* length, type, a key of four bytes, the data's length */
    QUESTION_MAX = QUESTION_HEAD + DATA_MIN + NOISE_MAX + 4,
    ANSWER_MAX = 4 + 1 + 4 + 4 + DATA_MIN + NOISE_MAX,
    LEDGER_NUMBERS = 1 << 26,
};

/* Shared by all clients and all agents, in a file: sparse, and zero at first. */
struct ledger {
    uint64_t last;                       /* number that was given to a question */
    uint64_t twice;                      /* questions that were seen a second time */
    uint16_t seen_by[LEDGER_NUMBERS];    /* a login's number, or 0 */
};

static inline struct ledger *ledger_open(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT, 0666);
    void *at;

    if (fd < 0 || ftruncate(fd, sizeof(struct ledger)) < 0)
        err(1, "%s", path);
    at = mmap(NULL, sizeof(struct ledger), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED)
        err(1, "%s", path);
    close(fd);
    return at;
}

static inline uint64_t ledger_next(struct ledger *ledger)
{
    return __atomic_add_fetch(&ledger->last, 1, __ATOMIC_RELAXED);
}

/* A login sees a question. Returns which has seen it before, or 0. */
static inline unsigned ledger_see(struct ledger *ledger, uint64_t number, unsigned login)
{
    unsigned before = __atomic_exchange_n(&ledger->seen_by[number % LEDGER_NUMBERS],
                                          (uint16_t)login, __ATOMIC_RELAXED);

    if (before != 0)
        __atomic_add_fetch(&ledger->twice, 1, __ATOMIC_RELAXED);
    return before;
}

static inline void put_number(unsigned char *at, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        at[i] = (unsigned char)(value >> 8 * (bytes - 1 - i));
}

static inline uint64_t get_number(const unsigned char *at, int bytes)
{
    uint64_t value = 0;

    for (int i = 0; i < bytes; i++)
        value = value << 8 | at[i];
    return value;
}

/* The data of a question: client, number and noise. */
static inline void put_data(unsigned char *at, uint32_t client, uint64_t number, size_t noise)
{
    put_number(at, client, 4);
    put_number(at + 4, number, 8);
    for (size_t i = 0; i < noise; i++)
        at[DATA_MIN + i] = (unsigned char)(number * 31 + i * 7);
}

static inline int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static inline void address_of(struct sockaddr_un *address, const char *path)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address->sun_path))
        errx(64, "%s: too long for a socket", path);
    strcpy(address->sun_path, path);
}

#endif
