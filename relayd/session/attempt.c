/* SPDX-License-Identifier: MIT */
/* An attempt. Its upstream may be dropped at any time, so each step looks it up by its id; the
 * connection goes on without it. */
#include "config.h"

#include "relayd/session/attempt.h"

#include "relayd/base/log.h"
#include "relayd/base/util.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* So many first questions at one upstream since a ping was last answered may be a loop that has
 * a new process in each round. */
#define CROWD 16
/* A silent upstream has at least so long for its ping. */
#define SILENT_SECONDS 0.25

static const char *const state_names[] = {"blocked", "pinging", "asking", "answered", "failed"};

static struct registry *registry_of(const struct attempt *attempt)
{
    return attempt->attempts->enrol->registry;
}

static struct upstream *upstream_of(const struct attempt *attempt)
{
    return registry_find(registry_of(attempt), attempt->upstream);
}

static double waited(const struct attempt *attempt, double now)
{
    return now - attempt->waiting_since;
}

/* Whether the upstream has been asked, if only by a ping, and has not answered yet. */
static bool is_out(enum attempt_state state)
{
    return state == ATTEMPT_PINGING || state == ATTEMPT_ASKING;
}

/* Counts what the upstream is used for, which changes with the state. */
static void count_uses(struct upstream *u, enum attempt_state before, enum attempt_state after)
{
    double now = monotonic_seconds();

    if (!is_out(before) && is_out(after))
        upstream_begin(u, UPSTREAM_QUESTION, now);
    if (is_out(before) && !is_out(after))
        upstream_end(u, UPSTREAM_QUESTION, now);
    if (before != ATTEMPT_PINGING && after == ATTEMPT_PINGING)
        upstream_begin(u, UPSTREAM_PING, now);
    if (before == ATTEMPT_PINGING && after != ATTEMPT_PINGING)
        upstream_end(u, UPSTREAM_PING, now);
}

/* Whether a ping was answered since it began: then its client is not our own question. */
static bool is_proven(const struct attempt *attempt, const struct upstream *u)
{
    return attempt->began <= u->proven_at;
}

/* Puts it on that one of its upstream's two lists which goes with its state, or on none. */
static void enqueue(struct attempt *attempt, struct upstream *u)
{
    if (list_is_linked(&attempt->queue))
        list_remove(&attempt->queue);
    if (u != NULL && attempt->state == ATTEMPT_BLOCKED)
        list_append(&u->blocked, &attempt->queue);
    if (u != NULL && attempt->state == ATTEMPT_ASKING && !is_proven(attempt, u))
        list_append(&u->unproven, &attempt->queue);
}

/* Returns whether that ends a ping, which others may have been held back for. */
static bool change_state(struct attempt *attempt, struct upstream *u, enum attempt_state state)
{
    enum attempt_state before = attempt->state;

    log_debug("attempt of pid %d at upstream %llu: %s -> %s", (int)attempt->question->client,
              (unsigned long long)attempt->upstream, state_names[before], state_names[state]);
    attempt->state = state;
    enqueue(attempt, u);
    if (u == NULL)
        return false;
    count_uses(u, before, state);
    return before == ATTEMPT_PINGING;
}

static void set_state(struct attempt *attempt, enum attempt_state state)
{
    struct upstream *u = upstream_of(attempt);

    if (change_state(attempt, u, state))
        registry_tell_ping_ended(registry_of(attempt), u);
}

void attempt_fail(struct attempt *attempt)
{
    if (attempt->state == ATTEMPT_FAILED)
        return;
    dial_fini(&attempt->dial);
    set_state(attempt, ATTEMPT_FAILED);
}

void attempt_free(struct attempt *attempt)
{
    if (attempt == NULL)
        return;
    attempt_fail(attempt);
    assert(!list_is_linked(&attempt->queue));
    list_remove(&attempt->link);
    free(attempt);
}

/* Whether this may be an earlier first question at u that has come round: one of the same
 * process, of a crowd, or, if this client has come through an ssh -A, of anyone, since a ping
 * was last answered. */
static bool is_suspect(const struct attempt *attempt, const struct upstream *u)
{
    const struct question *q = attempt->question;
    unsigned n = 0;
    struct attempt *it;

    if (is_proven(attempt, u))
        return false;
    list_for_each(it, &u->unproven, queue) {
        if (++n >= CROWD || q->is_forwarded ||
            (q->client != 0 && it->question->client == q->client))
            return true;
    }
    return false;
}

/* The next of the binds that are left, or NULL. */
static const uint8_t *next_bind(const struct attempt *attempt, struct agent_frame *frame)
{
    const struct question *q = attempt->question;
    size_t left = q->binds_size - attempt->binds_done;

    if (left == 0 || agent_frame_read(frame, q->binds + attempt->binds_done, left) != 1)
        return NULL;
    return q->binds + attempt->binds_done;
}

/* The binds that are left, one by one, then the question. */
static void ask(struct attempt *attempt)
{
    const struct question *q = attempt->question;
    struct agent_frame frame;
    const uint8_t *bind = next_bind(attempt, &frame);

    if (attempt->state != ATTEMPT_ASKING)
        set_state(attempt, ATTEMPT_ASKING);
    if (bind != NULL)
        dial_ask(&attempt->dial, bind, frame.size, AGENT_KIND_BIND);
    else
        dial_ask(&attempt->dial, q->bytes, q->size, q->kind);
}

static void ping(struct attempt *attempt, struct upstream *u)
{
    set_state(attempt, ATTEMPT_PINGING);
    enrol_ping(attempt->attempts->enrol, u, &attempt->dial);
}

/* Begins it if it may begin; else it stays blocked. The ping of another relayd goes on at once:
 * if two of them held back each other's to send their own first, they would wait for each
 * other. */
static void begin(struct attempt *attempt, struct upstream *u)
{
    bool is_first =
        attempt->was_silent || u->is_doubted || !u->is_heard || is_suspect(attempt, u);

    if (attempt->owing_since > 0)
        attempt->owing_since = monotonic_seconds();
    if (attempt->question->kind == AGENT_KIND_PING && attempt->question->bytes != NULL) {
        ask(attempt);
        return;
    }
    if (is_first && upstream_uses(u, UPSTREAM_PING) > 0)
        return;
    if (is_first || attempt->question->bytes == NULL)
        ping(attempt, u);
    else
        ask(attempt);
}

/* Asks what is next on a connection that was just answered. Returns false where nothing is. */
static bool ask_next(struct attempt *attempt)
{
    struct agent_frame frame;

    if (attempt->state == ATTEMPT_ASKING) {
        if (next_bind(attempt, &frame) == NULL)
            return false; /* that was the question */
        attempt->binds_done += frame.size;
    }
    if (next_bind(attempt, &frame) == NULL && attempt->question->bytes == NULL)
        return false;
    ask(attempt);
    return true;
}

/* The upstream was heard from: what it owes now is waited for anew. */
static void end_silence(struct attempt *attempt)
{
    if (!attempt->was_silent)
        return;
    attempt->was_silent = false;
    attempt->waiting_since = monotonic_seconds();
}

/* Notes what an answer, and the time it took, says of the upstream. */
static void note_answer(struct attempt *attempt, struct upstream *u)
{
    const struct dial *dial = &attempt->dial;
    int keys = dial->kind == AGENT_KIND_LIST
                   ? agent_keys(flow_head(&dial->answer), flow_size(&dial->answer))
                   : -1;

    if (keys >= 0)
        u->keys = keys;
    /* A listing may take as long as a person who unlocks the agent. */
    upstream_note_rtt(u, dial_waited(dial), dial->kind != AGENT_KIND_LIST);
    registry_set_alive(registry_of(attempt), u, monotonic_seconds());
}

static void on_answered(struct attempt *attempt, struct upstream *u)
{
    if (u != NULL && attempt->state == ATTEMPT_PINGING)
        enrol_note_answer(attempt->attempts->enrol, u, &attempt->dial);
    else if (u != NULL)
        note_answer(attempt, u);
    end_silence(attempt);
    if (ask_next(attempt))
        return;
    set_state(attempt, ATTEMPT_ANSWERED);
    attempt->attempts->on_done(attempt);
}

/* Out of descriptors is our own trouble: it may be over at the next look. Nobody is told of the
 * ping's end: who is blocked would be begun at once, this one too, fail at once, and keep the
 * loop from everything else. */
static void try_later(struct attempt *attempt, struct upstream *u)
{
    dial_fini(&attempt->dial);
    attempt->owing_since = monotonic_seconds();
    attempt->binds_done = 0;
    change_state(attempt, u, ATTEMPT_BLOCKED);
}

static void on_failed(struct attempt *attempt, struct upstream *u, enum dial_result result)
{
    double now = monotonic_seconds();

    if (u != NULL && result == DIAL_FAILED) {
        try_later(attempt, u);
        return;
    }
    attempt_fail(attempt);
    if (u != NULL && (result == DIAL_GONE || result == DIAL_FOREIGN))
        enrol_note_end(attempt->attempts->enrol, u);
    else if (u != NULL)
        registry_set_silent(registry_of(attempt), u, now,
                            result == DIAL_NONSENSE ? CAUSE_NONSENSE : CAUSE_CLOSED,
                            waited(attempt, now));
    attempt->attempts->on_done(attempt);
}

static void on_dial(struct dial *dial, enum dial_result result)
{
    struct attempt *attempt = container_of(dial, struct attempt, dial);
    struct upstream *u = upstream_of(attempt);

    if (result == DIAL_ANSWERED)
        on_answered(attempt, u);
    else
        on_failed(attempt, u, result);
}

struct attempt *attempt_new(struct attempts *attempts, const struct question *question,
                            struct upstream *u, void *session)
{
    /* Not calloc: glibc's does not take what was freed a moment ago. */
    struct attempt *attempt = malloc(sizeof(*attempt));
    double now = monotonic_seconds();

    if (attempt == NULL)
        return NULL;
    *attempt = (struct attempt){
        .attempts = attempts,
        .question = question,
        .upstream = u->id,
        .began = now,
        .waiting_since = now,
        .was_silent = u->state == UPSTREAM_SILENT,
        .session = session,
    };
    dial_init(&attempt->dial, attempts->enrol->loop, &u->pin, on_dial);
    list_append(&attempts->list, &attempt->link);
    list_append(&u->blocked, &attempt->queue);
    begin(attempt, u);
    return attempt;
}

/* How long the upstream has owed an answer: not while it could not be asked. A blocked attempt
 * has asked nothing itself: the ping that holds it back has. */
static double owed_for(const struct attempt *attempt, const struct upstream *u, double now)
{
    if (attempt->state != ATTEMPT_BLOCKED)
        return fmin(waited(attempt, now), now - attempt->owing_since);
    return upstream_uses(u, UPSTREAM_PING) > 0 ? now - u->load[UPSTREAM_PING].since : 0;
}

static void call_silent(struct attempt *attempt, struct upstream *u)
{
    double now = monotonic_seconds();
    double seconds = owed_for(attempt, u, now);

    if (seconds >= patience_base(attempt->attempts->options->patience, u->rtt) ||
        (attempt->state != ATTEMPT_BLOCKED && u->tcp.state == LINK_DOWN))
        registry_set_silent(registry_of(attempt), u, now,
                            u->tcp.state == LINK_DOWN ? CAUSE_LINK_DOWN : CAUSE_NO_ANSWER,
                            seconds);
}

void attempt_give_up(struct attempt *attempt)
{
    struct upstream *u = upstream_of(attempt);

    if (u != NULL && attempt_is_pending(attempt) && !attempt->was_silent)
        call_silent(attempt, u);
    attempt_fail(attempt);
}

bool attempt_is_pending(const struct attempt *attempt)
{
    return attempt->state != ATTEMPT_FAILED && attempt->state != ATTEMPT_ANSWERED;
}

/* Whether to give it up. An upstream that was silent has had its long wait before. */
static bool is_given_up(const struct attempt *attempt, const struct patience *p)
{
    if (attempt->was_silent)
        return p->waited >= SILENT_SECONDS && patience_is_over(p);
    return patience_gives_up(p);
}

bool attempt_look(struct attempt *attempt)
{
    struct upstream *u = upstream_of(attempt);
    double now = monotonic_seconds();
    struct patience p;

    if (!attempt_is_pending(attempt))
        return false;
    if (u == NULL) {
        if (waited(attempt, now) >= PATIENCE_UNKNOWN)
            attempt_fail(attempt);
        return false;
    }
    if (attempt->state == ATTEMPT_BLOCKED)
        begin(attempt, u);
    p = wait_look(&attempt->wait, registry_of(attempt), u, attempt->attempts->options,
                  now, fmax(waited(attempt, now), owed_for(attempt, u, now)));
    if (is_given_up(attempt, &p)) {
        attempt_give_up(attempt);
        return false;
    }
    /* An upstream that has just fallen silent for another client is so for this one too. */
    if (patience_is_over(&p) || (u->state == UPSTREAM_SILENT && !attempt->was_silent))
        attempt->is_passed = true;
    return !attempt->is_passed;
}

void attempt_lose(struct attempt *attempt)
{
    if (attempt->is_passed)
        attempt_give_up(attempt);
    else
        attempt_fail(attempt);
}

void attempt_unblock(struct attempt *attempt)
{
    struct upstream *u = upstream_of(attempt);

    if (u != NULL && attempt->state == ATTEMPT_BLOCKED)
        begin(attempt, u);
}

void attempt_let_go(struct attempt *attempt, struct upstream *u)
{
    dial_unpin(&attempt->dial);
    if (list_is_linked(&attempt->queue))
        list_remove(&attempt->queue);
    count_uses(u, attempt->state, ATTEMPT_FAILED);
}
