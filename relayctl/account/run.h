/* SPDX-License-Identifier: MIT */
/*
 * Runs another program and collects what it writes, within a bound. Nothing that it starts keeps us
 * waiting: the output is read until the program itself has ended.
 */
#ifndef RELAYCTL_RUN_H
#define RELAYCTL_RUN_H

#include <stddef.h>

#define RUN_NOT_THERE 127 /* it cannot be run; as in the shell */
#define RUN_TOO_LONG 255  /* it was killed at the bound, and all of its session */

struct run_output {
    char *text; /* always ended; owned; may hold any byte */
    size_t size;
};

enum run_what {
    RUN_STDOUT,
    RUN_BOTH, /* stdout and stderr */
};

/* Runs argv[0], found in PATH, with input (NULL: /dev/null) on its stdin, in a session of its own:
 * it cannot ask on the terminal. It keeps nothing of ours but the environment and the working
 * directory. Returns its exit status, 128 + signal, or one of the above. output may be NULL; else
 * the caller must run_output_fini() it. At most 1 MiB is kept; the rest is read and dropped. */
int run_program(const char *const argv[], const char *input, size_t input_size, enum run_what what,
                struct run_output *output, int bound_ms);
void run_output_fini(struct run_output *output);

#endif
