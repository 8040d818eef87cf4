/* SPDX-License-Identifier: MIT */
/* The table of what is made to fail (the file "calls"), and the names in it. */
#ifndef FAULTS_CALLS_H
#define FAULTS_CALLS_H

#include <stdbool.h>
#include <stddef.h>

#define CALLS_MAX 128
#define CALL_ERRORS_MAX 24
/* In place of an errno: the call does less than it was asked for. */
#define FAULT_SHORT (-1)
/* The number of no system call: the row "allocation" (allocation.c). */
#define CALL_ALLOCATION (-3)

struct call {
    char name[24];
    int number;       /* of the system call; -1 where this machine has none of that name */
    bool ends_starts; /* a relayd that is starting may give up for it */
    int errors[CALL_ERRORS_MAX];
    size_t n;
    int line;
};

struct calls {
    struct call all[CALLS_MAX];
    size_t n;
};

/* Reads the table; says what is wrong with it, and exits. */
void calls_read(struct calls *calls, const char *path);
/* NULL where it is not in the table. */
const struct call *calls_find(const struct calls *calls, int number);

/* "openat", or "call 257". Valid until the next call of this. */
const char *call_name(int number);
/* "EMFILE". */
const char *error_name(int error);

#endif
