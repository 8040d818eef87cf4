/* SPDX-License-Identifier: MIT */
/*
 * An attempt: one try at one upstream, on behalf of a client's first question.
 *
 *     blocked --> pinging --> asking --> answered
 *                    \----------\------> failed
 *
 * A safe question is asked itself. For an unsafe one only a ping is sent, and then asking is
 * passed over; where no ping is needed, pinging is.
 *
 * A ping goes first, and alone, to an upstream that was never heard from, was silent, or is
 * doubted; and where the client may be our own question, which has come round through an ssh -A that leads
 * back here. That may be where, since a ping was last answered, the upstream was asked first
 * questions by the same process, by a crowd, or, if this client has come through an ssh -A, by
 * anyone. Our ping would come round as well, and tell (session.h: session_may_pass()). Other
 * attempts are held back meanwhile: they are blocked until that ping has ended.
 */
#ifndef RELAYD_ATTEMPT_H
#define RELAYD_ATTEMPT_H

#include "relayd/host/options.h"
#include "relayd/upstream/enrol.h"
#include "relayd/upstream/wait.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A client's first question. */
struct question {
    const uint8_t *binds; /* whole session-binds that go first; their answers are dropped */
    size_t binds_size;
    bool is_forwarded; /* a bind says that the client has come through an ssh -A */
    const uint8_t *bytes; /* NULL: the question is not asked here, a ping is */
    size_t size;
    enum agent_kind kind;
    pid_t client; /* 0: unknown */
};

enum attempt_state {
    ATTEMPT_BLOCKED,
    ATTEMPT_PINGING,
    ATTEMPT_ASKING,
    ATTEMPT_ANSWERED, /* dial has the connection, and the answer if the question was asked */
    ATTEMPT_FAILED,
};

struct attempt;

/* The attempts there are, and what they share. */
struct attempts {
    struct enrol *enrol;
    const struct options *options;
    struct list list; /* of struct attempt, owned by their sessions */
    /* The connection was answered or has failed. Called from the loop, never from within
     * attempt_new() or attempt_look(); may free the attempt. */
    void (*on_done)(struct attempt *attempt);
    /* Its upstream is dropped, or has fallen silent for somebody else: look at it soon. */
    void (*on_change)(struct attempt *attempt);
};

struct attempt {
    struct list link;  /* attempts::list */
    struct list mine;  /* for its session */
    struct list queue; /* upstream::blocked or upstream::unproven */
    struct attempts *attempts;
    const struct question *question; /* borrowed */
    uint64_t upstream;               /* an id */
    enum attempt_state state;
    uint32_t binds_done; /* bytes of them that were answered */
    struct dial dial;
    double began;
    double waiting_since; /* when it began, or was heard from after was_silent */
    double owing_since;   /* once it had to be tried later: when it was last begun; else 0 */
    struct wait wait;
    bool is_passed;  /* patience with it has run out */
    bool was_silent; /* the upstream was silent when this began, and has sent nothing since: a
                        ping goes first, with a short wait, for the long one is over */
    void *session;
};

/* Makes an attempt, and begins it if it may. NULL without memory. */
struct attempt *attempt_new(struct attempts *attempts, const struct question *question,
                            struct upstream *u, void *session);
void attempt_free(struct attempt *attempt);

/* Closes it. Says nothing of the upstream. */
void attempt_fail(struct attempt *attempt);

/* Gives it up: closes it, and calls its upstream silent if that has owed an answer for as long
 * as the patience with it, or its link is down. */
void attempt_give_up(struct attempt *attempt);

/* Whether an answer may still come. */
bool attempt_is_pending(const struct attempt *attempt);

/* Looks at the upstream and its link: begins the attempt if it was blocked and now may begin,
 * and gives it up if it has waited too long. Returns false when the next upstream is due. */
bool attempt_look(struct attempt *attempt);

/* The session has gone to another upstream, or its client has left: closes it, and gives it up
 * if patience with it had run out. */
void attempt_lose(struct attempt *attempt);

/* A ping that held it back has ended: begins it if it may begin now. */
void attempt_unblock(struct attempt *attempt);

/* Its upstream u is dropped, and the pin with it. An open connection goes on, but no new one is
 * made. */
void attempt_let_go(struct attempt *attempt, struct upstream *u);

#endif
