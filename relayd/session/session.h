/*
 * A session: one client being served.
 *
 *     waiting --first question--> dialling --won--> relaying --> ended
 *        |                             |
 *        |                             +--none--> none --> ended
 *        +------- no upstream -------------------> none
 *
 * waiting: nothing is opened upstream until a question is whole. dialling: a race
 * looks for the upstream. relaying: bytes both ways; there is no second upstream.
 * none: each question is answered FAILURE at once and the client closed 200 ms
 * later, because a bare close kills ssh-add by SIGPIPE and makes libssh2 spin.
 *
 * Every session ends in session_end(), with a reason, and is freed there; unless it is
 * handed over to another process, where session_resume() goes on with it.
 */
#ifndef RELAYD_SESSION_H
#define RELAYD_SESSION_H

#include "relayd/session/audit.h"
#include "relayd/base/list.h"
#include "relayd/session/race.h"
#include "relayd/session/relay.h"
#include "relayd/base/sock.h"

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

enum session_state {
    SESSION_WAITING,
    SESSION_DIALLING,
    SESSION_RELAYING,
    SESSION_NONE,
};

/* The sessions there are, and what they share. */
struct sessions {
    struct ev_loop *loop;
    struct races races;
    struct upstreams *upstreams;
    const struct options *options;
    struct list list; /* owns them */
    unsigned n;
    uint64_t served;  /* sessions that an upstream had */
    uint64_t refused; /* sessions that met none, or whose client may not */
    bool is_settling; /* nothing new is begun: they are to be handed over */
    bool is_draining;
    char why[AUDIT_LINE_MAX]; /* what the last client that failed met, or empty */
    double why_at;
    /* Called after each end. */
    void (*on_end)(void *arg);
    void *on_end_arg;
};

struct session {
    struct list link; /* sessions::list */
    struct sessions *sessions;
    enum session_state state;
    struct sock_peer peer;
    char command[AUDIT_COMMAND_MAX]; /* the peer's, once it is worth looking up */
    ev_io client, upstream;
    ev_timer timer; /* relaying: looks while something is owed; none: the farewell */
    struct relay relay;
    enum session_reason none_reason; /* in the state none: why */
    struct flow binds; /* session-binds that were held; they go to the upstream first */
    struct race *race; /* owned; only while dialling */
    uint64_t upstream_id; /* 0: none yet */
    double began;
    double waiting_since; /* 0: nothing is owed */
    double down_since;    /* 0: the link is not down */
    bool is_prompting;    /* counted in upstream.prompts */
};

/* Begins to serve an accepted client; takes fd over. Returns false without memory:
 * fd is still the caller's then. */
bool session_new(struct sessions *sessions, int fd, const struct sock_peer *peer);

/* Goes on with a session of another process; takes both descriptors over (upstream_fd is
 * -1 where it has none yet). What else is known of it is the caller's to set, and then
 * session_rearm()'s to begin with. NULL without memory: they are still the caller's. */
struct session *session_resume(struct sessions *sessions, int client_fd, int upstream_fd,
                               const struct sock_peer *peer);
void session_rearm(struct session *s);

/* Carries it on as far as that goes without waiting. May end it. */
void session_step(struct session *s);

/* Ends and frees it. */
void session_end(struct session *s, enum session_reason reason);
/* Lets go of all that it has, and of itself, without a word: another process goes on with
 * it. */
void session_free(struct session *s);

/* Whether another process could go on with it: not a byte of it is held here. */
bool session_is_settled(const struct session *s);
/* Whether it is owed nothing, while the daemon is about to stop. */
bool session_is_drained(const struct session *s);

/* Among the files of a session: session.c (its life), alone.c (without an upstream), owed.c
 * (with one). */

void session_set_state(struct session *s, enum session_state state);
void session_start_timer(struct session *s, double seconds, double repeat);
struct registry *session_registry(const struct session *s);
/* NULL: it has none, or one that was dropped. */
struct upstream *session_upstream(const struct session *s);
double session_now(const struct session *s);

/* Every question comes through here. Whether it may go on: not our own ping that has
 * come round, nor what --read-only keeps back. A relay_gate_fn; arg is the session. */
bool session_may_pass(void *arg, enum agent_kind kind, const uint8_t *bytes, size_t n);
/* From now on this session is one to be logged. */
void session_note_command(struct session *s);

enum relay_end session_step_alone(struct session *s);
/* In --raw there is no question: to be connected is to be chosen. Returns 0 or -1. */
int session_start_raw(struct session *s);

enum relay_end session_step_relaying(struct session *s);
/* The clock of what is owed: it starts with the first question and anew with each answer,
 * and stands while it is the client that does not read. */
void session_note_waiting(struct session *s, uint32_t answered_before);
/* A person may be at the prompt of an upstream that owes an unsafe answer. */
void session_note_prompt(struct session *s, bool is_prompting);
/* A tick of the clock: asks about the link, and may end s. */
void session_look_at_upstream(struct session *s);

#endif
