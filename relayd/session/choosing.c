/* Choosing. What is looked for is one step that is taken whenever something happened: see whose
 * patience is over, start what is due, and if nothing is left to hope for, say so. */
#include "config.h"

#include "relayd/session/choosing.h"

#include "relayd/base/util.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Time for a client to read its failure and close, before it is closed. */
#define FAREWELL_SECONDS 0.2

static void become_none(struct session *s)
{
    const struct registry *registry = s->sessions->registry;

    s->none_reason = registry->is_paused                   ? SESSION_PAUSED
                     : list_is_empty(&registry->upstreams) ? SESSION_NO_LOGIN
                                                           : SESSION_NO_ANSWER;
    session_drop_attempts(s);
    session_set_state(s, SESSION_NONE);
    s->sessions->refused++;
    session_start_timer(s, FAREWELL_SECONDS, 0);
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
    struct upstream *order[REGISTRY_MAX];
    unsigned n = registry->is_paused ? 0 : registry_order(registry, order);

    for (unsigned i = 0; i < n; i++) {
        if (!is_tried(s, order[i]))
            return order[i];
    }
    return NULL;
}

/* Starts an attempt at the next upstream, or returns NULL where there is none. */
static struct attempt *start_next(struct session *s)
{
    struct upstream *u = next_upstream(s);
    struct attempt *attempt =
        u == NULL ? NULL : attempt_new(&s->sessions->attempts, &s->question, u, s);

    if (attempt != NULL)
        list_append(&s->attempts, &attempt->mine);
    return attempt;
}

/* Whether the next is not due yet: one of those under way is waited for. */
static bool is_waited_for(const struct session *s)
{
    struct attempt *it;
    bool is = false;

    list_for_each(it, &s->attempts, mine)
        is |= attempt_look(it);
    return is;
}

static bool has_hope(const struct session *s)
{
    struct attempt *it;

    list_for_each(it, &s->attempts, mine) {
        if (it->state != ATTEMPT_FAILED)
            return true;
    }
    return false;
}

void choosing_look(struct session *s)
{
    bool is_waiting = is_waited_for(s);
    struct attempt *attempt;

    assert(s->state == SESSION_CHOOSING);
    while (!is_waiting && (attempt = start_next(s)) != NULL)
        is_waiting = attempt_look(attempt);
    if (!has_hope(s))
        become_none(s);
}

/* They are closed, and those that had been waited for in vain are silent. */
static void lose_others(struct session *s, const struct attempt *winner)
{
    struct attempt *it;

    list_for_each(it, &s->attempts, mine) {
        if (it != winner)
            attempt_lose(it);
    }
}

void choosing_give_up(struct session *s)
{
    lose_others(s, NULL);
}

/* The question has been asked, and its answer is here: it goes behind what we answered. */
static int take_answer(struct session *s, struct flow *answer)
{
    int r = 0;

    relay_count(&s->relay, s->question.kind);
    flow_drop(&s->relay.up, s->question.size);
    if (flow_size(&s->relay.down) > 0)
        r = flow_put(&s->relay.down, flow_head(answer), flow_size(answer));
    else
        flow_move(&s->relay.down, answer);
    return r;
}

int choosing_take(struct session *s, struct attempt *winner)
{
    struct upstream *u;
    int r = 0;

    assert(s->state == SESSION_CHOOSING && winner->state == ATTEMPT_ANSWERED);
    s->upstream.fd = dial_take_fd(&winner->dial);
    session_attach(s, winner->upstream);
    u = session_upstream(s);
    if (u != NULL)
        u->served++;
    s->sessions->served++;
    if (s->question.bytes != NULL)
        r = take_answer(s, &winner->dial.answer);
    lose_others(s, winner);
    session_drop_attempts(s);
    flow_fini(&s->binds);
    session_set_state(s, SESSION_RELAYING);
    return r;
}

static void start(struct session *s, const struct question *question)
{
    const struct options *options = s->sessions->options;

    s->question = *question;
    session_set_state(s, SESSION_CHOOSING);
    session_start_timer(s, fmin(WAIT_QUIET, options->patience),
                        fmin(PATIENCE_TICK, fmax(options->patience, 0.01)));
    wait_refresh(s->sessions->registry, monotonic_seconds(), options->patience);
    choosing_look(s);
}

void choosing_start_raw(struct session *s)
{
    start(s, &(const struct question){.kind = AGENT_KIND_OTHER, .client = s->peer.pid});
}

/* Only a safe question of which every byte is here is asked before an upstream is chosen. */
static void start_question(struct session *s, enum agent_kind kind,
                           const struct agent_frame *frame, size_t n)
{
    bool is_asked = agent_kind_is_safe(kind) && n == frame->size;

    start(s, &(const struct question){
                 .binds = flow_head(&s->binds),
                 .binds_size = flow_size(&s->binds),
                 .bytes = is_asked ? flow_head(&s->relay.up) : NULL,
                 .size = n,
                 .kind = kind,
                 .client = s->peer.pid,
             });
}

static int answer_first(struct session *s, enum agent_kind kind, const struct agent_frame *frame)
{
    bool is_empty_list = kind == AGENT_KIND_LIST && s->state == SESSION_NONE &&
                         s->sessions->options->when_none == WHEN_NONE_EMPTY;

    s->relay.asked[kind]++;
    return is_empty_list
               ? relay_answer_first(&s->relay, frame, agent_empty_list, sizeof(agent_empty_list))
               : relay_answer_first(&s->relay, frame, agent_failure, sizeof(agent_failure));
}

/* An ssh -A has its terminal stand still until its session-bind is answered, and where it
 * leads back here would wait for itself. So that is answered FAILURE at once, which ssh does
 * not mind, and kept: the agent gets it before any other question, or a key that is tied to a
 * host (ssh-add -h) would be free. */
static int hold_bind(struct session *s, const struct agent_frame *frame)
{
    if (flow_is_full(&s->binds) ||
        flow_put(&s->binds, flow_head(&s->relay.up), frame->size) < 0)
        return -1;
    return answer_first(s, AGENT_KIND_BIND, frame);
}

/* Whether the first question of a client is a bind that is held. */
static bool is_held(const struct session *s, enum agent_kind kind,
                    const struct agent_frame *frame, size_t n)
{
    return s->state == SESSION_WAITING && kind == AGENT_KIND_BIND && n == frame->size &&
           agent_bind_is_forwarding(flow_head(&s->relay.up), n);
}

/* Decides about the questions at hand, until an upstream is looked for. Returns RELAY_GOING, or
 * the relay's end. */
static enum relay_end take_questions(struct session *s)
{
    struct agent_frame frame;
    enum agent_kind kind;
    size_t n;
    int r = 1;

    while (s->state != SESSION_CHOOSING && !flow_is_full(&s->relay.down) &&
           (r = relay_first(&s->relay, &frame, &kind, &n)) == 1) {
        bool passes = session_may_pass(s, kind, flow_head(&s->relay.up), n);

        if (s->state == SESSION_NONE) {
            session_note_command(s);
            session_start_timer(s, FAREWELL_SECONDS, 0);
        }
        if (is_held(s, kind, &frame, n))
            r = hold_bind(s, &frame);
        else if (passes && s->state == SESSION_WAITING)
            start_question(s, kind, &frame, n);
        else
            r = answer_first(s, kind, &frame);
        if (r < 0)
            return RELAY_NO_MEMORY;
    }
    return r < 0 ? RELAY_CLIENT_BAD : RELAY_GOING;
}

enum relay_end choosing_step(struct session *s)
{
    const struct registry *registry = s->sessions->registry;
    enum relay_end end = relay_flush(&s->relay, s->client.fd);

    if (end != RELAY_GOING || s->state == SESSION_CHOOSING)
        return end;
    end = relay_read_client(&s->relay, s->client.fd);
    if (end == RELAY_GOING && s->state == SESSION_WAITING &&
        (list_is_empty(&registry->upstreams) || registry->is_paused))
        become_none(s);
    if (end == RELAY_GOING)
        end = take_questions(s);
    if (end == RELAY_GOING)
        end = relay_flush(&s->relay, s->client.fd);
    if (end == RELAY_GOING && s->relay.is_client_done && s->state != SESSION_CHOOSING &&
        flow_size(&s->relay.down) == 0)
        end = RELAY_CLIENT_DONE;
    return end;
}
