/* A session without an upstream: it waits for a first question, has a race look for who
 * answers that, and where nobody does says so itself. */
#include "config.h"

#include "relayd/session/session.h"

#include <string.h>

/* Time for a client to read its failure and close, before it is closed. */
#define FAREWELL_SECONDS 0.2

static void become_none(struct session *s)
{
    struct registry *registry = session_registry(s);

    s->none_reason = registry->is_paused                   ? SESSION_PAUSED
                     : list_is_empty(&registry->upstreams) ? SESSION_NO_LOGIN
                                                           : SESSION_NO_ANSWER;
    session_set_state(s, SESSION_NONE);
    s->sessions->refused++;
    session_start_timer(s, FAREWELL_SECONDS, 0);
}

static void become_relaying(struct session *s, struct race *race)
{
    struct upstream *u;

    s->upstream_id = race->upstream;
    ev_io_set(&s->upstream, race->fd, 0);
    race->fd = -1;
    s->sessions->served++;
    u = session_upstream(s);
    if (u == NULL)
        s->upstream_id = 0;
    else
        u->sessions++, u->served++;
    session_set_state(s, SESSION_RELAYING);
}

/* The question has been asked, and its answer is here: it goes first. */
static int take_answer(struct session *s, struct race *race)
{
    int r = 0;

    if (flow_size(&race->answer) == 0)
        return 0;
    relay_count(&s->relay, race->question.kind);
    flow_drop(&s->relay.up, race->question.size);
    if (flow_size(&s->relay.down) > 0) {
        r = flow_put(&s->relay.down, flow_head(&race->answer), flow_size(&race->answer));
        flow_fini(&race->answer);
    } else {
        s->relay.down = race->answer;
        memset(&race->answer, 0, sizeof(race->answer));
    }
    return r;
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

static void on_race(struct race *race, enum race_result result)
{
    struct session *s = race->arg;
    int r = 0;

    switch (result) {
    case RACE_WON:
        become_relaying(s, race);
        r = take_answer(s, race);
        flow_fini(&s->binds);
        break;
    case RACE_NONE:
        become_none(s);
        if (s->sessions->options->is_raw) {
            session_end(s, s->none_reason);
            return;
        }
        break;
    case RACE_VANISHED:
        session_end(s, SESSION_CLIENT_GONE);
        return;
    }
    race_free(s->race);
    s->race = NULL;
    if (r < 0)
        session_end(s, SESSION_NO_MEMORY);
    else
        session_step(s);
}

/* Only a safe question of which every byte is here is asked in the race itself. */
static int start_race(struct session *s, enum agent_kind kind, const struct agent_frame *frame,
                      size_t n)
{
    bool is_asked = agent_kind_is_safe(kind) && n == frame->size;
    const struct question question = {
        .binds = flow_head(&s->binds),
        .binds_size = flow_size(&s->binds),
        .bytes = is_asked ? flow_head(&s->relay.up) : NULL,
        .size = n,
        .kind = kind,
        .client = s->peer.pid,
    };

    s->race = race_new(&s->sessions->races, s->client.fd, &question, on_race, s);
    if (s->race == NULL)
        return -1;
    session_set_state(s, SESSION_DIALLING);
    return 0;
}

int session_start_raw(struct session *s)
{
    const struct question question = {.kind = AGENT_KIND_OTHER, .client = s->peer.pid};

    s->race = race_new(&s->sessions->races, s->client.fd, &question, on_race, s);
    if (s->race == NULL)
        return -1;
    session_set_state(s, SESSION_DIALLING);
    return 0;
}

/* An ssh -A has its terminal stand still until its session-bind is answered, and where
 * it leads back here would wait for itself. So that is answered FAILURE at once, which
 * ssh does not mind, and kept: the agent gets it before any other question, or a key
 * that is tied to a host (ssh-add -h) would be free. */
static int hold_bind(struct session *s, const struct agent_frame *frame)
{
    if (flow_is_full(&s->binds) ||
        flow_put(&s->binds, flow_head(&s->relay.up), frame->size) < 0)
        return -1;
    return answer_first(s, AGENT_KIND_BIND, frame);
}

/* Decides about the questions at hand, until one starts a race. Returns 0, or the
 * relay's end. */
static enum relay_end take_questions(struct session *s)
{
    struct agent_frame frame;
    enum agent_kind kind;
    size_t n;
    int r = 1;

    while (s->state != SESSION_DIALLING && !flow_is_full(&s->relay.down) &&
           (r = relay_first(&s->relay, &frame, &kind, &n)) == 1) {
        bool passes = session_may_pass(s, kind, flow_head(&s->relay.up), n);

        if (s->state == SESSION_NONE) {
            session_note_command(s);
            session_start_timer(s, FAREWELL_SECONDS, 0);
        }
        if (s->state == SESSION_WAITING && kind == AGENT_KIND_BIND && n == frame.size &&
            agent_bind_is_forwarding(flow_head(&s->relay.up), n))
            r = hold_bind(s, &frame);
        else if (passes && s->state == SESSION_WAITING)
            r = start_race(s, kind, &frame, n);
        else
            r = answer_first(s, kind, &frame);
        if (r < 0)
            return RELAY_NO_MEMORY;
    }
    return r < 0 ? RELAY_CLIENT_BAD : RELAY_GOING;
}

enum relay_end session_step_alone(struct session *s)
{
    enum relay_end end = relay_flush(&s->relay, s->client.fd);

    if (end == RELAY_GOING)
        end = relay_read_client(&s->relay, s->client.fd);
    if (end == RELAY_GOING && s->state == SESSION_WAITING &&
        (list_is_empty(&session_registry(s)->upstreams) || session_registry(s)->is_paused))
        become_none(s);
    if (end == RELAY_GOING)
        end = take_questions(s);
    if (end == RELAY_GOING)
        end = relay_flush(&s->relay, s->client.fd);
    if (end == RELAY_GOING && s->relay.is_client_done && s->state != SESSION_DIALLING &&
        flow_size(&s->relay.down) == 0)
        end = RELAY_CLIENT_DONE;
    return end;
}
