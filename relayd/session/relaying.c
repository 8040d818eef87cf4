/* Relaying. The clock of what is owed starts with the first question and anew with each answer,
 * and stands while it is the client that does not read. */
#include "config.h"

#include "relayd/session/relaying.h"

#include "relayd/base/util.h"
#include "relayd/session/raw.h"

static void watch_owed(struct session *s, bool is_answered)
{
    bool is_waiting = s->relay.owed > 0 && !relay_is_client_slow(&s->relay);

    session_note_prompt(s, s->relay.is_unsafe);
    if (!is_waiting) {
        ev_timer_stop(s->sessions->loop, &s->timer);
        s->waiting_since = 0;
        s->wait = (struct wait){0};
        return;
    }
    if (s->waiting_since == 0 || is_answered)
        s->waiting_since = monotonic_seconds();
    if (!ev_is_active(&s->timer))
        session_start_timer(s, PATIENCE_TICK, PATIENCE_TICK);
}

void relaying_resume(struct session *s)
{
    watch_owed(s, false);
}

enum relay_end relaying_step(struct session *s)
{
    uint32_t answered_before = s->relay.answered;
    enum relay_end end;

    if (s->sessions->options->is_raw)
        return raw_step(&s->relay, s->client.fd, s->upstream.fd);
    end = relay_step(&s->relay, s->client.fd, s->upstream.fd);
    if (end != RELAY_GOING)
        return end;
    watch_owed(s, s->relay.answered != answered_before);
    if (s->relay.is_client_done && sock_has_hung_up(s->client.fd))
        return RELAY_CLIENT_GONE;
    return RELAY_GOING;
}

bool relaying_look(struct session *s)
{
    struct upstream *u = session_upstream(s);
    double now = monotonic_seconds();
    struct patience p = wait_look(&s->wait, s->sessions->registry, u, s->sessions->options, now,
                                  now - s->waiting_since);

    p.is_unsafe = s->relay.is_unsafe;
    if (!patience_gives_up_owed(&p))
        return true;
    if (u != NULL)
        registry_set_silent(s->sessions->registry, u, now,
                            p.link == LINK_DOWN ? CAUSE_LINK_DOWN : CAUSE_NO_ANSWER, p.waited);
    return false;
}

void relaying_note_end(struct session *s, enum relay_end end)
{
    struct upstream *u = session_upstream(s);
    double now = monotonic_seconds();

    if (u != NULL && end == RELAY_UPSTREAM_CLOSED && s->relay.owed > 0)
        registry_set_silent(s->sessions->registry, u, now, CAUSE_CLOSED, now - s->waiting_since);
    if (u != NULL && end == RELAY_UPSTREAM_BAD)
        registry_set_silent(s->sessions->registry, u, now, CAUSE_NONSENSE, 0);
}
