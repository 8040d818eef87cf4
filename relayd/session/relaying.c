/* SPDX-License-Identifier: MIT */
/* Relaying. The clock of what is owed starts with the first question and anew with each answer,
 * and stands while it is the client that does not read, or has not sent the rest of what it asks:
 * no upstream is called silent for that, nor a person thought to be at its prompt. The timer runs
 * with that clock, and also where nothing is read from the client, whose end would go unseen. An
 * idle session has none. */
#include "config.h"

#include "relayd/session/relaying.h"

#include "relayd/base/util.h"
#include "relayd/session/raw.h"

/* A look in vain costs 1, an answer found spares 5: looks pay where one in six finds one. The most luck
 * there is; and how many questions go without a look when it has run out. */
#define LUCK_FOUND 5
#define LUCK_MOST 20
#define LUCK_PAUSE 16

static void watch_owed(struct session *s, bool is_answered)
{
    bool is_late = relay_is_client_late(&s->relay);
    bool is_waiting = s->relay.owed > 0 && !is_late && !relay_is_client_slow(&s->relay);

    session_note_prompt(s, s->relay.is_unsafe && !is_late);
    if (!is_waiting) {
        s->waiting_since = 0;
        s->wait = (struct wait){0};
    } else if (s->waiting_since == 0 || is_answered) {
        s->waiting_since = monotonic_seconds();
    }
}

static void run_timer(struct session *s)
{
    bool is_needed = s->waiting_since > 0 || relay_is_client_unseen(&s->relay);

    if (!is_needed)
        ev_timer_stop(s->sessions->loop, &s->timer);
    else if (!ev_is_active(&s->timer))
        session_start_timer(s, PATIENCE_TICK, PATIENCE_TICK);
}

/* In --raw, what a client said before it left is still to arrive. */
static bool is_passing_on(const struct session *s)
{
    return s->sessions->options->is_raw && flow_size(&s->relay.up) > 0;
}

void relaying_resume(struct session *s)
{
    watch_owed(s, false);
    run_timer(s);
}

static enum relay_end carry(struct session *s, enum relay_side readable)
{
    return (s->sessions->options->is_raw ? raw_step : relay_step)(&s->relay, s->client.fd,
                                                                  s->upstream.fd, readable);
}

/* After a look for an answer. */
static void note_luck(struct session *s, bool is_there)
{
    int luck = is_there ? s->luck + LUCK_FOUND : s->luck > 0 ? s->luck - 1 : -LUCK_PAUSE;

    s->luck = (int8_t)(luck < LUCK_MOST ? luck : LUCK_MOST);
}

/* Carries on both ways. An agent on this machine has often answered by the time that its question
 * has gone: where nobody else is to be served it is cheaper to look than to ask the kernel who has
 * something to say. One that is far away, or on another processor, has not; then looks are a call more,
 * and few are made. */
static enum relay_end carry_on(struct session *s, enum relay_side readable)
{
    uint32_t owed_before = s->relay.owed, answered;
    enum relay_end end = carry(s, readable);

    if (end != RELAY_GOING || s->relay.owed <= owed_before ||
        ev_pending_count(s->sessions->loop) > 0)
        return end;
    if (s->luck < 0) {
        s->luck++;
        return end;
    }
    answered = s->relay.answered;
    end = carry(s, RELAY_UPSTREAM);
    note_luck(s, s->relay.answered != answered);
    return end;
}

enum relay_end relaying_step(struct session *s, enum relay_side readable)
{
    uint32_t answered_before = s->relay.answered;
    enum relay_end end = carry_on(s, readable);

    if (end != RELAY_GOING)
        return end;
    if (!s->sessions->options->is_raw)
        watch_owed(s, s->relay.answered != answered_before);
    if (s->relay.is_client_done && !is_passing_on(s) && sock_has_hung_up(s->client.fd))
        return RELAY_CLIENT_GONE;
    run_timer(s);
    return RELAY_GOING;
}

bool relaying_look_at_client(struct session *s)
{
    bool was_taken = s->relay.is_taken;

    s->relay.is_taken = false;
    return (is_passing_on(s) && was_taken) || !sock_has_hung_up(s->client.fd);
}

bool relaying_look(struct session *s)
{
    struct upstream *u = session_upstream(s);
    double now = monotonic_seconds();
    struct patience p;

    if (s->waiting_since == 0)
        return true;
    p = wait_look(&s->wait, s->sessions->registry, u, s->sessions->options, now,
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

    if (u != NULL && end == RELAY_UPSTREAM_CLOSED && s->relay.owed > 0 &&
        !relay_is_client_late(&s->relay))
        registry_set_silent(s->sessions->registry, u, now, CAUSE_CLOSED, now - s->waiting_since);
    if (u != NULL && end == RELAY_UPSTREAM_BAD)
        registry_set_silent(s->sessions->registry, u, now, CAUSE_NONSENSE, 0);
}
