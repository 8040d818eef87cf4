/* SPDX-License-Identifier: MIT */
/*
 * Discovering: where nobody who is registered answers a client, logins are looked for that nobody
 * has registered (--discover), or the first relayd of this user is (--behind-first). `relayctl
 * register` does that, in a process of its own.
 */
#ifndef RELAYD_DISCOVER_H
#define RELAYD_DISCOVER_H

#include "relayd/base/paths.h"
#include "relayd/host/run.h"

struct discover {
    struct run run;
    const char *dir; /* that of this relayd; NULL: nothing is looked for */
    bool is_behind_first; /* who is looked for is the first relayd, and no login: it has them all */
    struct paths first;   /* with is_behind_first */
    double began;    /* the last look */
    void (*on_end)(void *arg); /* a look is over: who was found is registered */
    void *arg;
};

void discover_init(struct discover *discover, struct ev_loop *loop);
void discover_fini(struct discover *discover);

/* Looks for logins, unless that has been done a moment ago. Returns whether a look is under way,
 * which on_end tells the end of. It takes milliseconds, and has a bound. */
bool discover_look(struct discover *discover);

#endif
