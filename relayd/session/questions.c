/* SPDX-License-Identifier: MIT */
/* Questions. Each is decided about when it is whole: it is answered here, or an upstream is
 * chosen that answers it (choosing.h). */
#include "config.h"

#include "relayd/session/questions.h"

#include "relayd/session/choosing.h"

#include <errno.h>

static int answer_first(struct session *s, enum agent_kind kind, const struct agent_frame *frame)
{
    bool is_empty_list = kind == AGENT_KIND_LIST && s->state == SESSION_NONE &&
                         s->sessions->options->when_none == WHEN_NONE_EMPTY;

    s->relay.asked[kind]++;
    s->is_in_vain = false;
    return is_empty_list
               ? relay_answer_first(&s->relay, frame, agent_empty_list, sizeof(agent_empty_list))
               : relay_answer_first(&s->relay, frame, agent_failure, sizeof(agent_failure));
}

/* A bind that comes first is answered FAILURE at once, which ssh does not mind, and is held: the
 * upstream gets it before the first question, or a key that is tied to a host (ssh-add -h) could
 * be used anywhere. It cannot wait for an upstream. The terminal of an ssh -A stands still until
 * it is answered, and one that leads back here would wait for itself. And an upstream is chosen
 * by the listing that follows, which tells whether it has keys. */
static int hold_bind(struct session *s, const struct agent_frame *frame)
{
    const uint8_t *bind = flow_head(&s->relay.up);

    if (flow_is_full(&s->binds))
        return -EPROTO; /* no client has so many hops behind it */
    if (flow_put(&s->binds, bind, frame->size) < 0)
        return -ENOMEM;
    session_note_bind(s, bind, frame->size);
    s->is_forwarded |= agent_bind_is_forwarding(bind, frame->size);
    return answer_first(s, AGENT_KIND_BIND, frame);
}

/* Before an upstream is chosen only a safe question is asked, and only if it is here whole. */
static void start_choosing(struct session *s, enum agent_kind kind,
                           const struct agent_frame *frame, size_t n)
{
    bool is_asked = agent_kind_is_safe(kind) && n == frame->size;

    choosing_start(s, &(const struct question){
                          .binds = flow_head(&s->binds),
                          .binds_size = flow_size(&s->binds),
                          .is_forwarded = s->is_forwarded,
                          .bytes = is_asked ? flow_head(&s->relay.up) : NULL,
                          .size = n,
                          .kind = kind,
                          .client = s->peer.pid,
                      });
}

/* Whether an upstream may be chosen now. A client that met none, and stays for it asks more often
 * than we close, finds one as soon as somebody is there again: by its next question, for the one at
 * hand has had its choice. */
static bool may_choose(const struct session *s)
{
    return s->state == SESSION_WAITING || (s->state == SESSION_NONE && !s->is_in_vain &&
                                           registry_is_usable(s->sessions->registry));
}

/* Decides about the questions at hand, up to one for which an upstream is chosen. Returns
 * RELAY_GOING, or why the session ends. */
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
            session_start_timer(s, CHOOSING_FAREWELL, 0);
        }
        if (kind == AGENT_KIND_BIND && n == frame.size)
            r = hold_bind(s, &frame);
        else if (passes && may_choose(s))
            start_choosing(s, kind, &frame, n);
        else
            r = answer_first(s, kind, &frame);
        if (r < 0)
            return r == -EPROTO ? RELAY_CLIENT_BAD : RELAY_NO_MEMORY;
    }
    return r < 0 ? RELAY_CLIENT_BAD : RELAY_GOING;
}

/* Whether nobody is there to ask, nor to be found. */
static bool is_hopeless(const struct sessions *sessions)
{
    const struct registry *registry = sessions->registry;

    return registry->is_paused ||
           (list_is_empty(&registry->upstreams) && sessions->discover.dir == NULL);
}

enum relay_end questions_step(struct session *s)
{
    enum relay_end end = relay_flush(&s->relay, s->client.fd);

    if (end != RELAY_GOING || s->state == SESSION_CHOOSING)
        return end;
    end = relay_read_client(&s->relay, s->client.fd);
    if (end == RELAY_GOING && s->state == SESSION_WAITING && is_hopeless(s->sessions))
        choosing_become_none(s);
    if (end == RELAY_GOING)
        end = take_questions(s);
    if (end == RELAY_GOING)
        end = relay_flush(&s->relay, s->client.fd);
    if (end == RELAY_GOING && s->relay.is_client_done && s->state != SESSION_CHOOSING &&
        flow_size(&s->relay.down) == 0)
        end = RELAY_CLIENT_DONE;
    return end;
}
