/*
 * An attempt: one try at one upstream, on behalf of a client's first question.
 *
 *     blocked --> pinging --> asking --> answered
 *                    \----------\------> failed
 *
 * A safe question is itself what is asked, after a ping only where the upstream was never
 * heard from, or is silent. For an unsafe one nothing but a ping is sent.
 *
 * What looks like a client may be our own question coming round, through an ssh -A that leads
 * back here; a ping tells (session.h: session_may_pass()). So one goes first, and alone, where
 * an upstream was never heard from, and where it has first questions that no ping has
 * overtaken: one of the same client process, a crowd, or any, where this one has come through
 * an ssh -A. Who would be next is blocked until that ping is answered.
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
    bool is_forwarded; /* one of them says that the client has come through an ssh -A */
    const uint8_t *bytes; /* NULL: not to be asked here, only pings */
    size_t size;
    enum agent_kind kind;
    pid_t client; /* 0: unknown */
};

enum attempt_state {
    ATTEMPT_BLOCKED,
    ATTEMPT_PINGING,
    ATTEMPT_ASKING,
    ATTEMPT_ANSWERED, /* dial has the connection, and the answer to a question asked */
    ATTEMPT_FAILED,
};

struct attempt;

/* The attempts there are, and what they share. */
struct attempts {
    struct enrol *enrol;
    const struct options *options;
    struct list list; /* of struct attempt, owned by their sessions */
    /* Called from the loop when one is answered or has failed, never from within
     * attempt_new() or attempt_look(); may free it. */
    void (*on_done)(struct attempt *attempt);
    /* Its upstream is gone, or has fallen silent for somebody else: it is worth a look. */
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
    struct dial dial;
    size_t binds_done; /* bytes of them that were answered */
    double began;
    double waiting_since; /* began, or has shown since that it is silent no longer */
    struct wait wait;
    bool is_passed;  /* patience with it has run out */
    bool was_silent; /* when it began, and nothing has come from it since: it had its long wait
                        already, so a ping goes first, and has a short one */
    void *session;
};

/* Makes one and begins what may begin. NULL without memory. */
struct attempt *attempt_new(struct attempts *attempts, const struct question *question,
                            struct upstream *u, void *session);
void attempt_free(struct attempt *attempt);

/* Closes it. Says nothing of the upstream. */
void attempt_fail(struct attempt *attempt);

/* It has waited as long as may be: closes it, and where that was long, its upstream is silent. */
void attempt_give_up(struct attempt *attempt);

/* Whether an answer may still come. */
bool attempt_is_pending(const struct attempt *attempt);

/* Takes a look at the upstream and its link: begins what was blocked and now may begin, and
 * gives up what has waited too long. Returns whether it is still waited for alone; else the
 * next upstream is due. */
bool attempt_look(struct attempt *attempt);

/* The session went to another while patience with this one had run out: its upstream is
 * silent. */
void attempt_lose(struct attempt *attempt);

/* It was held back for a ping, which has ended: begins it, if it may now. */
void attempt_unblock(struct attempt *attempt);

/* Its upstream is dropped, and the pin with it: no new connection is made to it, one that is
 * there goes on. */
void attempt_let_go(struct attempt *attempt, struct upstream *u);

#endif
