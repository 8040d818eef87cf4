/* Registering an upstream. What is checked is checked on the pinned socket, so
 * there is no moment between a check and its use; and everything that is learnt
 * ends in conclude(), the only place that gives a verdict. */
#include "config.h"

#include "relayd/upstream/enrol.h"

#include "relayd/base/log.h"
#include "relayd/base/sock.h"
#include "relayd/base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/random.h>
#include <unistd.h>

#define REGISTER_SECONDS 10.0

/* What an upstream has here: the first ping while it lasts, and the watch over
 * its process. Owned by the upstream. */
struct upstream_watch {
    struct upstreams *ups;
    uint64_t id;
    bool is_registering;
    struct dial dial;
    ev_timer timeout;
    ev_io death;
};

int upstreams_init(struct upstreams *ups, struct ev_loop *loop, struct registry *registry)
{
    memset(ups, 0, sizeof(*ups));
    ups->loop = loop;
    ups->registry = registry;
    return getrandom(ups->instance, sizeof(ups->instance), 0) < 0 ? -errno : 0;
}

uint64_t process_start_time(pid_t pid)
{
    char path[32], line[1024];
    unsigned long long start = 0;
    const char *p;
    ssize_t n;
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    n = read(fd, line, sizeof(line) - 1);
    close(fd);
    if (n <= 0)
        return 0;
    line[n] = '\0';
    /* The command, field 2, may hold anything, spaces and ')' included. */
    p = strrchr(line, ')');
    for (int field = 2; p != NULL && field < 22; field++)
        p = strchr(p + 1, ' ');
    return p != NULL && sscanf(p, " %llu", &start) == 1 ? start : 0;
}

void upstream_gone(struct upstreams *ups, struct upstream *u)
{
    registry_drop(ups->registry, u, "its login has ended");
}

/* Its process has ended. That may have been the parent of an agent that went into
 * the background, so one connect decides. */
static void on_death(struct ev_loop *loop, ev_io *io, int events)
{
    struct upstream_watch *watch = container_of(io, struct upstream_watch, death);
    struct upstream *u = registry_find(watch->ups->registry, watch->id);
    char path[PIN_PATH_SIZE];
    int fd;

    (void)events;
    ev_io_stop(loop, io);
    u->pidfd = close_fd(u->pidfd);
    u->pid = 0;
    fd = sock_open(pin_path(&u->pin, path), SOCK_STREAM);
    close_fd(fd);
    if (fd == -ECONNREFUSED || fd == -ENOENT)
        upstream_gone(watch->ups, u);
}

static void watch_process(struct upstream_watch *watch, struct upstream *u)
{
    if (u->pidfd < 0)
        return;
    ev_io_stop(watch->ups->loop, &watch->death);
    ev_io_set(&watch->death, u->pidfd, EV_READ);
    ev_io_start(watch->ups->loop, &watch->death);
}

/* A daemonised agent's listener belongs to a parent that is gone, and in a foreign
 * pid namespace it is 0: there is nothing to watch then. */
static void learn_process(struct upstream_watch *watch, struct upstream *u)
{
    pid_t pid = watch->dial.peer.pid;

    if (pid <= 0 || u->pidfd >= 0)
        return;
    u->pidfd = pidfd_open(pid, 0);
    u->pid = u->pidfd < 0 ? 0 : pid;
    u->pid_start = u->pid == 0 ? 0 : process_start_time(pid);
    watch_process(watch, u);
}

static void stop_registering(struct upstream_watch *watch, struct upstream *u)
{
    ev_timer_stop(watch->ups->loop, &watch->timeout);
    dial_fini(&watch->dial);
    if (!watch->is_registering)
        return;
    watch->is_registering = false;
    registry_probe_end(watch->ups->registry, u);
}

/* The end of registering. May free u and its watch. */
static void conclude(struct upstreams *ups, struct upstream *u, enum verdict verdict,
                     const char *reason)
{
    char name[128], why[200];

    stop_registering(u->watch, u);
    if (verdict == VERDICT_REFUSED) {
        ups->on_verdict(ups->on_verdict_arg, u->id, verdict, reason);
        snprintf(why, sizeof(why), "refused: %s", reason);
        registry_drop(ups->registry, u, why);
        return;
    }
    log_info("%s: registered%s%s%s%s: %s", upstream_name(u, name, sizeof(name)),
             u->host == NULL ? "" : " from ", u->host == NULL ? "" : u->host,
             u->tty == NULL ? "" : " on ", u->tty == NULL ? "" : u->tty, reason);
    ups->on_verdict(ups->on_verdict_arg, u->id, verdict, reason);
}

void upstream_probe(struct upstreams *ups, struct upstream *u, struct dial *dial)
{
    if (ups->is_raw)
        dial_connect(dial);
    else
        dial_probe(dial, ups->instance, u->nonce | u->pings++, u->has_no_ping);
}

void upstream_probed(struct upstreams *ups, struct upstream *u, const struct dial *dial)
{
    u->has_no_ping = dial->has_no_ping;
    registry_set_alive(ups->registry, u, ev_now(ups->loop), ups->is_raw ? -1 : dial_waited(dial));
}

static void conclude_alive(struct upstreams *ups, struct upstream *u, const struct dial *dial)
{
    double now = ev_now(ups->loop);
    char reason[160];

    upstream_probed(ups, u, dial);
    conclude(ups, u, VERDICT_ALIVE, upstream_explain(u, now, reason, sizeof(reason)));
}

static void conclude_silent(struct upstreams *ups, struct upstream *u, const struct dial *dial)
{
    registry_set_silent(ups->registry, u, ev_now(ups->loop), CAUSE_CLOSED, dial_waited(dial));
    conclude(ups, u, VERDICT_SILENT, "forwards no working agent at the moment");
}

static void on_answer(struct dial *dial, enum dial_result result)
{
    struct upstream_watch *watch = container_of(dial, struct upstream_watch, dial);
    struct upstreams *ups = watch->ups;
    struct upstream *u = registry_find(ups->registry, watch->id);

    learn_process(watch, u);
    switch (result) {
    case DIAL_ANSWERED:
        conclude_alive(ups, u, dial);
        break;
    case DIAL_GONE:
        conclude(ups, u, VERDICT_REFUSED, "nobody listens there");
        break;
    case DIAL_CLOSED:
        conclude_silent(ups, u, dial);
        break;
    case DIAL_NONSENSE:
        conclude(ups, u, VERDICT_REFUSED, "does not speak the agent protocol");
        break;
    case DIAL_FOREIGN:
        conclude(ups, u, VERDICT_REFUSED, "a process of another user listens there");
        break;
    case DIAL_FAILED:
        conclude(ups, u, VERDICT_UNTRIED, "not asked: out of memory or descriptors");
        break;
    }
}

static void on_timeout(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct upstream_watch *watch = container_of(timer, struct upstream_watch, timeout);
    struct upstream *u = registry_find(watch->ups->registry, watch->id);

    (void)loop, (void)events;
    learn_process(watch, u);
    conclude(watch->ups, u, VERDICT_UNTRIED, "no answer yet");
}

static struct upstream_watch *watch_new(struct upstreams *ups)
{
    struct upstream_watch *watch = calloc(1, sizeof(*watch));

    if (watch == NULL)
        return NULL;
    watch->ups = ups;
    ev_io_init(&watch->death, on_death, -1, EV_READ);
    ev_timer_init(&watch->timeout, on_timeout, REGISTER_SECONDS, 0);
    return watch;
}

static void ask(struct upstream_watch *watch, struct upstream *u)
{
    dial_init(&watch->dial, watch->ups->loop, &u->pin, on_answer);
    watch->is_registering = true;
    registry_probe_begin(watch->ups->registry, u, ev_now(watch->ups->loop));
    ev_timer_set(&watch->timeout, REGISTER_SECONDS, 0);
    ev_timer_start(watch->ups->loop, &watch->timeout);
    upstream_probe(watch->ups, u, &watch->dial);
}

static int draw_nonce(struct upstream *u)
{
    if (getrandom(&u->nonce, sizeof(u->nonce), 0) < 0)
        return -errno;
    u->nonce &= ~(uint64_t)UINT32_MAX;
    return 0;
}

/* Takes pin over, also where it fails. */
static struct upstream *make(struct upstreams *ups, const struct upstream_request *request,
                             const struct pin *pin)
{
    struct upstream *u = upstream_new(request->path);

    if (u == NULL) {
        close(pin->fd);
        return NULL;
    }
    u->pin = *pin;
    u->is_fallback = request->is_fallback;
    u->registered_at = ev_now(ups->loop);
    u->watch = watch_new(ups);
    if (u->watch == NULL || draw_nonce(u) < 0 ||
        upstream_set_facts(u, request->label, request->connection, request->tty) < 0) {
        free(u->watch);
        upstream_free(u);
        return NULL;
    }
    return u;
}

/* The same socket again: a new login over an old connection, or a shell's line. */
static void renew(struct upstreams *ups, struct upstream *u, const struct upstream_request *request)
{
    bool is_label_kept = request->is_place_kept && u->label != NULL;
    const char *label = is_label_kept ? NULL : request->label;

    if (request->connection != NULL || label != NULL)
        upstream_set_facts(u, label, request->connection, request->tty);
    if (!request->is_place_kept) {
        u->is_fallback = request->is_fallback;
        u->registered_at = ev_now(ups->loop);
        registry_move_front(ups->registry, u);
    }
    if (u->state == UPSTREAM_SILENT)
        registry_forgive(ups->registry, u);
    if (u->state != UPSTREAM_ALIVE && !u->watch->is_registering)
        ask(u->watch, u);
}

/* Its path has a new socket, so nobody listens on the old one any more. */
static void drop_replaced(struct upstreams *ups, const char *path)
{
    struct upstream *old = registry_find_path(ups->registry, path);

    if (old != NULL)
        registry_drop(ups->registry, old, "another socket took its path");
}

uint64_t upstream_register(struct upstreams *ups, const struct upstream_request *request,
                           const char **reason)
{
    struct pin pin;
    struct upstream *u;

    if (pin_open(&pin, request->path, ups->own_paths, reason) < 0)
        return 0;
    u = registry_find_pin(ups->registry, &pin);
    if (u != NULL) {
        close(pin.fd);
        renew(ups, u, request);
        return u->id;
    }
    u = make(ups, request, &pin);
    if (u == NULL) {
        *reason = "out of memory";
        return 0;
    }
    drop_replaced(ups, request->path);
    registry_add(ups->registry, u);
    u->watch->id = u->id;
    ask(u->watch, u);
    return u->id;
}

bool upstream_is_registering(const struct upstream *u)
{
    return u->watch != NULL && u->watch->is_registering;
}

void upstream_resume(void *arg, struct upstream *u)
{
    struct upstreams *ups = arg;
    struct pin saved = u->pin;
    const char *reason;

    if (pin_open(&u->pin, u->path, ups->own_paths, &reason) < 0 || !pin_is_same(&u->pin, &saved)) {
        log_info("%s: its login ended while no relay was running", u->path);
        upstream_free(u);
        return;
    }
    registry_append(ups->registry, u);
    u->watch = watch_new(ups);
    if (u->watch == NULL || draw_nonce(u) < 0) {
        registry_drop(ups->registry, u, "out of memory");
        return;
    }
    u->watch->id = u->id;
    if (u->pid > 0 && process_start_time(u->pid) == u->pid_start)
        u->pidfd = pidfd_open(u->pid, 0);
    if (u->pidfd < 0)
        u->pid = 0;
    watch_process(u->watch, u);
}

void upstream_looped(struct upstreams *ups, uint64_t nonce)
{
    struct upstream *u = registry_find_nonce(ups->registry, nonce);

    if (u != NULL)
        upstream_loops(ups, u);
}

void upstream_loops(struct upstreams *ups, struct upstream *u)
{
    double now = ev_now(ups->loop);

    registry_set_silent(ups->registry, u, now, CAUSE_LOOP, 0);
    ups->on_loop(ups->on_loop_arg, u->id);
    if (u->watch->is_registering)
        conclude(ups, u, VERDICT_REFUSED, "leads back to this relay");
}

void upstream_unwatch(struct upstreams *ups, struct upstream *u)
{
    if (u->watch == NULL)
        return;
    stop_registering(u->watch, u);
    ev_io_stop(ups->loop, &u->watch->death);
    free(u->watch);
    u->watch = NULL;
}

enum link_state upstream_ask_link(struct upstreams *ups, struct upstream *u, double waited,
                                  double patience)
{
    struct link_report report;

    if (link_ask(&u->tuple, &report) < 0) {
        u->link_state = LINK_UNKNOWN;
        return LINK_UNKNOWN;
    }
    u->link_state = link_judge(&report, waited, patience);
    u->quiet_since = ev_now(ups->loop) - report.since_ack;
    u->data_at = ev_now(ups->loop) - report.since_data;
    if (u->state == UPSTREAM_SILENT && u->cause != CAUSE_LOOP && !u->is_chatty &&
        u->data_at > u->silent_since)
        registry_forgive(ups->registry, u);
    return u->link_state;
}

void upstreams_refresh(struct upstreams *ups, double patience)
{
    double now = ev_now(ups->loop);
    struct upstream *u;

    list_for_each(u, &ups->registry->upstreams, link) {
        if (u->state != UPSTREAM_SILENT)
            continue;
        upstream_ask_link(ups, u, now - u->silent_since, patience);
        if (upstream_is_due(u, now))
            registry_forgive(ups->registry, u);
    }
}
