/* A session. Whatever happened, the same three things follow: one step of the
 * state it is in, the events to wait for as they follow from the state, and
 * nothing more, since the step may have ended it. */
#include "config.h"

#include "relayd/session/session.h"

#include "relayd/base/log.h"
#include "relayd/base/util.h"

#include <stdlib.h>
#include <string.h>

static const char *const state_names[] = {"waiting", "dialling", "relaying", "none"};

void session_set_state(struct session *s, enum session_state state)
{
    log_debug("session of pid %d: %s -> %s", (int)s->peer.pid, state_names[s->state],
              state_names[state]);
    s->state = state;
}

struct registry *session_registry(const struct session *s)
{
    return s->sessions->upstreams->registry;
}

struct upstream *session_upstream(const struct session *s)
{
    return s->upstream_id == 0 ? NULL : registry_find(session_registry(s), s->upstream_id);
}

double session_now(const struct session *s)
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

void session_note_command(struct session *s)
{
    audit_look_up(s->command, s->peer.pid);
}

static void tell_end(struct session *s, enum session_reason reason)
{
    struct sessions *sessions = s->sessions;
    const struct audit audit = {
        .client = s->peer,
        .upstream = session_upstream(s),
        .asked = s->relay.asked,
        .command = s->command,
        .seconds = session_now(s) - s->began,
        .reason = reason,
        .is_failure = is_failure(s, reason),
    };
    char line[AUDIT_LINE_MAX];

    audit_log(&audit, line);
    if (!audit.is_failure)
        return;
    memcpy(sessions->why, line, sizeof(line));
    sessions->why_at = session_now(s);
}

void session_free(struct session *s)
{
    struct sessions *sessions = s->sessions;
    struct upstream *u;

    session_note_prompt(s, false);
    u = session_upstream(s);
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
    struct upstream *u = session_upstream(s);

    if (u != NULL && end == RELAY_UPSTREAM_CLOSED && s->relay.owed > 0)
        registry_set_silent(session_registry(s), u, session_now(s), CAUSE_CLOSED,
                            session_now(s) - s->waiting_since);
    if (u != NULL && end == RELAY_UPSTREAM_BAD)
        registry_set_silent(session_registry(s), u, session_now(s), CAUSE_NONSENSE, 0);
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

bool session_may_pass(void *arg, enum agent_kind kind, const uint8_t *bytes, size_t n)
{
    struct session *s = arg;
    uint64_t nonce;

    if (!agent_kind_is_safe(kind))
        session_note_command(s);
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

void session_start_timer(struct session *s, double seconds, double repeat)
{
    ev_timer_stop(s->sessions->loop, &s->timer);
    ev_timer_set(&s->timer, seconds, repeat);
    ev_timer_start(s->sessions->loop, &s->timer);
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
        end = session_step_alone(s);
        break;
    case SESSION_DIALLING:
        end = relay_flush(&s->relay, s->client.fd);
        break;
    case SESSION_RELAYING:
        end = session_step_relaying(s);
        break;
    }
    if (end != RELAY_GOING)
        end_relay(s, end);
    else if (session_is_drained(s))
        session_end(s, SESSION_STOPPING);
    else
        arm(s);
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
        session_look_at_upstream(s);
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
    s->relay.gate = session_may_pass;
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
    if (sessions->options->is_raw && session_start_raw(s) < 0)
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
    struct upstream *u = session_upstream(s);

    if (u == NULL)
        s->upstream_id = 0;
    else
        u->sessions++;
    if (s->state == SESSION_RELAYING)
        session_note_waiting(s, s->relay.answered);
    arm(s);
}
