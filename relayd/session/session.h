/* SPDX-License-Identifier: MIT */
/*
 * A session: one client being served.
 *
 *     waiting --first question--> choosing --answered--> relaying --> ended
 *        |                           |
 *        |                           +-- none answers --> none --> ended
 *        +------- no upstream ---------------------------> none
 *
 * waiting: nothing is opened upstream until a question is whole. choosing: attempts look for
 * the upstream that answers it (choosing.h). relaying: bytes both ways; there is no second
 * upstream (relaying.h). none: each question is answered at once, by FAILURE or, as --when-none
 * has it, an empty list, and the client closed 200 ms later, because a bare close kills ssh-add
 * by SIGPIPE and makes libssh2 spin. A question that comes when somebody is there again is taken
 * as a first one: back to choosing.
 *
 * Here is what all states share; sessions.h drives them. Every session ends in session_end(),
 * with a reason, and is freed there; unless it is handed over to another process, which goes
 * on with it.
 */
#ifndef RELAYD_SESSION_H
#define RELAYD_SESSION_H

#include "relayd/base/list.h"
#include "relayd/base/sock.h"
#include "relayd/session/attempts.h"
#include "relayd/session/audit.h"
#include "relayd/session/discover.h"
#include "relayd/session/ledger.h"
#include "relayd/session/relay.h"
#include "relayd/session/signatures.h"
#include "relayd/upstream/wait.h"

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

enum session_state {
    SESSION_WAITING,
    SESSION_CHOOSING,
    SESSION_RELAYING,
    SESSION_NONE,
};

/* The sessions there are, and what they share. */
struct sessions {
    struct ev_loop *loop;
    struct enrol *enrol;
    struct registry *registry;
    struct registry_observer observer;
    struct attempts attempts;
    struct discover discover;
    struct ledger ledger;
    const struct options *options;
    struct list list; /* owns them */
    unsigned n;
    unsigned peak; /* the most there were since the heap was trimmed last */
    ev_timer trim; /* soon after a crowd has gone */
    uint64_t served;  /* sessions that an upstream had */
    uint64_t refused; /* sessions that met none, or whose client may not */
    bool is_quiescing; /* nothing new is begun: they are to be handed over */
    bool is_draining;
    char why[AUDIT_LINE_MAX]; /* what the last client that failed met, or empty */
    time_t why_at;
    uint64_t why_served; /* `served` then */
    /* Called after each end. */
    void (*on_end)(void *arg);
    void *on_end_arg;
    /* Called for each client that is refused, with the reason. */
    void (*on_refusal)(void *arg, const struct sock_peer *peer, const char *why);
    void *on_refusal_arg;
};

/* Of a crowd each has one: the fields stand so that there is no room between them. */
struct session {
    struct list link; /* sessions::list */
    struct list at;   /* upstream::sessions, while one serves it */
    struct sessions *sessions;
    enum session_state state;
    enum session_reason none_reason; /* in the state none: why */
    struct sock_peer peer;
    char command[AUDIT_COMMAND_MAX]; /* the peer's, once it was looked up */
    ev_io client, upstream;
    ev_timer timer; /* choosing, and relaying while something is owed: looks at the wait, and
                       where its end would go unseen at the client; none: the farewell */
    struct relay relay;
    struct signatures *signatures; /* owned; NULL: it has neither bound nor signed anything */
    struct flow binds; /* session-binds that were answered here; the upstream gets them first */
    struct question question; /* while choosing */
    struct list attempts;     /* while choosing; owned; those that failed stay, so that they
                                 are not made again */
    struct attempt *kept;     /* of them, the first that answered without keys (choosing.h) */
    double choosing_since;
    double kept_until;        /* a better answer is waited for */
    uint64_t upstream_id; /* 0: none */
    double began;
    double waiting_since; /* 0: nothing is owed */
    struct wait wait;     /* for what is owed */
    bool is_prompting;    /* counted as UPSTREAM_PROMPT */
    bool is_forwarded;    /* its client has come through an ssh -A */
    bool is_discovering;  /* choosing: waits for the end of a look for logins */
    bool has_discovered;  /* such a look was made for it */
    bool is_late;         /* choosing: half of the time was over, and all that were left were asked */
    bool is_withheld;     /* --read-only has kept a question of it back */
    bool is_in_vain;      /* none: the question at hand was asked, and nobody has answered it */
    int8_t luck;          /* relaying: in looking for answers at once; below 0: for so many questions
                             none is made (relaying.c) */
};

/* A new session with a client's descriptor, and an upstream's or -1; takes both over. Waits for
 * no events yet. NULL without memory: then they are still the caller's. */
struct session *session_new(struct sessions *sessions, int client_fd, int upstream_fd,
                            const struct sock_peer *peer);

/* Counts a client that is refused, and tells who wants to know. */
void session_note_refusal(struct sessions *sessions, const struct sock_peer *peer, const char *why);

/* Keeps the line that tells of a client that failed, for who asks why. */
void session_note_failure(struct sessions *sessions, const char line[AUDIT_LINE_MAX]);

/* Ends and frees it. */
void session_end(struct session *s, enum session_reason reason);
/* Frees it and closes its descriptors, and logs nothing: another process goes on with it. */
void session_free(struct session *s);

/* Stops the timer: what it means depends on the state. */
void session_set_state(struct session *s, enum session_state state);
void session_start_timer(struct session *s, double seconds, double repeat);
/* Has the timer fire in this turn of the loop, if it runs. */
void session_wake(struct session *s);

/* From now on it is served by the upstream `id`. Where that is no longer registered, it counts for
 * none, and what it signs has that number. */
void session_attach(struct session *s, uint64_t id);
/* From now on it counts for no upstream: it ends, or its upstream is dropped. */
void session_detach(struct session *s);
/* The same where its upstream is dropped: what it signs by it from now on has its number. */
void session_lose_login(struct session *s);
/* The number of the login that it has or had; 0: none, or unknown. */
uint64_t session_login(const struct session *s);
/* Its upstream. NULL: it has none, or that was dropped. */
struct upstream *session_upstream(const struct session *s);

/* Closes all attempts. */
void session_drop_attempts(struct session *s);

/* Notes whether its upstream may have a person at a prompt for it. */
void session_note_prompt(struct session *s, bool is_prompting);

/* Whether a question may go on; every question comes through here. A ping that has come round
 * may not, ours or one of another relayd that is passed on here, and its upstream is a loop; nor
 * may what --read-only keeps back. */
bool session_may_pass(struct session *s, enum agent_kind kind, const uint8_t *bytes, size_t n);
/* Notes where its connection leads, by a session-bind that is here whole. */
void session_note_bind(struct session *s, const uint8_t *bind, size_t size);
/* This session will be logged: looks up the command of its client. */
void session_note_command(struct session *s);

/* Whether another process can go on with it: it waits or relays, and not a byte is held. */
bool session_is_portable(const struct session *s);
/* Whether the daemon is about to stop and this session is owed nothing. */
bool session_is_drained(const struct session *s);

#endif
