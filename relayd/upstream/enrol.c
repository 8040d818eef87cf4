/* SPDX-License-Identifier: MIT */
/* Enrolment. pin_open() refuses a socket by its file, at once; on_answer(), by what comes of
 * the first ping. Whatever is learnt ends in conclude(), the only place that gives a
 * verdict. */
#include "config.h"

#include "relayd/upstream/enrol.h"

#include "relayd/base/log.h"
#include "relayd/base/util.h"
#include "relayd/upstream/look.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define REGISTER_SECONDS 10.0

/* What an upstream has here: the first ping, while it lasts, and the watch over its process.
 * Freed when it is dropped. */
struct enrol_watch {
    struct enrol *enrol;
    uint64_t id;
    bool is_registering;
    struct dial dial;
    ev_timer timeout;
    ev_io death;
};

void enrol_note_end(struct enrol *enrol, struct upstream *u)
{
    registry_drop_ended(enrol->registry, u);
}

/* Its process has ended. That may have been the parent of an agent that went to the background,
 * so one connect tells whether anybody listens still. */
static void on_death(struct ev_loop *loop, ev_io *io, int events)
{
    struct enrol_watch *watch = container_of(io, struct enrol_watch, death);
    struct upstream *u = registry_find(watch->enrol->registry, watch->id);

    ev_io_stop(loop, io);
    process_close(&u->process);
    if (look_is_ended(u))
        enrol_note_end(watch->enrol, u);
}

static void watch_process(struct enrol_watch *watch, struct upstream *u)
{
    if (u->process.fd < 0)
        return;
    ev_io_stop(watch->enrol->loop, &watch->death);
    ev_io_set(&watch->death, u->process.fd, EV_READ);
    ev_io_start(watch->enrol->loop, &watch->death);
}

/* Learns who called listen(2). Of an agent in the background that is a parent that has gone,
 * and there is nothing to watch. */
static void learn_process(struct enrol_watch *watch, struct upstream *u)
{
    if (u->process.fd >= 0)
        return;
    process_open(&u->process, watch->dial.peer.pid);
    watch_process(watch, u);
}

static void stop_registering(struct enrol_watch *watch, struct upstream *u)
{
    ev_timer_stop(watch->enrol->loop, &watch->timeout);
    dial_fini(&watch->dial);
    if (!watch->is_registering)
        return;
    watch->is_registering = false;
    upstream_end(u, UPSTREAM_PING, monotonic_seconds());
}

/* The end of registering. May free u and its watch. */
static void conclude(struct enrol *enrol, struct upstream *u, enum verdict verdict,
                     const char *reason)
{
    const struct upstream_login *login = &u->login;
    char name[UPSTREAM_NAME_MAX], why[200];

    stop_registering(u->watch, u);
    registry_tell_ping_ended(enrol->registry, u);
    registry_tell_verdict(enrol->registry, u, verdict, reason);
    if (verdict == VERDICT_REFUSED) {
        snprintf(why, sizeof(why), "refused: %s", reason);
        registry_drop(enrol->registry, u, why);
        return;
    }
    log_info("%s: registered%s%s%s%s: %s", upstream_name(u, name, sizeof(name)),
             login->host == NULL ? "" : " from ", login->host == NULL ? "" : login->host,
             login->tty == NULL ? "" : " on ", login->tty == NULL ? "" : login->tty, reason);
}

void enrol_ping(struct enrol *enrol, struct upstream *u, struct dial *dial)
{
    if (enrol->is_raw)
        dial_connect(dial);
    else
        dial_ping(dial, enrol->instance, upstream_next_nonce(u), u->has_no_ping);
}

void enrol_note_answer(struct enrol *enrol, struct upstream *u, const struct dial *dial)
{
    double now = monotonic_seconds();

    u->has_no_ping = dial->has_no_ping;
    if (!enrol->is_raw) {
        upstream_note_rtt(u, dial_waited(dial), !dial->has_no_ping);
        upstream_prove(u, now);
    }
    registry_set_alive(enrol->registry, u, now);
}

static void conclude_alive(struct enrol *enrol, struct upstream *u, const struct dial *dial)
{
    double now = monotonic_seconds();
    char reason[160];

    enrol_note_answer(enrol, u, dial);
    conclude(enrol, u, VERDICT_ALIVE, upstream_explain(u, now, reason, sizeof(reason)));
}

static void conclude_silent(struct enrol *enrol, struct upstream *u, const struct dial *dial)
{
    registry_set_silent(enrol->registry, u, monotonic_seconds(), CAUSE_CLOSED, dial_waited(dial));
    conclude(enrol, u, VERDICT_SILENT, "forwards no working agent at the moment");
}

static void on_answer(struct dial *dial, enum dial_result result)
{
    struct enrol_watch *watch = container_of(dial, struct enrol_watch, dial);
    struct enrol *enrol = watch->enrol;
    struct upstream *u = registry_find(enrol->registry, watch->id);

    learn_process(watch, u);
    switch (result) {
    case DIAL_ANSWERED:
        conclude_alive(enrol, u, dial);
        break;
    case DIAL_GONE:
        conclude(enrol, u, VERDICT_REFUSED, "nobody listens there");
        break;
    case DIAL_CLOSED:
        conclude_silent(enrol, u, dial);
        break;
    case DIAL_NONSENSE:
        conclude(enrol, u, VERDICT_REFUSED, "does not speak the agent protocol");
        break;
    case DIAL_FOREIGN:
        conclude(enrol, u, VERDICT_REFUSED, "a process of another user listens there");
        break;
    case DIAL_FAILED:
        conclude(enrol, u, VERDICT_UNTRIED, "not asked: out of memory or descriptors");
        break;
    }
}

static void on_timeout(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct enrol_watch *watch = container_of(timer, struct enrol_watch, timeout);
    struct upstream *u = registry_find(watch->enrol->registry, watch->id);

    learn_process(watch, u);
    conclude(watch->enrol, u, VERDICT_UNTRIED, "no answer yet");
}

static struct enrol_watch *watch_new(struct enrol *enrol)
{
    struct enrol_watch *watch = calloc(1, sizeof(*watch));

    if (watch == NULL)
        return NULL;
    watch->enrol = enrol;
    ev_io_init(&watch->death, on_death, -1, EV_READ);
    ev_timer_init(&watch->timeout, on_timeout, REGISTER_SECONDS, 0);
    return watch;
}

static void ask(struct enrol_watch *watch, struct upstream *u)
{
    dial_init(&watch->dial, watch->enrol->loop, &u->pin, on_answer);
    watch->is_registering = true;
    upstream_begin(u, UPSTREAM_PING, monotonic_seconds());
    ev_timer_set(&watch->timeout, REGISTER_SECONDS, 0);
    ev_timer_start(watch->enrol->loop, &watch->timeout);
    enrol_ping(watch->enrol, u, &watch->dial);
}

/* Takes pin over, also where it fails; path is its own. */
static struct upstream *make(struct enrol *enrol, const struct enrol_request *request,
                             const struct pin *pin, const char *path)
{
    struct upstream *u = upstream_new(path);

    if (u == NULL) {
        close(pin->fd);
        return NULL;
    }
    u->pin = *pin;
    u->login.is_fallback = request->is_fallback;
    u->login.registered_at = monotonic_seconds();
    u->login.registrations = 1;
    u->watch = watch_new(enrol);
    if (u->watch == NULL ||
        upstream_set_facts(u, request->label, request->connection, request->tty) < 0) {
        free(u->watch);
        u->watch = NULL;
        upstream_free(u);
        return NULL;
    }
    return u;
}

/* The same socket is registered again: by a new login over an old connection, or a shell. */
static void renew(struct enrol *enrol, struct upstream *u, const struct enrol_request *request)
{
    bool is_label_kept = request->is_place_kept && u->login.label != NULL;
    const char *label = is_label_kept ? NULL : request->label;

    u->login.registrations++;
    if (request->connection != NULL || label != NULL) {
        upstream_set_facts(u, label, request->connection, request->tty);
        registry_tell_changed(enrol->registry, u);
    }
    if (!request->is_place_kept) {
        u->login.is_fallback = request->is_fallback;
        u->login.registered_at = monotonic_seconds();
        registry_move_front(enrol->registry, u);
    }
    if (u->state == UPSTREAM_SILENT)
        registry_forgive(enrol->registry, u);
    if (u->state != UPSTREAM_ALIVE && !u->watch->is_registering)
        ask(u->watch, u);
}

/* Where another socket has taken a path, or none has room any more, some have ended as a rule;
 * but who still listens on an old socket serves as ever. */
static void make_room(struct enrol *enrol, const char *path)
{
    if (registry_is_full(enrol->registry) || registry_find_path(enrol->registry, path) != NULL)
        look_at_all(enrol->registry);
}

/* Frees the watch of an upstream that is dropped. */
static void on_event(struct registry_observer *observer, const struct registry_event *event)
{
    struct enrol *enrol = container_of(observer, struct enrol, observer);
    struct upstream *u = event->upstream;

    if (event->type != REGISTRY_DROPPED || u->watch == NULL)
        return;
    stop_registering(u->watch, u);
    ev_io_stop(enrol->loop, &u->watch->death);
    free(u->watch);
    u->watch = NULL;
}

int enrol_init(struct enrol *enrol, struct ev_loop *loop, struct registry *registry)
{
    memset(enrol, 0, sizeof(*enrol));
    enrol->loop = loop;
    enrol->registry = registry;
    registry_observe(registry, &enrol->observer, on_event);
    return getrandom(enrol->instance, sizeof(enrol->instance), 0) < 0 ? -errno : 0;
}

/* Who is registered with that pin. One that is alive is not asked anew, but its end may have gone
 * unseen: so it is looked at. */
static struct upstream *find_present(const struct enrol *enrol, const struct pin *pin)
{
    struct upstream *u = registry_find_pin(enrol->registry, pin);

    if (u == NULL || u->state != UPSTREAM_ALIVE)
        return u;
    look_at_all(enrol->registry);
    return registry_find_pin(enrol->registry, pin);
}

/* Pins it, and tells its own path: a link may be pointed elsewhere, and a file renamed. */
static int hold(const struct enrol *enrol, const char *name, struct pin *pin, char path[PATH_MAX],
                const char **reason)
{
    int r = pin_open(pin, name, enrol->own_paths, reason);

    if (r < 0)
        return r;
    r = pin_real_path(pin, path);
    if (r < 0) {
        pin->fd = close_fd(pin->fd);
        *reason = strerror(-r);
    }
    return r;
}

uint64_t enrol_register(struct enrol *enrol, const struct enrol_request *request,
                        const char **reason)
{
    char path[PATH_MAX];
    struct pin pin;
    struct upstream *u;

    if (hold(enrol, request->path, &pin, path, reason) < 0)
        return 0;
    u = find_present(enrol, &pin);
    if (u != NULL) {
        close(pin.fd);
        upstream_set_path(u, path);
        renew(enrol, u, request);
        return u->id;
    }
    u = make(enrol, request, &pin, path);
    if (u == NULL) {
        *reason = "out of memory";
        return 0;
    }
    make_room(enrol, path);
    registry_add(enrol->registry, u);
    u->watch->id = u->id;
    ask(u->watch, u);
    return u->id;
}

bool enrol_is_pending(const struct upstream *u)
{
    return u->watch != NULL && u->watch->is_registering;
}

struct upstream *enrol_find(const struct enrol *enrol, const char *name)
{
    struct upstream *u = NULL;
    struct pin pin;

    if (pin_look_up(&pin, name) == 0)
        u = registry_find_pin(enrol->registry, &pin);
    /* Its file may be gone, or another's by now. */
    return u != NULL ? u : registry_find_path(enrol->registry, name);
}

/* Holds a saved one again. Returns NULL, or why it cannot be taken up. */
static const char *take_up(const struct enrol *enrol, struct upstream *u)
{
    static const char ended[] = "its login ended while no relayd was running";
    const struct pin saved = u->pin;
    char path[PATH_MAX];
    const char *reason;
    int r;

    if (registry_is_full(enrol->registry))
        return "too many are registered";
    r = hold(enrol, u->path, &u->pin, path, &reason);
    if (r < 0)
        return r == -ENOENT || r == -ENOTDIR ? ended : reason;
    if (!pin_is_saved(&u->pin, &saved))
        return ended;
    upstream_set_path(u, path);
    return NULL;
}

void enrol_resume(void *arg, struct upstream *u)
{
    struct enrol *enrol = arg;
    const char *reason = take_up(enrol, u);

    if (reason != NULL) {
        log_info("%s: dropped: %s", u->path, reason);
        upstream_free(u);
        return;
    }
    u->login.registrations = 1;
    registry_append(enrol->registry, u);
    u->watch = watch_new(enrol);
    if (u->watch == NULL) {
        registry_drop(enrol->registry, u, "out of memory");
        return;
    }
    u->watch->id = u->id;
    process_reopen(&u->process);
    watch_process(u->watch, u);
}

void enrol_note_own_ping(struct enrol *enrol, uint64_t nonce)
{
    struct upstream *u = registry_find_nonce(enrol->registry, nonce);

    if (u != NULL)
        enrol_note_loop(enrol, u);
}

void enrol_note_loop(struct enrol *enrol, struct upstream *u)
{
    registry_set_silent(enrol->registry, u, monotonic_seconds(), CAUSE_LOOP, 0);
    if (u->watch->is_registering)
        conclude(enrol, u, VERDICT_REFUSED, "leads back to this relayd");
}
