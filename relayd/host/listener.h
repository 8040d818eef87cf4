/* SPDX-License-Identifier: MIT */
/*
 * A listener: one socket that accepts for as long as the daemon lives.
 *
 * Its socket is bound here, or comes from systemd. Where its path goes missing it is bound
 * again here, unless somebody else listens there by then.
 */
#ifndef RELAYD_LISTENER_H
#define RELAYD_LISTENER_H

#include <ev.h>
#include <stdbool.h>
#include <sys/types.h>

struct listener {
    struct ev_loop *loop;
    ev_io io;
    ev_timer pause; /* something failed: tried again when it is over */
    const char *path; /* borrowed */
    int type;
    int fd;
    bool is_own; /* bound here, so removed here */
    dev_t dev;   /* of our file */
    ino_t ino;
    bool is_stopped;
    bool is_pausing; /* and it has been said; until a client is accepted */
    unsigned limit; /* at most that many at once; 0: no limit */
    /* How many are served now. */
    unsigned (*count)(void *arg);
    /* Takes an accepted descriptor over. */
    void (*accept)(void *arg, int fd);
    void *arg;
};

void listener_init(struct listener *listener, struct ev_loop *loop, const char *path, int type,
                   unsigned limit, unsigned (*count)(void *arg),
                   void (*accept)(void *arg, int fd), void *arg);

/* Binds path: a stale socket there is replaced, a live one never (-EADDRINUSE), nor
 * anything that is no socket (-EISDIR, -ENOTSOCK). Returns 0 or -errno. */
int listener_bind(struct listener *listener);
/* Takes over a listening descriptor instead, wherever it is bound. */
void listener_adopt(struct listener *listener, int fd);

/* Begins to accept. To be called again whenever the count has sunk. */
void listener_resume(struct listener *listener);

/* Makes the socket again where its path has gone, having accepted who had connected to it.
 * Returns 0 where all is well, -EADDRINUSE where somebody else listens there now, or another
 * -errno for what may succeed later. */
int listener_heal(struct listener *listener);

/* What an error of the two means, in words that go behind the path. */
const char *listener_problem(int error);

/* Why clients that connect to the path do not come here, in such words; NULL where they
 * do. Looks at the path, and changes nothing. */
const char *listener_obstacle(const struct listener *listener);

/* Whether the path no longer leads to its socket; not where that cannot be told. */
bool listener_is_missing(const struct listener *listener);

/* Accepts no more, and removes the socket where it was bound here. */
void listener_stop(struct listener *listener);

#endif
