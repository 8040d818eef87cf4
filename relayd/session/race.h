/*
 * A race: a client's first question looks for the upstream that answers it.
 *
 * Upstreams are tried in the registry's order, the next one as well when patience
 * with the last runs out (patience.h); the first to answer wins and the others are
 * closed in the same turn. An unsafe question is not asked here: only pings race
 * for it, and it goes to the winner alone, later, by whoever holds the race; so it
 * never reaches two.
 */
#ifndef RELAYD_RACE_H
#define RELAYD_RACE_H

#include "relayd/session/attempt.h"
#include "relayd/base/list.h"

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

enum race_result {
    RACE_WON,      /* upstream, fd and, of a safe question, the answer are there */
    RACE_NONE,     /* no upstream to try, or all tried and failed */
    RACE_VANISHED, /* the client has gone */
};

/* The races there are, and what they share. */
struct races {
    struct ev_loop *loop;
    struct attempts attempts;
    struct list list; /* of struct race, owned by their sessions */
};

struct race {
    struct list link; /* races::list */
    struct races *races;
    ev_timer tick;
    struct question question;
    struct list tried; /* of struct attempt, owned; those that failed stay, to be
                          remembered */
    int client_fd;     /* borrowed, to see it vanish */
    uint64_t upstream; /* who won */
    int fd;            /* the connection to it; whoever takes it sets -1 */
    struct flow answer; /* the same */
    /* Called once, never from within race_new(); may call race_free(). */
    void (*done)(struct race *race, enum race_result result);
    void *arg;
};

void races_init(struct races *races, struct upstreams *upstreams, const struct options *options);

/* The question's bytes stay the caller's and unmoved until done(). NULL without
 * memory. */
struct race *race_new(struct races *races, int client_fd, const struct question *question,
                      void (*done)(struct race *race, enum race_result result), void *arg);
void race_free(struct race *race);

/* Every race looks again at the upstreams: something about them has changed. */
void races_kick(struct races *races);

#endif
