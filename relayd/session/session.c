/* SPDX-License-Identifier: MIT */
/* What the states of a session share: its life, its upstream, and the gate that every question
 * of it comes through. */
#include "config.h"

#include "relayd/session/session.h"

#include "relayd/base/log.h"
#include "relayd/base/util.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* So many sessions at once are one. */
#define CROWD 64

static const char *const state_names[] = {"waiting", "choosing", "relaying", "none"};

void session_set_state(struct session *s, enum session_state state)
{
    log_debug("session of pid %d: %s -> %s", (int)s->peer.pid, state_names[s->state],
              state_names[state]);
    assert(s->state != SESSION_RELAYING && state != SESSION_WAITING);
    s->state = state;
    ev_timer_stop(s->sessions->loop, &s->timer);
}

void session_start_timer(struct session *s, double seconds, double repeat)
{
    ev_timer_stop(s->sessions->loop, &s->timer);
    ev_timer_set(&s->timer, seconds, repeat);
    ev_timer_start(s->sessions->loop, &s->timer);
}

void session_wake(struct session *s)
{
    if (ev_is_active(&s->timer))
        ev_feed_event(s->sessions->loop, &s->timer, EV_TIMER);
}

struct upstream *session_upstream(const struct session *s)
{
    return s->upstream_id == 0 ? NULL : registry_find(s->sessions->registry, s->upstream_id);
}

/* NULL without memory: then the line of the whole session says what it asked. */
static struct signatures *signatures(struct session *s)
{
    if (s->signatures == NULL)
        s->signatures = signatures_new();
    return s->signatures;
}

/* Its login is no longer registered, and may go on to sign. A number that is beyond the last, where
 * the saved registry was lost, will be another's. */
static void keep_number(struct session *s, uint64_t id)
{
    if (id != 0 && id <= s->sessions->registry->last_id && !s->sessions->options->is_raw &&
        signatures(s) != NULL)
        s->signatures->upstream_id = id;
}

void session_attach(struct session *s, uint64_t id)
{
    struct upstream *u = registry_find(s->sessions->registry, id);

    assert(s->upstream_id == 0);
    if (u == NULL) {
        keep_number(s, id);
        return;
    }
    s->upstream_id = id;
    list_append(&u->sessions, &s->at);
    upstream_begin(u, UPSTREAM_SESSION, monotonic_seconds());
}

uint64_t session_login(const struct session *s)
{
    if (s->upstream_id != 0 || s->signatures == NULL)
        return s->upstream_id;
    return s->signatures->upstream_id;
}

void session_detach(struct session *s)
{
    struct upstream *u = session_upstream(s);

    session_note_prompt(s, false);
    s->upstream_id = 0;
    if (u == NULL)
        return;
    list_remove(&s->at);
    upstream_end(u, UPSTREAM_SESSION, monotonic_seconds());
}

void session_note_prompt(struct session *s, bool is_prompting)
{
    struct upstream *u = s->is_prompting == is_prompting ? NULL : session_upstream(s);
    double now;

    if (u == NULL)
        return;
    s->is_prompting = is_prompting;
    now = monotonic_seconds();
    /* What is owed may have been asked before a restart. */
    if (is_prompting)
        upstream_begin(u, UPSTREAM_PROMPT, s->waiting_since > 0 ? s->waiting_since : now);
    else
        upstream_end(u, UPSTREAM_PROMPT, now);
}

void session_drop_attempts(struct session *s)
{
    struct attempt *it, *next;

    list_for_each_safe(it, next, &s->attempts, mine)
        attempt_free(it);
    list_init(&s->attempts);
    s->kept = NULL;
}

static bool is_failure(const struct session *s, enum session_reason reason)
{
    switch (reason) {
    case SESSION_CLIENT_CLOSED:
        return false;
    case SESSION_CLIENT_GONE:
        /* A person may have been tired of waiting, and ask why. */
        return s->state == SESSION_CHOOSING || s->relay.owed > 0;
    case SESSION_UPSTREAM_CLOSED:
    case SESSION_STOPPING:
        return s->relay.owed > 0;
    case SESSION_NO_LOGIN:
    case SESSION_NO_ANSWER:
    case SESSION_PAUSED:
        return s->relay.answered > 0;
    case SESSION_CLIENT_BAD:
    case SESSION_WITHHELD:
    case SESSION_UPSTREAM_BAD:
    case SESSION_UPSTREAM_SILENT:
    case SESSION_DROPPED:
    case SESSION_NO_MEMORY:
    case SESSION_UNWATCHED:
        break;
    }
    return true;
}

void session_note_command(struct session *s)
{
    audit_look_up(s->command, s->peer.pid);
}

void session_note_refusal(struct sessions *sessions, const struct sock_peer *peer, const char *why)
{
    sessions->refused++;
    sessions->on_refusal(sessions->on_refusal_arg, peer, why);
}

void session_note_failure(struct sessions *sessions, const char line[AUDIT_LINE_MAX])
{
    memcpy(sessions->why, line, sizeof(sessions->why));
    sessions->why_at = time(NULL);
    sessions->why_served = sessions->served;
}

static void tell_end(struct session *s, enum session_reason reason)
{
    const struct audit audit = {
        .client = s->peer,
        .upstream = session_upstream(s),
        .asked = s->relay.asked,
        .told = s->signatures == NULL ? 0 : s->signatures->told,
        .command = s->command,
        .seconds = monotonic_seconds() - s->began,
        .reason = reason,
        .is_failure = is_failure(s, reason),
    };
    char line[AUDIT_LINE_MAX];

    audit_log(&audit, line);
    if (audit.is_failure)
        session_note_failure(s->sessions, line);
}

/* One by one they leave little behind. What a crowd leaves would stay for good, so once most of
 * it has gone the heap is trimmed, a moment later, when the rest may have followed. */
static void note_gone(struct sessions *sessions)
{
    sessions->n--;
    if (sessions->peak >= CROWD && sessions->n <= sessions->peak / 4 &&
        !ev_is_active(&sessions->trim))
        ev_timer_start(sessions->loop, &sessions->trim);
}

void session_free(struct session *s)
{
    struct sessions *sessions = s->sessions;

    session_detach(s);
    session_drop_attempts(s);
    ev_io_stop(sessions->loop, &s->client);
    ev_io_stop(sessions->loop, &s->upstream);
    ev_timer_stop(sessions->loop, &s->timer);
    relay_fini(&s->relay);
    flow_fini(&s->binds);
    signatures_free(s->signatures);
    close_fd(s->client.fd);
    close_fd(s->upstream.fd);
    list_remove(&s->link);
    free(s);
    note_gone(sessions);
    sessions->on_end(sessions->on_end_arg);
}

void session_end(struct session *s, enum session_reason reason)
{
    if (s->state == SESSION_NONE && s->relay.answered > 0)
        reason = s->none_reason;
    if (s->state == SESSION_CHOOSING)
        s->relay.asked[s->question.kind]++;
    /* What else ended it has more to say. */
    if (s->is_withheld && !is_failure(s, reason))
        reason = SESSION_WITHHELD;
    tell_end(s, reason);
    session_free(s);
}

/* Whether this ping of another relayd is one that we are passing on already: then it has come
 * round, and the upstream that it went to is a loop. */
static bool note_round(struct session *s, const uint8_t *bytes, size_t n)
{
    uint64_t id = 0;
    bool is_round = attempts_find_question(&s->sessions->attempts, bytes, n, &id);
    struct upstream *u = registry_find(s->sessions->registry, id);

    if (u != NULL)
        enrol_note_loop(s->sessions->enrol, u);
    return is_round;
}

bool session_may_pass(struct session *s, enum agent_kind kind, const uint8_t *bytes, size_t n)
{
    uint64_t nonce;

    if (!agent_kind_is_safe(kind))
        session_note_command(s);
    if (kind == AGENT_KIND_PING &&
        agent_ping_is_own(bytes, n, s->sessions->enrol->instance, &nonce)) {
        enrol_note_own_ping(s->sessions->enrol, nonce);
        return false;
    }
    if (kind == AGENT_KIND_PING && note_round(s, bytes, n))
        return false;
    if (!s->sessions->options->is_read_only || agent_kind_is_safe(kind) || kind == AGENT_KIND_SIGN)
        return true;
    s->is_withheld = true;
    return false;
}

void session_lose_login(struct session *s)
{
    uint64_t id = s->upstream_id;

    session_detach(s);
    keep_number(s, id);
}

void session_note_bind(struct session *s, const uint8_t *bind, size_t size)
{
    if (signatures(s) != NULL)
        signing_bind(&s->signatures->route, bind, size);
}

/* The login may have been unregistered since it was asked. */
static void note_answer(void *arg, uint8_t type)
{
    struct session *s = arg;
    struct upstream *u = registry_find(s->sessions->registry, s->signatures->upstream_id);
    bool is_signed = type == AGENT_SIGN_RESPONSE;
    struct signing what;

    if (!signatures_answer(s->signatures, s->relay.answered + 1, &what))
        return;
    ledger_put(&s->sessions->ledger, &(const struct ledger_entry){
                                         .is_signed = is_signed,
                                         .what = &what,
                                         .upstream_id = s->signatures->upstream_id,
                                         .upstream = u,
                                         .client = s->peer,
                                         .command = s->command,
                                     });
    s->signatures->told++;
    if (u == NULL)
        return;
    upstream_note_answer(u, monotonic_seconds());
    if (is_signed)
        upstream_note_used(u, monotonic_seconds());
}

static void note_signature(struct session *s, const uint8_t *bytes, size_t n)
{
    if (signatures(s) == NULL)
        return;
    if (s->upstream_id != 0)
        s->signatures->upstream_id = s->upstream_id;
    signatures_ask(s->signatures, bytes, n, s->relay.answered + s->relay.owed + 1);
    s->relay.on_answer = note_answer;
}

/* What a relay asks of each question that it is about to pass on. */
static bool pass_on(void *arg, enum agent_kind kind, const uint8_t *bytes, size_t n)
{
    struct session *s = arg;

    if (!session_may_pass(s, kind, bytes, n))
        return false;
    if (kind == AGENT_KIND_SIGN)
        note_signature(s, bytes, n);
    else if (kind == AGENT_KIND_BIND)
        session_note_bind(s, bytes, n);
    return true;
}

bool session_is_drained(const struct session *s)
{
    return s->sessions->is_draining && s->state != SESSION_CHOOSING && s->relay.owed == 0 &&
           flow_size(&s->relay.down) == 0;
}

bool session_is_portable(const struct session *s)
{
    return (s->state == SESSION_WAITING || s->state == SESSION_RELAYING) &&
           relay_is_empty(&s->relay) && flow_size(&s->binds) == 0;
}

struct session *session_new(struct sessions *sessions, int client_fd, int upstream_fd,
                            const struct sock_peer *peer)
{
    /* Not calloc: glibc's does not take what was freed a moment ago. */
    struct session *s = malloc(sizeof(*s));

    if (s == NULL)
        return NULL;
    *s = (struct session){
        .sessions = sessions,
        .state = upstream_fd < 0 ? SESSION_WAITING : SESSION_RELAYING,
        .peer = *peer,
        .began = monotonic_seconds(),
        .relay = {.gate = pass_on, .gate_arg = s},
        .client.fd = client_fd,
        .upstream.fd = upstream_fd,
    };
    list_init(&s->attempts);
    list_append(&sessions->list, &s->link);
    sessions->n++;
    if (sessions->n > sessions->peak)
        sessions->peak = sessions->n;
    return s;
}
