/* Control. The table's rows check which keys a verb knows; a handler only means
 * it, and never sees the socket. */
#include "config.h"

#include "relayd/control/control.h"

#include "relayd/base/log.h"
#include "relayd/base/proto.h"
#include "relayd/base/util.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* How long a register waits for its verdict. */
#define VERDICT_SECONDS 0.8 /* relayctl takes us for hung after 1 s */

struct verb {
    const char *name;
    const char *keys; /* space-separated */
    void (*handle)(struct control *control, struct conn *conn, const struct proto_msg *msg);
};

static double now_of(const struct control *control)
{
    return ev_now(control->conns.loop);
}

static void add_rtt(struct proto_buf *buf, const struct upstream *u)
{
    if (u->rtt >= 0)
        proto_addf(buf, "rtt_ms", "%.1f", u->rtt * 1000);
}

static void finish_register(struct control *control, struct conn *conn, const struct upstream *u,
                            const char *reason)
{
    struct proto_buf buf;
    char text[160];

    if (reason == NULL)
        reason = upstream_explain(u, now_of(control), text, sizeof(text));
    proto_begin(&buf, "ok");
    proto_add_u64(&buf, "id", u->id);
    proto_add(&buf, "state", upstream_state_name(u->state));
    add_rtt(&buf, u);
    proto_add(&buf, "reason", reason);
    if (conn->is_new)
        proto_add_u64(&buf, "isnew", 1);
    conn_finish(conn, &buf);
}

/* What is kept of a login must fit into one record of the saved registry. */
static bool is_short(const char *fact)
{
    return fact == NULL || strlen(fact) <= PROTO_FACT_MAX;
}

static void handle_register(struct control *control, struct conn *conn,
                            const struct proto_msg *msg)
{
    struct upstreams *ups = control->upstreams;
    struct upstream_request request = {
        .path = proto_get(msg, "path"),
        .label = proto_get(msg, "label"),
        .connection = proto_get(msg, "connection"),
        .tty = proto_get(msg, "tty"),
        .is_fallback = proto_get_flag(msg, "fallback"),
        .is_place_kept = proto_get_flag(msg, "keep"),
    };
    uint64_t last_id = control->registry->last_id;
    const char *reason = "not an absolute path";
    struct upstream *u;

    if (!is_short(request.label) || !is_short(request.connection) || !is_short(request.tty))
        reason = "a fact of the login is too long";
    else if (request.path != NULL && request.path[0] == '/' && strlen(request.path) < PATH_MAX)
        conn->id = upstream_register(ups, &request, &reason);
    if (conn->id == 0) {
        log_info("%s: refused: %s", request.path != NULL ? request.path : "register", reason);
        conn_finish_error(conn, reason);
        return;
    }
    conn->is_new = conn->id > last_id;
    u = registry_find(control->registry, conn->id);
    if (!upstream_is_registering(u) || !proto_get_flag(msg, "wait")) {
        finish_register(control, conn, u, NULL);
        return;
    }
    conn_wait(conn, CONN_VERDICT, VERDICT_SECONDS);
}

static struct upstream *find_named(const struct control *control, const struct proto_msg *msg)
{
    const char *path = proto_get(msg, "path");

    return path != NULL ? registry_find_path(control->registry, path)
                        : registry_find(control->registry, proto_get_u64(msg, "id", 0));
}

static void finish_unknown(struct conn *conn)
{
    struct proto_buf buf;

    proto_begin(&buf, "error");
    proto_add(&buf, "reason", "no such upstream");
    proto_add(&buf, "hint", "name it by its number in relayctl status, or by its socket's whole path");
    conn_finish(conn, &buf);
}

static void unregister(struct control *control, struct upstream *u)
{
    uint64_t id = u->id;

    sessions_end_upstream(control->sessions, id, SESSION_DROPPED);
    registry_drop(control->registry, u, "unregistered");
}

static void handle_unregister(struct control *control, struct conn *conn,
                              const struct proto_msg *msg)
{
    struct list *upstreams = &control->registry->upstreams;
    struct upstream *u = find_named(control, msg);
    struct proto_buf buf;
    uint64_t count = 0;

    if (u != NULL) {
        unregister(control, u);
        count = 1;
    } else if (!proto_get_flag(msg, "all")) {
        finish_unknown(conn);
        return;
    }
    for (; proto_get_flag(msg, "all") && !list_is_empty(upstreams); count++)
        unregister(control, list_entry(upstreams->next, struct upstream, link));
    proto_begin(&buf, "ok");
    proto_add_u64(&buf, "count", count);
    conn_finish(conn, &buf);
}

static void handle_use(struct control *control, struct conn *conn,
                       const struct proto_msg *msg)
{
    struct upstream *u = find_named(control, msg);

    if (u == NULL && !proto_get_flag(msg, "auto")) {
        finish_unknown(conn);
        return;
    }
    if (u != NULL && u->state == UPSTREAM_SILENT)
        registry_forgive(control->registry, u);
    registry_prefer(control->registry, u == NULL ? 0 : u->id);
    conn_finish_ok(conn);
}

static void put_daemon(struct proto_buf *buf, const struct control *control)
{
    double paused_for = control->registry->paused_until - now_of(control);

    proto_begin(buf, "daemon");
    proto_add(buf, "version", PACKAGE_VERSION);
    proto_add_u64(buf, "pid", (uint64_t)getpid());
    proto_add(buf, "socket", control->socket);
    proto_add_u64(buf, "paused", control->registry->is_paused);
    if (control->registry->paused_until > 0)
        proto_addf(buf, "paused_for_s", "%.0f", fmax(paused_for, 0));
    proto_add_u64(buf, "sessions", control->sessions->n);
    proto_add_u64(buf, "served", control->sessions->served);
    proto_add_u64(buf, "refused", control->sessions->refused);
    proto_addf(buf, "since_s", "%.0f", fmax(now_of(control) - control->started_at, 0));
    proto_add_u64(buf, "activated", control->is_activated);
}

static void put_upstream(struct proto_buf *buf, const struct control *control,
                         const struct upstream *u)
{
    double now = now_of(control);
    char reason[160];

    proto_begin(buf, "upstream");
    proto_add_u64(buf, "id", u->id);
    proto_add(buf, "path", u->path);
    proto_add(buf, "label", u->label);
    proto_add(buf, "host", u->host);
    proto_add(buf, "tty", u->tty);
    proto_add_u64(buf, "pid", (uint64_t)u->pid);
    proto_add(buf, "state", upstream_state_name(u->state));
    proto_add(buf, "link", link_state_name(u->link_state));
    add_rtt(buf, u);
    proto_addf(buf, "age_s", "%.0f", fmax(now - u->registered_at, 0));
    proto_add_u64(buf, "sessions", u->sessions);
    proto_add_u64(buf, "served", u->served);
    proto_add_u64(buf, "fallback", u->is_fallback);
    proto_add_u64(buf, "preferred", u->id == control->registry->preferred);
    proto_add(buf, "reason", upstream_explain(u, now, reason, sizeof(reason)));
    if (u->state == UPSTREAM_SILENT)
        proto_addf(buf, "silent_s", "%.0f", fmax(now - u->silent_since, 0));
}

/* How long it has not answered, as far as anybody asked. */
static double owed_for(const struct control *control, const struct upstream *u)
{
    if (u->state == UPSTREAM_SILENT)
        return now_of(control) - u->silent_since;
    return u->asking > 0 ? now_of(control) - u->asking_since : 0;
}

static void handle_status(struct control *control, struct conn *conn,
                          const struct proto_msg *msg)
{
    struct upstream *order[REGISTRY_MAX], *u;
    struct proto_buf buf;
    unsigned n;

    (void)msg;
    list_for_each(u, &control->registry->upstreams, link)
        upstream_ask_link(control->upstreams, u, owed_for(control, u), control->options->patience);
    upstreams_refresh(control->upstreams, control->options->patience);
    put_daemon(&buf, control);
    conn_reply(conn, &buf);
    n = registry_order(control->registry, order);
    for (unsigned i = 0; i < n; i++) {
        put_upstream(&buf, control, order[i]);
        conn_reply(conn, &buf);
    }
    conn_finish_ok(conn);
}

static void handle_wait(struct control *control, struct conn *conn,
                        const struct proto_msg *msg)
{
    (void)msg;
    upstreams_refresh(control->upstreams, control->options->patience);
    conn_wait(conn, CONN_WAIT, 0);
    if (registry_is_usable(control->registry))
        conn_finish_ok(conn);
}

static void handle_gone(struct control *control, struct conn *conn,
                        const struct proto_msg *msg)
{
    conn->id = proto_get_u64(msg, "id", 0);
    conn_wait(conn, CONN_GONE, 0);
    if (registry_find(control->registry, conn->id) == NULL)
        conn_finish_ok(conn);
}

static void handle_pause(struct control *control, struct conn *conn,
                         const struct proto_msg *msg)
{
    bool is_timed = proto_get(msg, "for_ms") != NULL;
    double ms = (double)proto_get_u64(msg, "for_ms", 0);

    registry_pause(control->registry, true, is_timed ? now_of(control) + ms / 1000 : 0);
    sessions_end_upstream(control->sessions, 0, SESSION_PAUSED);
    conn_finish_ok(conn);
}

static void handle_resume(struct control *control, struct conn *conn,
                          const struct proto_msg *msg)
{
    (void)msg;
    registry_pause(control->registry, false, 0);
    conn_finish_ok(conn);
}

static void handle_watch(struct control *control, struct conn *conn,
                         const struct proto_msg *msg)
{
    (void)msg;
    control_watch(control, conn);
}

static void handle_why(struct control *control, struct conn *conn,
                       const struct proto_msg *msg)
{
    const struct sessions *sessions = control->sessions;
    time_t at = (time_t)sessions->why_at;
    struct proto_buf buf;
    char when[32];
    struct tm tm;

    (void)msg;
    strftime(when, sizeof(when), "%F %T", localtime_r(&at, &tm));
    proto_begin(&buf, "ok");
    if (sessions->why[0] == '\0')
        proto_add(&buf, "text", "no client has failed since the relay was started: its log tells of those before");
    else
        proto_addf(&buf, "text", "%s: %s", when, sessions->why);
    conn_finish(conn, &buf);
}

static void handle_stop(struct control *control, struct conn *conn,
                        const struct proto_msg *msg)
{
    (void)msg;
    conn_finish_ok(conn);
    conn_wait(conn, CONN_STOP, 0);
    control->stop(control->stop_arg);
}

static const struct verb verbs[] = {
    {"register", "path label fallback keep connection tty wait", handle_register},
    {"unregister", "id path all", handle_unregister},
    {"use", "id path auto", handle_use},
    {"status", "", handle_status},
    {"wait", "", handle_wait},
    {"gone", "id", handle_gone},
    {"pause", "for_ms", handle_pause},
    {"resume", "", handle_resume},
    {"watch", "", handle_watch},
    {"why", "", handle_why},
    {"stop", "", handle_stop},
};

static bool is_word_of(const char *words, const char *word)
{
    size_t length = strlen(word);

    for (const char *p = words; (p = strstr(p, word)) != NULL; p += length) {
        if ((p == words || p[-1] == ' ') && (p[length] == ' ' || p[length] == '\0'))
            return true;
    }
    return false;
}

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    }
    return NULL;
}

static const char *unknown_key(const struct verb *verb, const struct proto_msg *msg)
{
    for (size_t i = 0; i < msg->n; i++) {
        if (!is_word_of(verb->keys, msg->pair[i].key))
            return msg->pair[i].key;
    }
    return NULL;
}

static void handle(struct control *control, struct conn *conn, const struct proto_msg *msg)
{
    const struct verb *verb = find_verb(msg->verb);
    const char *key = verb == NULL ? NULL : unknown_key(verb, msg);
    char reason[80];

    if (verb == NULL)
        snprintf(reason, sizeof(reason), "unknown verb: %s", msg->verb);
    else if (key != NULL)
        snprintf(reason, sizeof(reason), "unknown key: %s", key);
    else {
        verb->handle(control, conn, msg);
        return;
    }
    conn_finish_error(conn, reason);
}

static void on_request(struct conn *conn, const char *packet, size_t size)
{
    struct proto_msg msg;

    if (proto_parse(&msg, packet, size) < 0) {
        conn_finish_error(conn, "not a request of the control protocol");
        return;
    }
    handle(conn->conns->arg, conn, &msg);
    proto_msg_fini(&msg);
}

/* No verdict in time: untried, and it comes when it comes. */
static void on_timeout(struct conn *conn)
{
    struct control *control = conn->conns->arg;
    struct upstream *u = registry_find(control->registry, conn->id);

    if (u == NULL)
        conn_finish_error(conn, "its login has ended");
    else
        finish_register(control, conn, u, "no answer yet");
}

void control_init(struct control *control, struct ev_loop *loop)
{
    memset(control, 0, sizeof(*control));
    control->started_at = ev_now(loop);
    conns_init(&control->conns, loop);
    control->conns.on_request = on_request;
    control->conns.on_timeout = on_timeout;
    control->conns.arg = control;
}

void control_fini(struct control *control)
{
    conns_fini(&control->conns);
}

void control_verdict(struct control *control, uint64_t id, enum verdict verdict,
                     const char *reason)
{
    const struct upstream *u = registry_find(control->registry, id);
    struct conn *it, *next;

    list_for_each_safe(it, next, &control->conns.list, link) {
        if (it->state != CONN_VERDICT || it->id != id)
            continue;
        if (verdict == VERDICT_REFUSED)
            conn_finish_error(it, reason);
        else
            finish_register(control, it, u, reason);
        conn_settle(it);
    }
}
