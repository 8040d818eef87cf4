/* SPDX-License-Identifier: MIT */
/* The set of sessions, and their driver. Whatever happened to a session, one step of its state
 * follows, and then the wait for the events that the state asks for. Nothing comes after the
 * step, which may have ended the session.
 *
 * The client's uid is checked here, before a session is made. The modes of the socket and of its
 * directory keep others out already; the check also holds where a descriptor was passed on. */
#include "config.h"

#include "relayd/session/sessions.h"

#include "relayd/base/heap.h"
#include "relayd/base/log.h"
#include "relayd/base/utf8.h"
#include "relayd/base/util.h"
#include "relayd/session/choosing.h"
#include "relayd/session/questions.h"
#include "relayd/session/relaying.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

/* How long after a crowd has gone the heap is trimmed. */
#define TRIM_SECONDS 0.5

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

/* Waits for the events that the state asks for. Nothing else does. */
static void arm(struct session *s)
{
    int client = relay_client_events(&s->relay);
    int upstream = 0;

    switch (s->state) {
    case SESSION_CHOOSING:
        client &= ~EV_READ;
        break;
    case SESSION_RELAYING:
        upstream = relay_upstream_events(&s->relay);
        break;
    case SESSION_WAITING:
    case SESSION_NONE:
        /* No more is read from a client that does not read its answers. */
        if (relay_is_client_slow(&s->relay))
            client &= ~EV_READ;
        break;
    }
    set_events(s, &s->client, client);
    set_events(s, &s->upstream, upstream);
}

/* Ends the session, with the reason that goes with this end of the relay. */
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

    relaying_note_end(s, end);
    session_end(s, reasons[end]);
}

static void step(struct session *s, enum relay_side readable)
{
    enum relay_end end = RELAY_GOING;

    s->relay.is_quiescing = s->sessions->is_quiescing;
    switch (s->state) {
    case SESSION_WAITING:
    case SESSION_CHOOSING:
    case SESSION_NONE:
        end = questions_step(s);
        break;
    case SESSION_RELAYING:
        end = relaying_step(s, readable);
        break;
    }
    if (end != RELAY_GOING)
        end_relay(s, end);
    else if (session_is_drained(s))
        session_end(s, SESSION_STOPPING);
    else
        arm(s);
}

static void follow_choice(struct session *s, enum choice choice)
{
    switch (choice) {
    case CHOICE_OPEN:
        break;
    case CHOICE_NONE:
        /* With --raw there is no way to say so to the client. */
        if (s->sessions->options->is_raw)
            session_end(s, s->none_reason);
        else
            step(s, RELAY_NEITHER);
        break;
    case CHOICE_MADE:
        /* Most clients ask once: many have closed by the time that their answer has gone. */
        step(s, RELAY_CLIENT);
        break;
    case CHOICE_NO_MEMORY:
        session_end(s, SESSION_NO_MEMORY);
        break;
    }
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct session *s = container_of(timer, struct session, timer);

    switch (s->state) {
    case SESSION_NONE:
        session_end(s, s->none_reason);
        break;
    case SESSION_CHOOSING:
        if (!sock_has_hung_up(s->client.fd)) {
            follow_choice(s, choosing_look(s));
            break;
        }
        choosing_give_up(s);
        session_end(s, SESSION_CLIENT_GONE);
        break;
    case SESSION_RELAYING:
        if (!relaying_look_at_client(s))
            session_end(s, SESSION_CLIENT_GONE);
        else if (!relaying_look(s))
            session_end(s, SESSION_UPSTREAM_SILENT);
        break;
    case SESSION_WAITING:
        break;
    }
}

/* EV_ERROR: the kernel does not watch it, and libev no longer either. */
static void on_io(struct session *s, enum relay_side side, int events)
{
    if ((events & EV_ERROR) != 0)
        session_end(s, SESSION_UNWATCHED);
    else
        step(s, (events & EV_READ) != 0 ? side : RELAY_NEITHER);
}

static void on_client(struct ev_loop *loop, ev_io *io, int events)
{
    on_io(container_of(io, struct session, client), RELAY_CLIENT, events);
}

static void on_upstream(struct ev_loop *loop, ev_io *io, int events)
{
    on_io(container_of(io, struct session, upstream), RELAY_UPSTREAM, events);
}

static void on_attempt(struct attempt *attempt)
{
    struct session *s = attempt->session;

    follow_choice(s, attempt->state == ATTEMPT_ANSWERED ? choosing_answered(s, attempt)
                                                        : choosing_look(s));
}

static void on_attempt_change(struct attempt *attempt)
{
    session_wake(attempt->session);
}

static void on_registry_event(struct registry_observer *observer,
                              const struct registry_event *event)
{
    struct sessions *sessions = container_of(observer, struct sessions, observer);

    attempts_on_event(&sessions->attempts, event);
    if (event->type != REGISTRY_DROPPED)
        return;
    /* They are served on, until their connections end. */
    while (!list_is_empty(&event->upstream->sessions))
        session_lose_login(list_entry(event->upstream->sessions.next, struct session, at));
}

static void on_discovered(void *arg)
{
    struct sessions *sessions = arg;
    struct session *s, *next;

    list_for_each_safe(s, next, &sessions->list, link) {
        if (s->state == SESSION_CHOOSING && s->is_discovering)
            follow_choice(s, choosing_discovered(s));
    }
}

static void on_crowd_gone(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct sessions *sessions = container_of(timer, struct sessions, trim);

    heap_trim();
    sessions->peak = sessions->n;
    ev_timer_set(timer, TRIM_SECONDS, 0);
}

static void ignore_end(void *arg)
{
}

static void ignore_refusal(void *arg, const struct sock_peer *peer, const char *why)
{
}

void sessions_init(struct sessions *sessions, struct enrol *enrol, const struct options *options)
{
    memset(sessions, 0, sizeof(*sessions));
    sessions->loop = enrol->loop;
    sessions->enrol = enrol;
    sessions->registry = enrol->registry;
    sessions->options = options;
    sessions->on_end = ignore_end;
    sessions->on_refusal = ignore_refusal;
    list_init(&sessions->list);
    ev_timer_init(&sessions->trim, on_crowd_gone, TRIM_SECONDS, 0);
    ledger_init(&sessions->ledger, sessions->loop);
    discover_init(&sessions->discover, sessions->loop);
    sessions->discover.on_end = on_discovered;
    sessions->discover.arg = sessions;
    attempts_init(&sessions->attempts, enrol, options);
    sessions->attempts.on_done = on_attempt;
    sessions->attempts.on_change = on_attempt_change;
    registry_observe(sessions->registry, &sessions->observer, on_registry_event);
}

void sessions_fini(struct sessions *sessions)
{
    struct session *s, *next;

    list_for_each_safe(s, next, &sessions->list, link)
        session_end(s, SESSION_STOPPING);
    ev_timer_stop(sessions->loop, &sessions->trim);
    ledger_fini(&sessions->ledger);
    discover_fini(&sessions->discover);
    registry_unobserve(&sessions->observer);
    assert(sessions->n == 0 && list_is_empty(&sessions->attempts.list));
}

static void watch(struct session *s)
{
    ev_io_init(&s->client, on_client, s->client.fd, 0);
    ev_io_init(&s->upstream, on_upstream, s->upstream.fd, 0);
    ev_timer_init(&s->timer, on_timer, 0, 0);
    /* A loop that is late has both in one turn: what has come is read before the time is looked
     * at. */
    ev_set_priority(&s->timer, EV_MINPRI);
}

/* There is no question with --raw: the first upstream that accepts is chosen. */
static void start_raw(struct session *s)
{
    const struct question question = {.kind = AGENT_KIND_OTHER, .client = s->peer.pid};

    arm(s);
    follow_choice(s, choosing_start(s, &question));
}

/* Whose user it is may surprise its owner: a container maps users to others. */
static void refuse(struct sessions *sessions, const struct sock_peer *peer, const char *why)
{
    char command[AUDIT_COMMAND_MAX] = "", line[AUDIT_LINE_MAX] = "";

    audit_look_up(command, peer->pid);
    utf8_format(line, sizeof(line), "client %d (%s, uid %d): refused: %s", (int)peer->pid, command,
                (int)peer->uid, why);
    log_warning("%s", line);
    session_note_refusal(sessions, peer, why);
    session_note_failure(sessions, line);
}

void sessions_accept(struct sessions *sessions, int fd)
{
    struct sock_peer peer = {.uid = (uid_t)-1};
    struct session *s;

    if (sock_peer(fd, &peer) < 0 || !sock_uid_is_trusted(peer.uid)) {
        refuse(sessions, &peer, "not our user");
        close(fd);
        return;
    }
    s = session_new(sessions, fd, -1, &peer);
    if (s == NULL) {
        refuse(sessions, &peer, "out of memory");
        close(fd);
        return;
    }
    watch(s);
    if (sessions->options->is_raw)
        start_raw(s);
    else
        step(s, RELAY_CLIENT);
}

void sessions_resume(struct session *s, uint64_t upstream_id)
{
    watch(s);
    if (s->state == SESSION_RELAYING) {
        session_attach(s, upstream_id);
        relaying_resume(s);
    }
    arm(s);
}

void sessions_end_upstream(struct sessions *sessions, struct upstream *u,
                           enum session_reason reason)
{
    struct session *s, *next;

    if (u != NULL) {
        attempts_fail(&sessions->attempts, u);
        list_for_each_safe(s, next, &u->sessions, at)
            session_end(s, reason);
        return;
    }
    list_for_each_safe(s, next, &sessions->list, link) {
        if (s->state == SESSION_RELAYING || s->state == SESSION_CHOOSING)
            session_end(s, reason);
    }
}

static void step_all(struct sessions *sessions)
{
    struct session *s, *next;

    list_for_each_safe(s, next, &sessions->list, link)
        step(s, RELAY_BOTH);
}

void sessions_quiesce(struct sessions *sessions)
{
    sessions->is_quiescing = true;
    step_all(sessions);
}

bool sessions_are_portable(const struct sessions *sessions)
{
    struct session *s;

    list_for_each(s, &sessions->list, link) {
        if (s->state != SESSION_NONE && !session_is_portable(s))
            return false;
    }
    return true;
}

void sessions_drain(struct sessions *sessions)
{
    sessions->is_quiescing = false;
    sessions->is_draining = true;
    step_all(sessions);
}
