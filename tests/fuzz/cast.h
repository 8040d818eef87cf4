/* SPDX-License-Identifier: MIT */
/*
 * The cast around the sessions: clients that ask, and agents that answer, or do not. Each question
 * and each answer is unlike all others, so that whoever hears one knows whose it is. What is heard
 * must be so:
 *
 * - a client hears its answers in the order of its questions, each byte for byte as one agent said
 *   it, all over one connection; or a FAILURE of relayd's own, where one may be;
 * - an agent hears only what clients asked, or a ping; one connection carries one client's
 *   questions; an unsafe one comes to one agent, and once; after the choice nobody else hears more;
 * - a client is not left without a reason.
 */
#ifndef RELAYD_CAST_H
#define RELAYD_CAST_H

#include "relayd/agent/agent.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CAST_CLIENTS 4
#define CAST_AGENTS 4
#define CAST_QUESTIONS 48
#define CAST_QUESTION_MAX 5000
#define CAST_CONNS 96
#define CAST_SAID_MAX 2048
#define CAST_ANSWERS 64
#define CAST_ANSWER_SIZE (AGENT_HEADER + 6)

enum cast_mode {
    CAST_ANSWERS_ALL,
    CAST_MUTE,
    CAST_CLOSES,
    CAST_CLOSES_ON_PING, /* as Windows' agent */
    CAST_IS_EMPTY,       /* no keys */
    CAST_FAILS,
    CAST_TALKS_NONSENSE,
    CAST_IS_OVERSIZE,
    CAST_STOPS_HALFWAY,
    CAST_CLOSES_HALFWAY,
    CAST_MUTE_BUT_FOR_PINGS,
    CAST_MUTE_TO_UNSAFE,
    CAST_SHUTS_DOWN, /* after an answer */
    CAST_DOES_NOT_READ,
    CAST_DOES_NOT_ACCEPT,
    CAST_SAYS_ONE_BYTE, /* of an answer each time it is looked at */
};

struct cast_question {
    int client; /* -1: it has left */
    enum agent_kind kind;
    bool is_own_ping; /* a ping of this relayd's, come round */
    bool is_refused;  /* --read-only keeps it back */
    bool is_bad;
    bool is_failed, must_fail; /* relayd itself has answered it FAILURE; or has to, for the agent that
                                  hears the next one has not heard it */
    int conn;         /* where it has come, if it is unsafe; -1 */
    unsigned agents;  /* who has heard it */
    size_t size;
    uint8_t bytes[CAST_QUESTION_MAX];
};

struct cast_answer {
    int question; /* -1: none of a client's */
    bool is_unfit; /* its type does not fit, and there was a choice: no client hears it */
    size_t start, size;
};

/* A connection to an agent, its end. */
struct cast_conn {
    int fd; /* -1: closed */
    int agent, client; /* -1: nobody's yet, or of one that has left */
    int last;          /* the question that it heard last, or -1 */
    bool has_first;    /* it has heard one that is no bind */
    bool is_over;      /* the agent has ended it, or broken the protocol */
    int waiting[CAST_ANSWERS]; /* questions without an answer; -1: a ping; -2: a listing in its place */
    unsigned n_waiting;
    struct cast_answer answers[CAST_ANSWERS];
    unsigned n_answers;
    size_t said, sent, n;
    uint8_t out[CAST_SAID_MAX];
    uint8_t in[CAST_QUESTION_MAX + 512];
};

struct cast_client {
    int fd; /* -1: not there */
    bool is_deaf, is_shut;
    bool may_end; /* whoever ended it has a reason */
    bool is_none; /* it was told that nobody is there, and may be left */
    bool is_ended; /* it has heard the end */
    bool is_unasked; /* its agent has said more than it was asked: its answers are not counted */
    int asked[CAST_QUESTIONS]; /* of all questions, in its order */
    unsigned n_asked, n_sent, n_answered;
    size_t part;    /* of the next to be sent, what is out */
    int chosen;     /* the connection that its answers come from; -1 */
    int committed, committed_by; /* the same, as its questions tell; and which of them told first */
    unsigned next;  /* the answer there that it hears next */
    size_t n;
    uint8_t in[AGENT_FRAME_MAX];
};

struct cast {
    bool is_read_only, is_none_empty;
    bool is_raw; /* relayd looks at nothing: whoever accepts is chosen, and what is said passes */
    bool is_lacking; /* descriptors or watches: what cannot be watched is ended, or made again */
    bool is_renewed; /* an agent may be asked twice, as it was registered twice */
    enum cast_mode modes[CAST_AGENTS];
    uint8_t instance[AGENT_INSTANCE];
    uint8_t ping[AGENT_PING_SIZE]; /* the last that was heard; all 0: none */
    struct cast_question questions[CAST_QUESTIONS];
    int n_questions;
    struct cast_conn conns[CAST_CONNS];
    int n_conns;
    struct cast_client clients[CAST_CLIENTS];
};

extern struct cast cast;

void cast_begin(void);

/* Client c asks one more, the kind by `what`, and sends at most n bytes. */
void cast_ask(int c, unsigned what, size_t n);
/* Sends at most n bytes of what it has begun to ask. */
void cast_send(int c, size_t n);
void cast_leave(int c);
/* Whether it is there, and still has no answer to a question that it has asked whole. */
bool cast_is_waiting(int c);
/* From now on each client may be left, or each that has asked for more than it has heard. */
void cast_allow_end(bool is_for_all);

/* Looks, where all rests, whether those who lost a choice are closed. */
void cast_check_rest(void);

/* Client c is there, on fd. */
void cast_come(int c, int fd);

/* All do what they do. Returns whether anything happened. */
bool cast_turn(void);

/* Of that, what the agents do. */
bool cast_turn_agents(void);

/* Agent a gives its next late answer, on each of its connections. */
void cast_answer_late(int a);
/* It closes all its connections; of a client's that has chosen, says something unasked. */
void cast_hang_up(int a);
/* It closes those that it has broken, which it says nothing more on. */
void cast_hang_up_broken(void);
void cast_say_unasked(int a);

#endif
