/* An attempt. Its upstream may be dropped at any time, so it is looked up by its id
 * in each step; the connection goes on without it. */
#include "config.h"

#include "relayd/session/attempt.h"

#include "relayd/base/log.h"
#include "relayd/upstream/patience.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* First questions of several clients at one upstream that no ping has overtaken:
 * more may be a loop that has a new process in each round. */
#define CROWD 16

static const char *const state_names[] = {"blocked", "probing", "asking", "answered", "failed"};

static struct registry *registry_of(const struct attempt *attempt)
{
    return attempt->attempts->upstreams->registry;
}

static struct upstream *upstream_of(const struct attempt *attempt)
{
    return registry_find(registry_of(attempt), attempt->upstream);
}

static double now_of(const struct attempt *attempt)
{
    return ev_now(attempt->attempts->upstreams->loop);
}

static double waited(const struct attempt *attempt)
{
    return now_of(attempt) - attempt->began;
}

/* Whether a question of it is on its way, a ping included. */
static int is_out(enum attempt_state state)
{
    return state == ATTEMPT_PROBING || state == ATTEMPT_ASKING;
}

static void count_asking(const struct attempt *attempt, struct upstream *u, int change)
{
    if (change > 0 && u->asking++ == 0)
        u->asking_since = now_of(attempt);
    if (change < 0)
        u->asking--;
}

static void set_state(struct attempt *attempt, enum attempt_state state)
{
    struct upstream *u = upstream_of(attempt);
    enum attempt_state before = attempt->state;

    log_debug("attempt of pid %d at upstream %llu: %s -> %s", (int)attempt->question->client,
              (unsigned long long)attempt->upstream, state_names[before], state_names[state]);
    attempt->state = state;
    if (u != NULL)
        count_asking(attempt, u, is_out(state) - is_out(before));
    if (u != NULL && before == ATTEMPT_PROBING)
        registry_probe_end(registry_of(attempt), u);
    if (u != NULL && state == ATTEMPT_PROBING)
        registry_probe_begin(registry_of(attempt), u, now_of(attempt));
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
    list_remove(&attempt->link);
    free(attempt);
}

/* Whether u has first questions that may be this one's own ancestors: asked since a
 * ping was last answered, by the same process or by a crowd; or by anyone, where this
 * one has come through an ssh -A. */
static bool is_suspect(const struct attempt *attempt, const struct upstream *u)
{
    const struct question *q = attempt->question;
    unsigned n = 0;
    struct attempt *it;

    list_for_each(it, &attempt->attempts->list, link) {
        if (it == attempt || it->upstream != u->id || it->state != ATTEMPT_ASKING ||
            it->asked_at <= u->proved_at)
            continue;
        if (++n >= CROWD || q->binds_size > 0 ||
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

    if (attempt->state != ATTEMPT_ASKING) {
        attempt->asked_at = now_of(attempt);
        set_state(attempt, ATTEMPT_ASKING);
    }
    if (bind != NULL)
        dial_ask(&attempt->dial, bind, frame.size, AGENT_KIND_BIND);
    else
        dial_ask(&attempt->dial, q->bytes, q->size, q->kind);
}

static void probe(struct attempt *attempt, struct upstream *u)
{
    set_state(attempt, ATTEMPT_PROBING);
    upstream_probe(attempt->attempts->upstreams, u, &attempt->dial);
}

/* Begins what may begin; else it stays blocked. Another relay's ping goes on at once:
 * two relays that each held the other's back to send its own first would wait for
 * each other. */
static void begin(struct attempt *attempt, struct upstream *u)
{
    bool is_first = !u->is_heard || is_suspect(attempt, u);

    if (attempt->question->kind == AGENT_KIND_PING && attempt->question->bytes != NULL) {
        ask(attempt);
        return;
    }
    if (u->probes > 0 && is_first)
        return;
    if (is_first || attempt->question->bytes == NULL)
        probe(attempt, u);
    else
        ask(attempt);
}

/* What comes next on the connection that was just answered. Returns false where
 * that was all. */
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

static void on_answered(struct attempt *attempt, struct upstream *u)
{
    if (u != NULL && attempt->state == ATTEMPT_PROBING)
        upstream_probed(attempt->attempts->upstreams, u, &attempt->dial);
    else if (u != NULL)
        registry_set_alive(registry_of(attempt), u, now_of(attempt), -1);
    if (ask_next(attempt))
        return;
    set_state(attempt, ATTEMPT_ANSWERED);
    attempt->done(attempt);
}

/* Out of descriptors is our own trouble: it may be over at the next look. */
static void try_later(struct attempt *attempt)
{
    dial_fini(&attempt->dial);
    set_state(attempt, ATTEMPT_BLOCKED);
}

static void on_failed(struct attempt *attempt, struct upstream *u, enum dial_result result)
{
    if (u != NULL && result == DIAL_FAILED) {
        try_later(attempt);
        return;
    }
    attempt_fail(attempt);
    if (u != NULL && (result == DIAL_GONE || result == DIAL_FOREIGN))
        upstream_gone(attempt->attempts->upstreams, u);
    else if (u != NULL)
        registry_set_silent(registry_of(attempt), u, now_of(attempt),
                            result == DIAL_NONSENSE ? CAUSE_NONSENSE : CAUSE_CLOSED,
                            waited(attempt));
    attempt->done(attempt);
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
                            struct upstream *u, void (*done)(struct attempt *attempt), void *arg)
{
    struct attempt *attempt = calloc(1, sizeof(*attempt));

    if (attempt == NULL)
        return NULL;
    attempt->attempts = attempts;
    attempt->question = question;
    attempt->upstream = u->id;
    attempt->began = ev_now(attempts->upstreams->loop);
    attempt->was_silent = u->state == UPSTREAM_SILENT;
    attempt->done = done;
    attempt->arg = arg;
    dial_init(&attempt->dial, attempts->upstreams->loop, &u->pin, on_dial);
    list_append(&attempts->list, &attempt->link);
    begin(attempt, u);
    return attempt;
}

/* How long the upstream has owed an answer: who was blocked has not asked it
 * anything, but somebody's ping has. */
static double owed_for(const struct attempt *attempt, const struct upstream *u)
{
    if (attempt->state != ATTEMPT_BLOCKED)
        return waited(attempt);
    return u->probes > 0 ? now_of(attempt) - u->probing_since : 0;
}

static struct patience patience_with(struct attempt *attempt, struct upstream *u)
{
    const struct options *options = attempt->attempts->options;
    struct patience p = {
        .rtt = u->rtt,
        .base = options->patience,
        .dead_after = options->dead_after,
        .waited = fmax(waited(attempt), owed_for(attempt, u)),
    };
    double base = patience_base(options->patience, u->rtt);

    /* After the prompt, what all others wait for is still on its way. */
    p.is_prompting = u->prompts > 0 || now_of(attempt) - u->prompted_at < base;
    p.link = upstream_ask_link(attempt->attempts->upstreams, u, p.waited, base);
    if (p.link != LINK_DOWN)
        attempt->down_since = 0;
    else if (attempt->down_since == 0)
        attempt->down_since = now_of(attempt);
    if (attempt->down_since > 0)
        p.down_for = now_of(attempt) - attempt->down_since;
    return p;
}

static void call_silent(struct attempt *attempt, struct upstream *u)
{
    double seconds = owed_for(attempt, u);

    if (seconds >= patience_base(attempt->attempts->options->patience, u->rtt) ||
        (attempt->state != ATTEMPT_BLOCKED && u->link_state == LINK_DOWN))
        registry_set_silent(registry_of(attempt), u, now_of(attempt),
                            u->link_state == LINK_DOWN ? CAUSE_LINK_DOWN : CAUSE_NO_ANSWER,
                            seconds);
}

bool attempt_look(struct attempt *attempt)
{
    struct upstream *u = upstream_of(attempt);
    struct patience p;

    if (attempt->state == ATTEMPT_FAILED)
        return false;
    if (u == NULL) {
        if (attempt->state == ATTEMPT_BLOCKED || waited(attempt) >= PATIENCE_UNKNOWN)
            attempt_fail(attempt);
        return false;
    }
    if (attempt->state == ATTEMPT_BLOCKED)
        begin(attempt, u);
    p = patience_with(attempt, u);
    if (patience_gives_up(&p)) {
        call_silent(attempt, u);
        attempt_fail(attempt);
        return false;
    }
    /* What has just been found silent for another client is so for this one. */
    if (patience_is_over(&p) || (u->state == UPSTREAM_SILENT && !attempt->was_silent))
        attempt->is_passed = true;
    return !attempt->is_passed;
}

void attempt_lose(struct attempt *attempt)
{
    struct upstream *u = upstream_of(attempt);

    if (attempt->state != ATTEMPT_FAILED && attempt->is_passed && u != NULL)
        call_silent(attempt, u);
    attempt_fail(attempt);
}

void attempts_unpin(struct attempts *attempts, uint64_t upstream)
{
    struct attempt *it;

    list_for_each(it, &attempts->list, link) {
        if (it->upstream == upstream)
            dial_unpin(&it->dial);
    }
}

void attempts_fail(struct attempts *attempts, uint64_t upstream)
{
    struct attempt *it;

    list_for_each(it, &attempts->list, link) {
        if (it->upstream == upstream)
            attempt_fail(it);
    }
}

uint64_t attempts_find_question(const struct attempts *attempts, const uint8_t *bytes, size_t size)
{
    const struct attempt *it;

    list_for_each(it, &attempts->list, link) {
        const struct question *q = it->question;

        if (it->state == ATTEMPT_ASKING && q->bytes != NULL && q->size == size &&
            memcmp(q->bytes, bytes, size) == 0)
            return it->upstream;
    }
    return 0;
}
