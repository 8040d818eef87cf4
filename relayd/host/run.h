/* SPDX-License-Identifier: MIT */
/*
 * A program that is run beside relayd's own work, one at a time: nothing waits for it.
 */
#ifndef RELAYD_RUN_H
#define RELAYD_RUN_H

#include <ev.h>
#include <stdbool.h>

struct run {
    struct ev_loop *loop; /* the default one: it alone learns of children */
    ev_child child;
    ev_timer bound;
    bool is_running;
    void (*on_end)(struct run *run); /* it has ended, or was ended at its bound */
};

void run_init(struct run *run, struct ev_loop *loop, void (*on_end)(struct run *run));
/* Ends it, without a call of on_end. */
void run_fini(struct run *run);

/* Starts the program that stands beside relayd's own file, by the name that argv begins with; it is
 * killed after so many seconds. It must not be running. Returns 0 or -errno. */
int run_beside(struct run *run, char *const argv[], double seconds);

#endif
