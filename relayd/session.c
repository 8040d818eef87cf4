/* A session. Whatever happened, the same three things follow: one step of the
 * state it is in, the events to wait for as they follow from the state, and
 * nothing more, since the step may have ended it. */
#include "config.h"

#include "relayd/session.h"

#include "relayd/log.h"
#include "relayd/patience.h"
#include "relayd/raw.h"
#include "relayd/util.h"

#include <stdlib.h>
#include <string.h>

/* Time for a client to read its failure and close, before it is closed. */
#define FAREWELL_SECONDS 0.2

static const char *const state_names[] = {"waiting", "dialling", "relaying", "none"};

static void set_state(struct session *s, enum session_state state)
{
    log_debug("session of pid %d: %s -> %s", (int)s->peer.pid, state_names[s->state],
              state_names[state]);
    s->state = state;
}

static struct registry *registry_of(const struct session *s)
{
    return s->sessions->upstreams->registry;
}

static struct upstream *upstream_of(const struct session *s)
{
    return s->upstream_id == 0 ? NULL : registry_find(registry_of(s), s->upstream_id);
}

static double now_of(const struct session *s)
{
    return ev_now(s->sessions->loop);
}

static bool is_failure(const struct session *s, enum session_reason reason)
{
    switch (reason) {
    case SESSION_CLIENT_CLOSED:
        return false;
    case SESSION_CLIENT_GONE:
        /* A person who was tired of waiting will ask why. */
        return s->state == SESSION_DIALLING || s->relay.owed > 0;
    case SESSION_UPSTREAM_CLOSED:
    case SESSION_STOPPING:
        return s->relay.owed > 0;
    case SESSION_NO_LOGIN:
    case SESSION_NO_ANSWER:
    case SESSION_PAUSED:
        return s->relay.answered > 0;
    case SESSION_CLIENT_BAD:
    case SESSION_UPSTREAM_BAD:
    case SESSION_UPSTREAM_SILENT:
    case SESSION_DROPPED:
    case SESSION_NO_MEMORY:
        break;
    }
    return true;
}

/* From now on this session is one to be logged. */
static void note_command(struct session *s)
{
    audit_look_up(s->command, s->peer.pid);
}

static void tell_end(struct session *s, enum session_reason reason)
{
    struct sessions *sessions = s->sessions;
    const struct audit audit = {
        .client = s->peer,
        .upstream = upstream_of(s),
        .asked = s->relay.asked,
        .command = s->command,
        .seconds = now_of(s) - s->began,
        .reason = reason,
        .is_failure = is_failure(s, reason),
    };
    char line[AUDIT_LINE_MAX];

    audit_log(&audit, line);
    if (!audit.is_failure)
        return;
    memcpy(sessions->why, line, sizeof(line));
    sessions->why_at = now_of(s);
}

/* A person may be at the prompt of an upstream that owes an unsafe answer. */
static void note_prompt(struct session *s, bool is_prompting)
{
    struct upstream *u = upstream_of(s);

    if (s->is_prompting == is_prompting)
        return;
    s->is_prompting = is_prompting;
    if (u == NULL)
        return;
    if (is_prompting && u->prompts == 0)
        u->prompt_since = now_of(s);
    if (is_prompting)
        u->prompts++;
    else
        u->prompts--;
}

/* Lets go of all that it has, and of itself. */
static void session_free(struct session *s)
{
    struct sessions *sessions = s->sessions;
    struct upstream *u;

    note_prompt(s, false);
    u = upstream_of(s);
    if (u != NULL)
        u->sessions--;
    ev_io_stop(sessions->loop, &s->client);
    ev_io_stop(sessions->loop, &s->upstream);
    ev_timer_stop(sessions->loop, &s->timer);
    race_free(s->race);
    relay_fini(&s->relay);
    flow_fini(&s->binds);
    close_fd(s->client.fd);
    close_fd(s->upstream.fd);
    list_remove(&s->link);
    free(s);
    sessions->n--;
    sessions->on_end(sessions->on_end_arg);
}

void session_end(struct session *s, enum session_reason reason)
{
    if (s->state == SESSION_NONE && s->relay.answered > 0)
        reason = s->none_reason;
    if (s->race != NULL)
        s->relay.asked[s->race->question.kind]++;
    tell_end(s, reason);
    session_free(s);
}

void session_hand_over(struct session *s)
{
    session_free(s);
}

/* Which of the relay's ends is which reason. */
static void end_relay(struct session *s, enum relay_end end)
{
    static const enum session_reason reasons[] = {
        [RELAY_CLIENT_DONE] = SESSION_CLIENT_CLOSED,
        [RELAY_CLIENT_GONE] = SESSION_CLIENT_GONE,
        [RELAY_CLIENT_BAD] = SESSION_CLIENT_BAD,
        [RELAY_UPSTREAM_CLOSED] = SESSION_UPSTREAM_CLOSED,
        [RELAY_UPSTREAM_BAD] = SESSION_UPSTREAM_BAD,
        [RELAY_NO_MEMORY] = SESSION_NO_MEMORY,
    };
    struct upstream *u = upstream_of(s);

    if (u != NULL && end == RELAY_UPSTREAM_CLOSED && s->relay.owed > 0)
        registry_set_silent(registry_of(s), u, now_of(s), CAUSE_CLOSED,
                            now_of(s) - s->waiting_since);
    if (u != NULL && end == RELAY_UPSTREAM_BAD)
        registry_set_silent(registry_of(s), u, now_of(s), CAUSE_NONSENSE, 0);
    session_end(s, reasons[end]);
}

/* Another relay's ping that we are passing on already has come round through that
 * upstream. */
static bool note_round(struct session *s, const uint8_t *bytes, size_t n)
{
    struct upstreams *ups = s->sessions->upstreams;
    uint64_t id = attempts_find_question(&s->sessions->races.attempts, bytes, n);
    struct upstream *u = registry_find(ups->registry, id);

    if (u != NULL)
        upstream_loops(ups, u);
    return id != 0;
}

/* Every question comes through here. Returns true where it may go on: not our own ping
 * that has come round, nor what --read-only keeps back. */
static bool may_pass(void *arg, enum agent_kind kind, const uint8_t *bytes, size_t n)
{
    struct session *s = arg;
    uint64_t nonce;

    if (!agent_kind_is_safe(kind))
        note_command(s);
    if (kind == AGENT_KIND_PING &&
        agent_ping_is_own(bytes, n, s->sessions->upstreams->instance, &nonce)) {
        upstream_looped(s->sessions->upstreams, nonce);
        return false;
    }
    if (kind == AGENT_KIND_PING && note_round(s, bytes, n))
        return false;
    return !s->sessions->options->is_read_only || agent_kind_is_safe(kind) ||
           kind == AGENT_KIND_SIGN;
}

static void set_events(struct session *s, ev_io *io, int events)
{
    if (ev_is_active(io) && io->events == events)
        return;
    ev_io_stop(s->sessions->loop, io);
    if (events == 0 || io->fd < 0)
        return;
    ev_io_set(io, io->fd, events);
    ev_io_start(s->sessions->loop, io);
}

/* What is waited for follows from the state, here and nowhere else. */
static void arm(struct session *s)
{
    int client = relay_client_events(&s->relay);
    int upstream = 0;

    switch (s->state) {
    case SESSION_DIALLING:
        client &= ~EV_READ;
        break;
    case SESSION_RELAYING:
        upstream = relay_upstream_events(&s->relay);
        break;
    case SESSION_WAITING:
    case SESSION_NONE:
        /* Who does not read its answers gets no more of them. */
        if (relay_is_client_slow(&s->relay))
            client &= ~EV_READ;
        break;
    }
    set_events(s, &s->client, client);
    set_events(s, &s->upstream, upstream);
}

static void start_timer(struct session *s, double seconds, double repeat)
{
    ev_timer_stop(s->sessions->loop, &s->timer);
    ev_timer_set(&s->timer, seconds, repeat);
    ev_timer_start(s->sessions->loop, &s->timer);
}

static void become_none(struct session *s)
{
    struct registry *registry = registry_of(s);

    s->none_reason = registry->is_paused                   ? SESSION_PAUSED
                     : list_is_empty(&registry->upstreams) ? SESSION_NO_LOGIN
                                                           : SESSION_NO_ANSWER;
    set_state(s, SESSION_NONE);
    s->sessions->refused++;
    start_timer(s, FAREWELL_SECONDS, 0);
}

static void become_relaying(struct session *s, struct race *race)
{
    struct upstream *u;

    s->upstream_id = race->upstream;
    ev_io_set(&s->upstream, race->fd, 0);
    race->fd = -1;
    s->sessions->served++;
    u = upstream_of(s);
    if (u == NULL)
        s->upstream_id = 0;
    else
        u->sessions++, u->served++;
    set_state(s, SESSION_RELAYING);
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
    set_state(s, SESSION_DIALLING);
    return 0;
}

/* In --raw there is no question: to be connected is to be chosen. */
static int start_raw(struct session *s)
{
    const struct question question = {.kind = AGENT_KIND_OTHER, .client = s->peer.pid};

    s->race = race_new(&s->sessions->races, s->client.fd, &question, on_race, s);
    if (s->race == NULL)
        return -1;
    set_state(s, SESSION_DIALLING);
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
        bool passes = may_pass(s, kind, flow_head(&s->relay.up), n);

        if (s->state == SESSION_NONE) {
            note_command(s);
            start_timer(s, FAREWELL_SECONDS, 0);
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

static enum relay_end step_alone(struct session *s)
{
    enum relay_end end = relay_flush(&s->relay, s->client.fd);

    if (end == RELAY_GOING)
        end = relay_read_client(&s->relay, s->client.fd);
    if (end == RELAY_GOING && s->state == SESSION_WAITING &&
        (list_is_empty(&registry_of(s)->upstreams) || registry_of(s)->is_paused))
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

/* The clock of what is owed: it starts with the first question and anew with each
 * answer, and stands while it is the client that does not read. */
static void note_waiting(struct session *s, uint32_t answered_before)
{
    bool is_waiting = s->relay.owed > 0 && !relay_is_client_slow(&s->relay);

    note_prompt(s, s->relay.is_unsafe);
    if (!is_waiting) {
        ev_timer_stop(s->sessions->loop, &s->timer);
        s->waiting_since = s->down_since = 0;
        return;
    }
    if (s->waiting_since == 0 || s->relay.answered != answered_before)
        s->waiting_since = now_of(s);
    if (!ev_is_active(&s->timer))
        start_timer(s, PATIENCE_TICK, PATIENCE_TICK);
}

static enum relay_end step_relaying(struct session *s)
{
    uint32_t answered_before = s->relay.answered;
    enum relay_end end;

    if (s->sessions->options->is_raw)
        return raw_step(&s->relay, s->client.fd, s->upstream.fd);
    end = relay_step(&s->relay, s->client.fd, s->upstream.fd);
    if (end != RELAY_GOING)
        return end;
    note_waiting(s, answered_before);
    if (s->relay.is_client_done && sock_has_hung_up(s->client.fd))
        return RELAY_CLIENT_GONE;
    return RELAY_GOING;
}

bool session_is_drained(const struct session *s)
{
    return s->sessions->is_draining && s->state != SESSION_DIALLING && s->relay.owed == 0 &&
           flow_size(&s->relay.down) == 0;
}

bool session_is_settled(const struct session *s)
{
    return (s->state == SESSION_WAITING || s->state == SESSION_RELAYING) &&
           relay_is_settled(&s->relay) && flow_size(&s->binds) == 0;
}

void session_step(struct session *s)
{
    enum relay_end end = RELAY_GOING;

    s->relay.is_settling = s->sessions->is_settling;
    switch (s->state) {
    case SESSION_WAITING:
    case SESSION_NONE:
        end = step_alone(s);
        break;
    case SESSION_DIALLING:
        end = relay_flush(&s->relay, s->client.fd);
        break;
    case SESSION_RELAYING:
        end = step_relaying(s);
        break;
    }
    if (end != RELAY_GOING)
        end_relay(s, end);
    else if (session_is_drained(s))
        session_end(s, SESSION_STOPPING);
    else
        arm(s);
}

static void look_at_upstream(struct session *s)
{
    const struct options *options = s->sessions->options;
    struct upstream *u = upstream_of(s);
    struct patience p = {
        .link = LINK_UNKNOWN,
        .dead_after = options->dead_after,
        .waited = now_of(s) - s->waiting_since,
        .is_unsafe = s->relay.is_unsafe,
    };

    if (u != NULL)
        p.link = upstream_ask_link(s->sessions->upstreams, u, p.waited,
                                   patience_base(options->patience, u->rtt));
    if (p.link != LINK_DOWN)
        s->down_since = 0;
    else if (s->down_since == 0)
        s->down_since = now_of(s);
    p.down_for = s->down_since == 0 ? 0 : now_of(s) - s->down_since;
    if (!patience_gives_up_owed(&p))
        return;
    if (u != NULL)
        registry_set_silent(registry_of(s), u, now_of(s),
                            p.link == LINK_DOWN ? CAUSE_LINK_DOWN : CAUSE_NO_ANSWER, p.waited);
    session_end(s, SESSION_UPSTREAM_SILENT);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct session *s = container_of(timer, struct session, timer);

    (void)loop, (void)events;
    if (s->state == SESSION_NONE)
        session_end(s, s->none_reason);
    else if (sock_has_hung_up(s->client.fd))
        session_end(s, SESSION_CLIENT_GONE);
    else
        look_at_upstream(s);
}

static void on_client(struct ev_loop *loop, ev_io *io, int events)
{
    (void)loop, (void)events;
    session_step(container_of(io, struct session, client));
}

static void on_upstream(struct ev_loop *loop, ev_io *io, int events)
{
    (void)loop, (void)events;
    session_step(container_of(io, struct session, upstream));
}

static struct session *make(struct sessions *sessions, int client_fd, int upstream_fd,
                            const struct sock_peer *peer)
{
    struct session *s = calloc(1, sizeof(*s));

    if (s == NULL)
        return NULL;
    s->sessions = sessions;
    s->peer = *peer;
    s->began = ev_now(sessions->loop);
    s->relay.gate = may_pass;
    s->relay.gate_arg = s;
    ev_io_init(&s->client, on_client, client_fd, 0);
    ev_io_init(&s->upstream, on_upstream, upstream_fd, 0);
    ev_timer_init(&s->timer, on_timer, 0, 0);
    list_append(&sessions->list, &s->link);
    sessions->n++;
    return s;
}

bool session_new(struct sessions *sessions, int fd, const struct sock_peer *peer)
{
    struct session *s = make(sessions, fd, -1, peer);

    if (s == NULL)
        return false;
    if (sessions->options->is_raw && start_raw(s) < 0)
        session_end(s, SESSION_NO_MEMORY);
    else
        session_step(s);
    return true;
}

struct session *session_resume(struct sessions *sessions, int client_fd, int upstream_fd,
                               const struct sock_peer *peer)
{
    struct session *s = make(sessions, client_fd, upstream_fd, peer);

    if (s != NULL)
        s->state = upstream_fd < 0 ? SESSION_WAITING : SESSION_RELAYING;
    return s;
}

void session_rearm(struct session *s)
{
    struct upstream *u = upstream_of(s);

    if (u == NULL)
        s->upstream_id = 0;
    else
        u->sessions++;
    if (s->state == SESSION_RELAYING)
        note_waiting(s, s->relay.answered);
    arm(s);
}
