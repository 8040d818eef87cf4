/* SPDX-License-Identifier: MIT */
/*
 * An upstream: a registered socket that leads to an agent, normally made by sshd for one
 * ssh -A login. What is known of it, how it stands, and how that is said in words.
 *
 * It belongs to the registry (registry.h), which alone calls it alive or silent. Everyone else
 * keeps its id, and looks it up again at each step, for it may be dropped in between. Times are
 * those of monotonic_seconds().
 */
#ifndef RELAYD_UPSTREAM_H
#define RELAYD_UPSTREAM_H

#include "relayd/base/list.h"
#include "relayd/base/proto.h"
#include "relayd/upstream/link.h"
#include "relayd/upstream/pin.h"
#include "relayd/upstream/process.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* How long a first silence lasts where the link is unknown; each next one twice as long. */
#define UPSTREAM_SILENCE_MIN 30.0

enum upstream_state {
    UPSTREAM_UNTRIED, /* not heard from, or forgiven its silence */
    UPSTREAM_ALIVE,   /* it answered */
    UPSTREAM_SILENT,  /* it gave no answer when asked, or not a proper one: silence.cause */
};

/* Why an upstream is silent. */
enum upstream_cause {
    CAUSE_NONE,
    CAUSE_NO_ANSWER, /* no answer in time, its link up or unknown */
    CAUSE_LINK_DOWN, /* no answer, and the link acknowledges nothing */
    CAUSE_CLOSED,    /* accepted and closed without an answer */
    CAUSE_NONSENSE,  /* answered, but not in the agent protocol */
    CAUSE_LOOP,      /* our own ping came back to us through it */
};

/* What an upstream is used for. */
enum upstream_use {
    UPSTREAM_SESSION,  /* a session that it serves */
    UPSTREAM_QUESTION, /* a first question under way, a ping included */
    UPSTREAM_PING,     /* a ping under way */
    UPSTREAM_PROMPT,   /* a session that it owes the answer to an unsafe question: a person may
                          be at its prompt */
    UPSTREAM_USES,
};

/* How much of one use there is. */
struct upstream_load {
    unsigned n;
    double since;    /* when the first of them began; of questions and prompts, the last answer if
                        later */
    double ended_at; /* when the last of them ended */
};

/* The login behind it; texts are owned, NULL where unknown. */
struct upstream_login {
    char *label, *host, *connection, *tty;
    bool is_fallback;
    double registered_at;
    unsigned registrations; /* how often, one before a restart included */
};

/* The login's TCP connection, as last asked. */
struct upstream_tcp {
    struct link_tuple tuple;
    enum link_state state;
    double quiet_since; /* the last acknowledgement, where state is down */
    double data_at;     /* the last data from the login, 0: unknown */
    double asked_at;    /* 0: not yet */
    int result;         /* of link_ask() then */
    struct link_report report;
};

/* Its present silence, or its last. */
struct upstream_silence {
    enum upstream_cause cause;
    double since;
    time_t at;         /* the same by the wall clock, for people */
    double waited;     /* how long it had been asked by then */
    double forgive_at; /* when it ends by itself: upstream_is_due() */
    double lasts_next; /* how long the next one lasts before that */
    bool is_chatty;    /* its login sent data while the agent did not answer: so data does not
                          end this silence */
};

struct upstream {
    struct list link;  /* registry::upstreams */
    struct list turn;  /* registry::order */
    struct list sleep; /* registry::asleep, or none */
    struct list same;  /* registry::by_id */
    uint64_t id;       /* from 1, never used again */
    char *path;        /* its own, every symlink resolved; only for people */
    struct pin pin;
    struct upstream_login login;
    struct process process; /* who listens there */
    double looked_at; /* when a look last connected to it; 0: never */
    struct upstream_tcp tcp;

    enum upstream_state state;
    struct upstream_silence silence;
    bool is_heard;    /* it has answered since it was registered, or last seen to be a loop */
    bool is_doubted;  /* it may well give no answer: nothing but time ended its silence, or it
                         lost a choice in which all that were left were asked together */
    bool has_no_ping; /* it closes on pings: a listing stands in */
    int keys;         /* how many it listed last; -1: unknown */
    double rtt;       /* its round trip, in seconds; negative: not measured */
    double proven_at; /* when a ping was last answered */
    uint32_t pings;   /* how many went out */

    struct upstream_load load[UPSTREAM_USES];
    double typed_at;  /* when somebody was seen at its keyboard, by the wall clock; 0: never */
    uint64_t served;        /* sessions that it has had */
    bool is_used;           /* a key of it has signed something; with --raw: it has had a session */
    double used_at;         /* when it last did, where is_used */
    struct list blocked;    /* of struct attempt: they wait for the end of a ping */
    struct list unproven;   /* of struct attempt: their questions went out after the last ping
                               that was answered */
    struct list sessions;   /* of struct session: those that it serves */
    struct enrol_watch *watch; /* enrol.c's */
};

/* A new upstream, in no registry: pin.fd and process.fd -1, rtt negative. NULL without
 * memory. */
struct upstream *upstream_new(const char *path);
/* Frees one that nobody uses any more, or NULL. */
void upstream_free(struct upstream *u);

/* What its next ping carries: whose it is in the upper 32 bits, and below them how many went
 * before, so that no two pings are alike. */
uint64_t upstream_next_nonce(struct upstream *u);

/* Its socket has another name now. Without memory the old one stays. */
void upstream_set_path(struct upstream *u, const char *path);

/* Sets copies of the login's facts; NULL or an empty text leaves a fact as it is. `connection`
 * also sets the host and the TCP connection. Returns 0 or -ENOMEM. */
int upstream_set_facts(struct upstream *u, const char *label, const char *connection,
                       const char *tty);

/* A use begins, at `since`; or ends. Nothing else counts uses. */
void upstream_begin(struct upstream *u, enum upstream_use use, double since);
void upstream_end(struct upstream *u, enum upstream_use use, double now);

/* It has answered somebody who may have been at its prompt: others may be so still. */
void upstream_note_answer(struct upstream *u, double now);

/* A key of it has signed something; with --raw, a session was given to it. */
void upstream_note_used(struct upstream *u, double now);

/* How many of a use there are now. */
static inline unsigned upstream_uses(const struct upstream *u, enum upstream_use use)
{
    return u->load[use].n;
}

/* An answer came after so many seconds. A shorter round trip is believed at once, since nothing
 * but the path makes an answer quick; a longer one slowly, and only where no person can have
 * been asked. */
void upstream_note_rtt(struct upstream *u, double seconds, bool may_rise);
/* A ping was answered, so no first question that went out before has come round. */
void upstream_prove(struct upstream *u, double now);

/* Whether its silence ends by time alone: where the link is unknown, or says nothing
 * (is_chatty), or it was a loop; but not while a person may be at its prompt. */
bool upstream_is_due(const struct upstream *u, double now);

const char *upstream_state_name(enum upstream_state state);
/* What a person calls it: its label, else its host, else its path. */
const char *upstream_title(const struct upstream *u);
/* Room for the name of a login whose label is as long as may be. */
#define UPSTREAM_NAME_MAX (PROTO_FACT_MAX + 40)
/* A name for logs: "login 3 (laptop)". Returns out. */
const char *upstream_name(const struct upstream *u, char *out, size_t size);
/* Label and host, as far as they are known: "laptop (10.0.0.5)". Returns out. */
const char *upstream_person(const struct upstream *u, char *out, size_t size);
/* Why it is or is not used, in words a person understands, claiming no more than is known:
 * "alive, 23 ms", "silent since 14:02: ...". Returns out. */
const char *upstream_explain(const struct upstream *u, double now, char *out, size_t size);

#endif
