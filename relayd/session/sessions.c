/* The set of sessions. The check of the client's uid is here, before there is
 * anything of it: the socket's mode and its directory's keep others out already, and
 * this holds where a descriptor was handed over. */
#include "config.h"

#include "relayd/session/sessions.h"

#include "relayd/base/log.h"

#include <string.h>
#include <unistd.h>

static void ignore_end(void *arg)
{
    (void)arg;
}

void sessions_init(struct sessions *sessions, struct upstreams *upstreams,
                   const struct options *options)
{
    memset(sessions, 0, sizeof(*sessions));
    sessions->loop = upstreams->loop;
    sessions->upstreams = upstreams;
    sessions->options = options;
    sessions->on_end = ignore_end;
    list_init(&sessions->list);
    races_init(&sessions->races, upstreams, options);
}

static void end_all(struct sessions *sessions, uint64_t id, bool is_every,
                    enum session_reason reason)
{
    struct session *s, *next;

    list_for_each_safe(s, next, &sessions->list, link) {
        bool has_one = id == 0 ? s->upstream_id != 0 || s->state == SESSION_DIALLING
                               : s->upstream_id == id;

        if (is_every || has_one)
            session_end(s, reason);
    }
}

void sessions_fini(struct sessions *sessions)
{
    end_all(sessions, 0, true, SESSION_STOPPING);
}

void sessions_end_upstream(struct sessions *sessions, uint64_t id, enum session_reason reason)
{
    attempts_fail(&sessions->races.attempts, id);
    races_kick(&sessions->races);
    end_all(sessions, id, false, reason);
}

static void step_all(struct sessions *sessions)
{
    struct session *s, *next;

    list_for_each_safe(s, next, &sessions->list, link)
        session_step(s);
}

void sessions_settle(struct sessions *sessions)
{
    sessions->is_settling = true;
    step_all(sessions);
}

bool sessions_are_settled(const struct sessions *sessions)
{
    struct session *s;

    list_for_each(s, &sessions->list, link) {
        if (s->state != SESSION_NONE && !session_is_settled(s))
            return false;
    }
    return true;
}

void sessions_drain(struct sessions *sessions)
{
    sessions->is_settling = false;
    sessions->is_draining = true;
    step_all(sessions);
}

void sessions_accept(struct sessions *sessions, int fd)
{
    struct sock_peer peer = {.uid = (uid_t)-1};

    if (sock_peer(fd, &peer) < 0 || !sock_uid_is_trusted(peer.uid)) {
        log_warning("client %d of uid %d: refused: not our user", (int)peer.pid, (int)peer.uid);
        sessions->refused++;
        close(fd);
    } else if (!session_new(sessions, fd, &peer)) {
        close(fd);
    }
}
