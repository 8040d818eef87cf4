/*
 * An attempt: one try at one upstream, on behalf of a client's first question.
 *
 *     blocked --> probing --> asking --> answered
 *                    \----------\------> failed
 *
 * A safe question is itself what is asked, after a ping only where the upstream was
 * never heard from. For an unsafe one nothing but a ping is sent.
 *
 * What looks like a client may be our own question coming round, through an ssh -A
 * that leads back here; a ping tells (session.c). So one goes first, and alone,
 * where an upstream was never heard from, and where it has first questions that no
 * ping has overtaken: one of the same client process, a crowd, or any, where this one
 * has come through an ssh -A. Who would be next is blocked until that ping is answered.
 */
#ifndef RELAYD_ATTEMPT_H
#define RELAYD_ATTEMPT_H

#include "relayd/upstream/dial.h"
#include "relayd/base/list.h"
#include "relayd/host/options.h"
#include "relayd/upstream/enrol.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A client's first question. */
struct question {
    const uint8_t *binds; /* whole session-binds that go first; their answers are
                             dropped */
    size_t binds_size;
    const uint8_t *bytes; /* NULL: not to be asked here, only pings */
    size_t size;
    enum agent_kind kind;
    pid_t client; /* 0: unknown */
};

enum attempt_state {
    ATTEMPT_BLOCKED,
    ATTEMPT_PROBING,
    ATTEMPT_ASKING,
    ATTEMPT_ANSWERED, /* dial has the connection, and the answer to a question asked */
    ATTEMPT_FAILED,
};

/* The attempts there are, and what they share. */
struct attempts {
    struct upstreams *upstreams;
    const struct options *options;
    struct list list; /* of struct attempt, owned by those who made them */
};

struct attempt {
    struct list link; /* attempts::list */
    struct list mine; /* for who made it */
    struct attempts *attempts;
    const struct question *question; /* borrowed */
    uint64_t upstream;               /* an id */
    enum attempt_state state;
    struct dial dial;
    size_t binds_done; /* bytes of them that were answered */
    double began;
    double asked_at;   /* while asking */
    double down_since; /* 0: its link is not down */
    bool is_passed;    /* patience with it has run out */
    bool was_silent;   /* when it began: then its silence is no news */
    /* Called from the loop when it is answered or has failed; may free it. */
    void (*done)(struct attempt *attempt);
    void *arg;
};

/* Makes one and begins what may begin. NULL without memory. */
struct attempt *attempt_new(struct attempts *attempts, const struct question *question,
                            struct upstream *u, void (*done)(struct attempt *attempt), void *arg);
void attempt_free(struct attempt *attempt);

/* Closes it. Says nothing of the upstream. */
void attempt_fail(struct attempt *attempt);

/* Takes a look at the upstream and its link: begins what was blocked and now may
 * begin, and gives up what has waited too long. Returns whether it is still waited
 * for alone; else the next upstream is due. */
bool attempt_look(struct attempt *attempt);

/* The session went to another while patience with this one had run out: its
 * upstream is silent. */
void attempt_lose(struct attempt *attempt);

/* An upstream is dropped, and its pin with it: no new connection is made to it, those
 * that are there go on. */
void attempts_unpin(struct attempts *attempts, uint64_t upstream);

/* The upstream that is being asked the very same question by another, or 0. A ping has
 * no equal: it has come round through that one. */
uint64_t attempts_find_question(const struct attempts *attempts, const uint8_t *bytes,
                                size_t size);

/* Fails all attempts at an upstream. Their makers have to look again, after. */
void attempts_fail(struct attempts *attempts, uint64_t upstream);

#endif
