/* SPDX-License-Identifier: MIT */
/* Choosing. Whenever something happened one step is taken: look at all attempts, start those
 * that are due, and where none is left that may be answered, give up. */
#include "config.h"

#include "relayd/session/choosing.h"

#include "relayd/base/util.h"
#include "relayd/upstream/keyboard.h"

#include <assert.h>
#include <math.h>
#include <string.h>

void choosing_become_none(struct session *s)
{
    const struct registry *registry = s->sessions->registry;

    s->none_reason = registry->is_paused                   ? SESSION_PAUSED
                     : list_is_empty(&registry->upstreams) ? SESSION_NO_LOGIN
                                                           : SESSION_NO_ANSWER;
    s->is_in_vain = s->state == SESSION_CHOOSING;
    session_drop_attempts(s);
    session_set_state(s, SESSION_NONE);
    session_note_refusal(s->sessions, &s->peer, audit_reason(s->none_reason));
    session_start_timer(s, CHOOSING_FAREWELL, 0);
}

static bool is_tried(const struct session *s, const struct upstream *u)
{
    struct attempt *it;

    list_for_each(it, &s->attempts, mine) {
        if (it->upstream == u->id)
            return true;
    }
    return false;
}

static struct upstream *next_upstream(const struct session *s)
{
    const struct registry *registry = s->sessions->registry;
    struct upstream *u;

    if (registry->is_paused)
        return NULL;
    list_for_each(u, &registry->order, turn) {
        if (!is_tried(s, u))
            return u;
    }
    return NULL;
}

/* NULL without memory. */
static struct attempt *start_attempt(struct session *s, struct upstream *u)
{
    struct attempt *attempt = attempt_new(&s->sessions->attempts, &s->question, u, s);

    if (attempt != NULL)
        list_append(&s->attempts, &attempt->mine);
    return attempt;
}

/* Looks at all attempts. Returns whether one is waited for, so that the next is not due yet. */
static bool is_waited_for(const struct session *s)
{
    struct attempt *it;
    bool is = false;

    list_for_each(it, &s->attempts, mine)
        is |= attempt_look(it);
    return is;
}

/* How long the choice may last, by the links of the upstreams that are asked. */
static double bound(const struct session *s)
{
    struct attempt *it;

    list_for_each(it, &s->attempts, mine) {
        const struct upstream *u = registry_find(s->sessions->registry, it->upstream);

        if (u != NULL && attempt_is_pending(it) && u->tcp.state == LINK_UP)
            return PATIENCE_UP;
    }
    return PATIENCE_UNKNOWN;
}

/* Whether an upstream that is asked may have a person at a prompt: then no more are asked at
 * half time. */
static bool is_prompting(const struct session *s)
{
    struct attempt *it;

    list_for_each(it, &s->attempts, mine) {
        const struct upstream *u = registry_find(s->sessions->registry, it->upstream);

        if (u != NULL && attempt_is_pending(it) && u->tcp.state != LINK_DOWN &&
            upstream_uses(u, UPSTREAM_PROMPT) > 0)
            return true;
    }
    return false;
}

/* How many may be asked together: those that have cost somebody a wait before cost no more than
 * one, however many they are. Where a person may be at a prompt nobody else is asked. */
enum company {
    ALONE,
    AMONG_DOUBTED,
    AMONG_SILENT,
};

static enum company company_of(const struct upstream *u)
{
    if (u->state == UPSTREAM_SILENT)
        return AMONG_SILENT;
    return u->is_doubted && upstream_uses(u, UPSTREAM_PROMPT) == 0 ? AMONG_DOUBTED : ALONE;
}

/* Asks who is due: the next when nobody is waited for, all that are left when half of the time
 * is over; and with one that is silent, or doubted, those of its kind that follow. Without memory
 * it is the next look that tries again. Returns whether nobody is left to ask or to wait for;
 * those who are asked may answer all the same. */
static bool start_due(struct session *s, double now)
{
    bool is_waiting = is_waited_for(s);
    enum company company = ALONE;
    struct attempt *attempt;
    struct upstream *u;

    s->is_late = now - s->choosing_since >= bound(s) / 2 && !is_prompting(s);
    while ((u = next_upstream(s)) != NULL) {
        if (is_waiting && !s->is_late && (company == ALONE || company_of(u) != company))
            return false;
        company = company_of(u);
        attempt = start_attempt(s, u);
        if (attempt == NULL)
            return false;
        is_waiting |= attempt_look(attempt);
    }
    return !is_waiting;
}

static bool has_hope(const struct session *s)
{
    struct attempt *it;

    list_for_each(it, &s->attempts, mine) {
        if (attempt_is_pending(it))
            return true;
    }
    return false;
}

static void give_up_all(struct session *s)
{
    struct attempt *it;

    list_for_each(it, &s->attempts, mine)
        attempt_give_up(it);
}

/* After half of the time they were asked together, and patience with the last may not have run
 * out. The next client is not to wait for them one by one. */
static void doubt(const struct session *s, const struct attempt *loser)
{
    struct upstream *u = registry_find(s->sessions->registry, loser->upstream);

    if (u != NULL && attempt_is_pending(loser) && u->state != UPSTREAM_SILENT)
        registry_doubt(u);
}

/* Closes all but the winner, and calls those silent with which patience had run out. */
static void lose_others(struct session *s, const struct attempt *winner)
{
    struct attempt *it;

    list_for_each(it, &s->attempts, mine) {
        if (winner != NULL && it == winner)
            continue;
        if (s->is_late)
            doubt(s, it);
        attempt_lose(it);
    }
}

/* Puts what the upstream has said behind our own answers: the answer to the first question, if
 * that was asked and not a ping, and what came behind it. */
static int take_answer(struct session *s, struct dial *dial)
{
    if (s->question.bytes == NULL) {
        dial_drop_answer(dial);
    } else {
        relay_count(&s->relay, s->question.kind);
        flow_drop(&s->relay.up, s->question.size);
    }
    if (flow_size(&s->relay.down) > 0)
        return flow_put(&s->relay.down, flow_head(&dial->answer), flow_size(&dial->answer));
    flow_move(&s->relay.down, &dial->answer);
    return 0;
}

static enum choice take(struct session *s, struct attempt *winner)
{
    struct upstream *u;
    int r;

    assert(s->state == SESSION_CHOOSING && winner->state == ATTEMPT_ANSWERED);
    s->upstream.fd = dial_take_fd(&winner->dial);
    session_attach(s, winner->upstream);
    u = session_upstream(s);
    if (u != NULL)
        u->served++;
    if (u != NULL && s->sessions->options->is_raw)
        upstream_note_used(u, monotonic_seconds());
    s->sessions->served++;
    r = take_answer(s, &winner->dial);
    lose_others(s, winner);
    session_drop_attempts(s);
    flow_fini(&s->binds);
    session_set_state(s, SESSION_RELAYING);
    return r < 0 ? CHOICE_NO_MEMORY : CHOICE_MADE;
}

/* The answer that is kept, or NULL. It may have gone since, where its upstream was unregistered or
 * leads back here: then another of its kind stands in. */
static struct attempt *kept(struct session *s)
{
    struct attempt *it;

    if (s->kept == NULL || s->kept->state == ATTEMPT_ANSWERED)
        return s->kept;
    s->kept = NULL;
    list_for_each(it, &s->attempts, mine) {
        if (s->kept == NULL && it->state == ATTEMPT_ANSWERED)
            s->kept = it;
    }
    return s->kept;
}

/* An answer is at hand, but a better one may come. */
static enum choice decide_kept(struct session *s, double now)
{
    if (has_hope(s) && now < s->kept_until)
        return CHOICE_OPEN;
    return take(s, s->kept);
}

/* Looks for logins that nobody has registered, once for each session. */
static void discover(struct session *s)
{
    if (s->has_discovered || s->sessions->registry->is_paused || s->sessions->options->is_raw)
        return;
    s->has_discovered = true;
    s->is_discovering = discover_look(&s->sessions->discover);
}

/* While logins are looked for, the choice does not end: who is found then has its own time. */
static enum choice look(struct session *s, double now)
{
    if (kept(s) != NULL) {
        is_waited_for(s);
        return decide_kept(s, now);
    }
    if (start_due(s, now))
        discover(s);
    if (!s->is_discovering && now - s->choosing_since >= bound(s))
        give_up_all(s);
    if (has_hope(s) || s->is_discovering)
        return CHOICE_OPEN;
    choosing_become_none(s);
    return CHOICE_NONE;
}

enum choice choosing_look(struct session *s)
{
    assert(s->state == SESSION_CHOOSING);
    return look(s, monotonic_seconds());
}

/* Whether it was asked for a listing, and the answer has no keys: the agent is empty, or locked,
 * or failed. */
static bool has_no_keys(const struct session *s, const struct attempt *attempt)
{
    const struct flow *answer = &attempt->dial.answer;

    return s->question.kind == AGENT_KIND_LIST && s->question.bytes != NULL &&
           agent_keys(flow_head(answer), flow_size(answer)) <= 0;
}

/* Keeps an answer without keys for a moment, and asks all others that are alive meanwhile, but
 * none that may have a person at a prompt. */
static void keep(struct session *s, struct attempt *attempt, double now)
{
    struct upstream *u;

    s->kept = attempt;
    s->kept_until = now + s->sessions->options->patience;
    list_for_each(u, &s->sessions->registry->order, turn) {
        if (u->state == UPSTREAM_ALIVE && !is_tried(s, u) &&
            upstream_uses(u, UPSTREAM_PROMPT) == 0)
            start_attempt(s, u);
    }
}

enum choice choosing_answered(struct session *s, struct attempt *attempt)
{
    double now;

    assert(s->state == SESSION_CHOOSING && attempt->state == ATTEMPT_ANSWERED);
    if (!has_no_keys(s, attempt))
        return take(s, attempt);
    now = monotonic_seconds();
    if (kept(s) == NULL)
        keep(s, attempt, now);
    return decide_kept(s, now);
}

enum choice choosing_start(struct session *s, const struct question *question)
{
    const struct options *options = s->sessions->options;
    double now = monotonic_seconds();

    s->question = *question;
    s->choosing_since = now;
    s->is_late = false;
    session_set_state(s, SESSION_CHOOSING);
    session_start_timer(s, fmin(WAIT_QUIET, options->patience),
                        fmin(PATIENCE_TICK, fmax(options->patience, 0.01)));
    wait_refresh(s->sessions->registry, now, options->patience);
    keyboard_look(s->sessions->registry);
    return look(s, now);
}

void choosing_give_up(struct session *s)
{
    lose_others(s, NULL);
}

/* Who was found has as long as if it had been there from the beginning. */
enum choice choosing_discovered(struct session *s)
{
    s->is_discovering = false;
    s->choosing_since = monotonic_seconds();
    return choosing_look(s);
}
