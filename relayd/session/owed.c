/* A session with its upstream: carried on, and given up where what it is owed does not
 * come. */
#include "config.h"

#include "relayd/session/session.h"

#include "relayd/upstream/patience.h"
#include "relayd/session/raw.h"

void session_note_prompt(struct session *s, bool is_prompting)
{
    struct upstream *u = session_upstream(s);
    /* It may have begun in another process. */
    double since = s->waiting_since > 0 ? s->waiting_since : session_now(s);

    if (s->is_prompting == is_prompting)
        return;
    s->is_prompting = is_prompting;
    if (u == NULL)
        return;
    if (is_prompting && (u->prompts == 0 || since < u->prompt_since))
        u->prompt_since = since;
    if (is_prompting)
        u->prompts++;
    else if (--u->prompts == 0)
        u->prompted_at = session_now(s);
}

void session_note_waiting(struct session *s, uint32_t answered_before)
{
    bool is_waiting = s->relay.owed > 0 && !relay_is_client_slow(&s->relay);

    session_note_prompt(s, s->relay.is_unsafe);
    if (!is_waiting) {
        ev_timer_stop(s->sessions->loop, &s->timer);
        s->waiting_since = s->down_since = 0;
        return;
    }
    if (s->waiting_since == 0 || s->relay.answered != answered_before)
        s->waiting_since = session_now(s);
    if (!ev_is_active(&s->timer))
        session_start_timer(s, PATIENCE_TICK, PATIENCE_TICK);
}

enum relay_end session_step_relaying(struct session *s)
{
    uint32_t answered_before = s->relay.answered;
    enum relay_end end;

    if (s->sessions->options->is_raw)
        return raw_step(&s->relay, s->client.fd, s->upstream.fd);
    end = relay_step(&s->relay, s->client.fd, s->upstream.fd);
    if (end != RELAY_GOING)
        return end;
    session_note_waiting(s, answered_before);
    if (s->relay.is_client_done && sock_has_hung_up(s->client.fd))
        return RELAY_CLIENT_GONE;
    return RELAY_GOING;
}

void session_look_at_upstream(struct session *s)
{
    const struct options *options = s->sessions->options;
    struct upstream *u = session_upstream(s);
    struct patience p = {
        .link = LINK_UNKNOWN,
        .dead_after = options->dead_after,
        .waited = session_now(s) - s->waiting_since,
        .is_unsafe = s->relay.is_unsafe,
    };

    if (u != NULL)
        p.link = upstream_ask_link(s->sessions->upstreams, u, p.waited,
                                   patience_base(options->patience, u->rtt));
    if (p.link != LINK_DOWN)
        s->down_since = 0;
    else if (s->down_since == 0)
        s->down_since = session_now(s);
    p.down_for = s->down_since == 0 ? 0 : session_now(s) - s->down_since;
    if (!patience_gives_up_owed(&p))
        return;
    if (u != NULL)
        registry_set_silent(session_registry(s), u, session_now(s),
                            p.link == LINK_DOWN ? CAUSE_LINK_DOWN : CAUSE_NO_ANSWER, p.waited);
    session_end(s, SESSION_UPSTREAM_SILENT);
}
