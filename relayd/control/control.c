/* SPDX-License-Identifier: MIT */
/* Control. The table of verbs is near the end. Its rows say which keys a verb takes, and handle()
 * checks that. A handler only does what the verb says, and never sees the socket. */
#include "config.h"

#include "relayd/control/control.h"

#include "relayd/base/log.h"
#include "relayd/base/util.h"
#include "relayd/upstream/keyboard.h"
#include "relayd/upstream/look.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct verb {
    const char *name;
    const char *keys; /* space-separated */
    void (*handle)(struct control *control, struct conn *conn, const struct proto_msg *msg);
};

/* What is kept of a login must fit into one packet of the saved registry. */
static bool is_short(const char *fact)
{
    return fact == NULL || strlen(fact) <= PROTO_FACT_MAX;
}

static uint64_t try_register(struct control *control, const struct enrol_request *request,
                             const char **reason)
{
    *reason = "not an absolute path";
    if (!is_short(request->label) || !is_short(request->connection) || !is_short(request->tty))
        *reason = "a fact of the login is too long";
    else if (request->path != NULL && request->path[0] == '/' &&
             strlen(request->path) < PATH_MAX)
        return enrol_register(control->enrol, request, reason);
    return 0;
}

/* No line begins with what a client likes: relayctl log takes those for signatures that say so. */
static void tell_refused(const char *path, const char *reason)
{
    const char *name = path != NULL ? path : "";

    log_info("%s%s: refused: %s", name[0] == '/' ? "" : name[0] == '\0' ? "register" : "register ",
             name, reason);
}

static void handle_register(struct control *control, struct conn *conn,
                            const struct proto_msg *msg)
{
    const struct enrol_request request = {
        .path = proto_get(msg, "path"),
        .label = proto_get(msg, "label"),
        .connection = proto_get(msg, "connection"),
        .tty = proto_get(msg, "tty"),
        .is_fallback = proto_get_flag(msg, "fallback"),
        .is_place_kept = proto_get_flag(msg, "keep"),
    };
    const char *reason;
    uint64_t id = try_register(control, &request, &reason);
    struct upstream *u = registry_find(control->registry, id);
    struct proto_buf buf;

    if (u == NULL) {
        tell_refused(request.path, reason);
        conn_finish_error(conn, reason);
    } else if (enrol_is_pending(u) && proto_get_flag(msg, "wait")) {
        watchers_add(&control->watchers, conn, WATCH_VERDICT, id);
    } else if (enrol_is_pending(u) && request.is_place_kept) {
        /* `relayctl env`: a shell leaves the agent that it has only for one that is taken. */
        watchers_add(&control->watchers, conn, WATCH_REFUSAL, id);
    } else {
        status_put_registered(&buf, u, NULL);
        conn_finish(conn, &buf);
    }
}

static struct upstream *find_named(const struct control *control, const struct proto_msg *msg)
{
    const char *path = proto_get(msg, "path");

    return path != NULL ? enrol_find(control->enrol, path)
                        : registry_find(control->registry, proto_get_u64(msg, "id", 0));
}

static void finish_unknown(struct conn *conn)
{
    struct proto_buf buf;

    proto_begin(&buf, "error");
    proto_add(&buf, "reason", "no such login");
    proto_add(&buf, "hint", "name it by its number or its label in " RELAYCTL_NAME " status, or by its socket's whole path");
    conn_finish(conn, &buf);
}

static void unregister(struct control *control, struct upstream *u)
{
    sessions_end_upstream(control->sessions, u, SESSION_DROPPED);
    registry_drop(control->registry, u, "unregistered");
}

static void handle_unregister(struct control *control, struct conn *conn,
                              const struct proto_msg *msg)
{
    struct list *upstreams = &control->registry->upstreams;
    struct upstream *u = find_named(control, msg);
    bool is_all = proto_get_flag(msg, "all");

    if (u == NULL && !is_all) {
        finish_unknown(conn);
        return;
    }
    if (u != NULL)
        unregister(control, u);
    while (is_all && !list_is_empty(upstreams))
        unregister(control, list_entry(upstreams->next, struct upstream, link));
    conn_finish_ok(conn);
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

/* For how long it has been asked, or was silent, without an answer. */
static double owed_for(const struct upstream *u, double now)
{
    if (u->state == UPSTREAM_SILENT)
        return now - u->silence.since;
    return upstream_uses(u, UPSTREAM_QUESTION) > 0 ? now - u->load[UPSTREAM_QUESTION].since : 0;
}

/* What is told of them is to be true now. */
static void look(struct control *control)
{
    double now = monotonic_seconds();
    struct upstream *u;

    look_at_all(control->registry);
    keyboard_look(control->registry);
    list_for_each(u, &control->registry->upstreams, link)
        wait_ask_link(control->registry, u, now, owed_for(u, now),
                      control->sessions->options->patience);
    wait_forgive_due(control->registry, now);
}

static void handle_status(struct control *control, struct conn *conn,
                          const struct proto_msg *msg)
{
    struct proto_buf buf;
    struct upstream *u;

    look(control);
    status_put_daemon(&buf, &control->daemon, control->sessions);
    conn_reply(conn, &buf);
    list_for_each(u, &control->registry->order, turn) {
        status_put_upstream(&buf, u, control->registry);
        conn_reply(conn, &buf);
    }
    conn_finish_ok(conn);
}

static void handle_wait(struct control *control, struct conn *conn,
                        const struct proto_msg *msg)
{
    look(control);
    watchers_add(&control->watchers, conn, WATCH_USABLE, 0);
}

static bool has_label_of(const struct upstream *a, const struct upstream *b)
{
    return a->login.label != NULL && b->login.label != NULL &&
           strcmp(a->login.label, b->login.label) == 0;
}

/* u is held. Drops other logins of the same label that are held: a laptop that comes back holds
 * its login anew, and its hold from before may not have noticed yet. */
static void replace_holds(struct control *control, struct upstream *u)
{
    struct upstream *it, *next;

    list_for_each_safe(it, next, &control->registry->upstreams, link) {
        if (it != u && has_label_of(it, u) && watchers_has(&control->watchers, WATCH_GONE, it->id))
            registry_replace(control->registry, it, u, "held anew from the same machine");
    }
}

/* Only `relayctl hold` asks this. */
static void handle_gone(struct control *control, struct conn *conn,
                        const struct proto_msg *msg)
{
    uint64_t id = proto_get_u64(msg, "id", 0);
    struct upstream *u = registry_find(control->registry, id);

    if (u != NULL)
        replace_holds(control, u);
    watchers_add(&control->watchers, conn, WATCH_GONE, id);
}

static void handle_pause(struct control *control, struct conn *conn,
                         const struct proto_msg *msg)
{
    bool is_timed = proto_get(msg, "for_ms") != NULL;
    double ms = (double)proto_get_u64(msg, "for_ms", 0);

    registry_pause(control->registry, true, is_timed ? monotonic_seconds() + ms / 1000 : 0);
    sessions_end_upstream(control->sessions, NULL, SESSION_PAUSED);
    conn_finish_ok(conn);
}

static void handle_resume(struct control *control, struct conn *conn,
                          const struct proto_msg *msg)
{
    registry_pause(control->registry, false, 0);
    conn_finish_ok(conn);
}

static void handle_watch(struct control *control, struct conn *conn,
                         const struct proto_msg *msg)
{
    watchers_add(&control->watchers, conn, WATCH_EVENTS, 0);
}

/* What has been mended meanwhile is told of as over. */
static void put_why(struct proto_buf *buf, const struct sessions *sessions)
{
    unsigned long long n = sessions->served - sessions->why_served;
    struct tm tm = local_time(sessions->why_at);
    char when[32], since[64] = "";

    strftime(when, sizeof(when), "%F %T", &tm);
    if (n > 0)
        snprintf(since, sizeof(since), "; since then %llu client%s been served", n,
                 n == 1 ? " has" : "s have");
    proto_addf(buf, "text", "%s: %s%s", when, sessions->why, since);
}

static void handle_why(struct control *control, struct conn *conn,
                       const struct proto_msg *msg)
{
    const struct sessions *sessions = control->sessions;
    struct proto_buf buf;

    proto_begin(&buf, "ok");
    if (sessions->why[0] == '\0')
        proto_add(&buf, "text", "no client has failed since relayd was started: its log tells of those before");
    else
        put_why(&buf, sessions);
    conn_finish(conn, &buf);
}

static void handle_stop(struct control *control, struct conn *conn,
                        const struct proto_msg *msg)
{
    conn_finish_ok(conn);
    watchers_add(&control->watchers, conn, WATCH_END, 0);
    control->stop(control->stop_arg);
}

/* Whoever types there is followed from now on; without one, whose terminal was read from last. */
static void handle_follow(struct control *control, struct conn *conn,
                          const struct proto_msg *msg)
{
    struct registry *registry = control->registry;
    bool is_named = proto_get(msg, "id") != NULL || proto_get(msg, "path") != NULL;
    struct upstream *u = is_named ? find_named(control, msg)
                                  : registry_find(registry, registry->followed);

    if (is_named && u == NULL) {
        finish_unknown(conn);
        return;
    }
    if (proto_get_flag(msg, "off")) {
        registry_follow(registry, false, NULL, monotonic_seconds());
    } else if (is_named) {
        keyboard_note(registry, u);
    } else {
        registry_follow(registry, true, u, monotonic_seconds());
        keyboard_look(registry);
    }
    conn_finish_ok(conn);
}

static const struct verb verbs[] = {
    {"register", "path label fallback keep connection tty wait", handle_register},
    {"unregister", "id path all", handle_unregister},
    {"use", "id path auto", handle_use},
    {"follow", "id path off", handle_follow},
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

static void on_timeout(struct conn *conn)
{
    struct control *control = conn->conns->arg;

    watchers_on_timeout(&control->watchers, conn);
}

static void on_refusal(void *arg, const struct sock_peer *peer, const char *why)
{
    struct control *control = arg;

    watchers_note_refusal(&control->watchers, peer, why);
}

void control_init(struct control *control, struct sessions *sessions)
{
    memset(control, 0, sizeof(*control));
    control->enrol = sessions->enrol;
    control->registry = sessions->registry;
    control->sessions = sessions;
    control->daemon.started_at = monotonic_seconds();
    conns_init(&control->conns, sessions->loop);
    control->conns.on_request = on_request;
    control->conns.on_timeout = on_timeout;
    control->conns.arg = control;
    watchers_init(&control->watchers, &control->conns, sessions);
    sessions->on_refusal = on_refusal;
    sessions->on_refusal_arg = control;
}

void control_fini(struct control *control)
{
    if (control->conns.loop != NULL)
        watchers_fini(&control->watchers);
    conns_fini(&control->conns);
}
