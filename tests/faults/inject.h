/* SPDX-License-Identifier: MIT */
/*
 * Makes system calls of a program fail, by the kernel's own means: a seccomp filter hands the
 * calls in question to us, and we say what comes of them. The program is the one that is
 * installed, unchanged, and what its libraries call inside themselves is seen too.
 *
 * Calls are counted from the first line of the program's main() on.
 */
#ifndef FAULTS_INJECT_H
#define FAULTS_INJECT_H

#include <stdbool.h>
#include <sys/types.h>

#define INJECT_PROGRAMS 4
#define INJECT_NUMBERS 512
#define INJECT_FOREVER 0x7fffffffU

struct inject {
    /* What fails: the calls number `first` up to `last` of this kind, counted from 1. */
    int number; /* INJECT_ALL: none, all are counted; INJECT_NONE: none, and none is seen */
    int error;  /* or FAULT_SHORT */
    unsigned first, last;
    bool is_armed; /* else nothing is counted, and nothing fails */
    unsigned seen, hits;
    unsigned census[INJECT_NUMBERS]; /* with INJECT_ALL: how often each was called */
    /* Its own. */
    int listeners[INJECT_PROGRAMS];
    unsigned n;
    bool has_begun;
    int *shared;
};

enum { INJECT_ALL = -1, INJECT_NONE = -2 };

void inject_init(struct inject *inject);
void inject_fini(struct inject *inject);

/* What the child does between the filter and exec. */
struct inject_program {
    char *const *argv;
    char *const *env; /* "$PID" in a value becomes the child's pid */
    uid_t uid;
    int output;     /* its stdout and stderr */
    const int *fds; /* become 3 and up */
    unsigned n_fds;
};

/* Starts a program under the filter. Returns its pid. */
pid_t inject_spawn(struct inject *inject, const struct inject_program *program);

/* Until fd has one of the events, or the time of monotonic_now() is reached; decides about calls
 * meanwhile. Returns whether fd has one. fd may be -1. */
bool inject_wait(struct inject *inject, int fd, short events, double until);

double monotonic_now(void);

#endif
