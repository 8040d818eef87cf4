/* SPDX-License-Identifier: MIT */
/* The house. Its loop turns as long as something happens, and then all that must hold at rest is
 * looked at: what waits does so for a reason, and not longer than it may. */
#include "config.h"

#include "tests/fuzz/house.h"

#include "relayd/base/log.h"
#include "tests/fuzz/cast.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/kernel.h"

#include <math.h>

/* More turns without rest mean that it spins. */
#define TURNS_MAX 3000
/* Nobody is given up sooner. */
#define PATIENT_SECONDS 9.9

struct registry registry;
struct enrol enrol;
struct options options;
struct sessions sessions;

static struct ev_loop *loop;
static ev_timer alarm_clock;
static unsigned pending;
static double began;
static double restarted_at; /* or began */

/* --- turning */

static void count_pending(struct ev_loop *l)
{
    pending += ev_pending_count(l);
    ev_invoke_pending(l);
}

static void note_alarm(struct ev_loop *l, ev_timer *timer, int events)
{
}

static bool turn_once(int flags)
{
    pending = 0;
    ev_run(loop, flags);
    return pending > 0;
}

static void check_session(const struct session *s)
{
    double now = kernel.now, bound = kernel.was_up ? PATIENCE_UP : PATIENCE_UNKNOWN;

    if (s->state == SESSION_CHOOSING)
        fuzz_must(now - s->choosing_since <= bound + LATE_SECONDS +
                      (s->is_discovering ? LOOK_SECONDS : 0));
    /* A link that goes down in the last moment is waited for as well; and who goes on after a restart
     * has not looked yet. */
    if (s->wait.down_since > 0)
        fuzz_must(now - s->wait.down_since <= options.dead_after + LATE_SECONDS);
    else if (s->state == SESSION_RELAYING && s->waiting_since > 0)
        fuzz_must(now <= fmax(s->waiting_since + (s->relay.is_unsafe ? 600 : 60), restarted_at) +
                             LATE_SECONDS);
    fuzz_must(s->state != SESSION_NONE || ev_is_active(&s->timer));
}

static bool is_registered_before(const struct upstream *a, const struct upstream *b)
{
    const struct upstream *u;

    list_for_each(u, &registry.upstreams, link) {
        if (u == a || u == b)
            break;
    }
    return u == a;
}

/* Those that are silent last; the preferred one before all of its kind; then who is followed, unless
 * it is silent; the rest as they are registered. */
static bool is_before(const struct upstream *a, const struct upstream *b)
{
    bool is_silent = a->state == UPSTREAM_SILENT;

    if (is_silent != (b->state == UPSTREAM_SILENT))
        return !is_silent;
    if (a->id == registry.preferred || b->id == registry.preferred)
        return a->id == registry.preferred;
    if (!is_silent && (a->id == registry.followed || b->id == registry.followed))
        return a->id == registry.followed;
    return is_registered_before(a, b);
}

/* The order of trying, told again from its rule. */
static void check_order(void)
{
    const struct upstream *u, *before = NULL;
    unsigned n = 0;

    list_for_each(u, &registry.upstreams, link) {
        fuzz_must(registry_find(&registry, u->id) == u);
        fuzz_must(before == NULL || before->login.is_fallback <= u->login.is_fallback);
        before = u;
    }
    before = NULL;
    list_for_each(u, &registry.order, turn) {
        fuzz_must(before == NULL || is_before(before, u));
        before = u;
        n++;
    }
    fuzz_must(n == registry.n && n <= registry.max);
}

static void check_upstream(const struct upstream *u)
{
    fuzz_must(list_is_empty(&u->blocked) || upstream_uses(u, UPSTREAM_PING) > 0 ||
              cast.is_lacking);
}

static void check_rest(void)
{
    const struct upstream *u;
    const struct session *s;
    unsigned n = 0;

    list_for_each(s, &sessions.list, link) {
        check_session(s);
        n++;
    }
    fuzz_must(n == sessions.n);
    list_for_each(u, &registry.upstreams, link)
        check_upstream(u);
    check_order();
    cast_check_rest();
}

void settle(void)
{
    bool is_moving = true;

    for (unsigned turns = 0; is_moving; turns++) {
        fuzz_must(turns < TURNS_MAX);
        is_moving = turn_once(EVRUN_NOWAIT);
        if (list_is_empty(&registry.upstreams) || registry.is_paused)
            cast_allow_end(true);
        if (kernel.now - began > PATIENT_SECONDS)
            cast_allow_end(false);
        is_moving |= cast_turn();
    }
    check_rest();
}

void pass(double seconds)
{
    double until = kernel.now + seconds;
    const struct session *s;
    unsigned turns = 0;

    settle();
    ev_now_update(loop);
    ev_timer_set(&alarm_clock, seconds, 0);
    ev_timer_start(loop, &alarm_clock);
    while (ev_is_active(&alarm_clock)) {
        fuzz_must(turns++ < TURNS_MAX + seconds * 1000);
        turn_once(EVRUN_ONCE);
        settle();
    }
    fuzz_must(kernel.now >= until - 0.01);
    /* A client that has left does not stay, whatever its session waits for. */
    list_for_each(s, &sessions.list, link)
        fuzz_must(seconds < LATE_SECONDS || kernel_get(s->client.fd)->peer >= 0);
}

/* --- what is done to the relay */

struct upstream *upstream_of(unsigned agent)
{
    char path[] = "/agents/0";

    path[sizeof(path) - 2] = (char)('0' + agent);
    return registry_find_path(&registry, path);
}

void do_register(unsigned agent, unsigned how)
{
    char path[] = "/agents/0", connection[] = "10.0.0.1 1000 10.0.0.2 22";
    struct enrol_request request = {
        .path = path,
        .label = (how & 8) != 0 ? "laptop" : NULL,
        .connection = (how & 3) == 0 ? NULL : connection,
        .is_fallback = (how & 12) == 4,
        .is_place_kept = (how & 12) == 12,
    };
    const char *reason;

    path[sizeof(path) - 2] = (char)('0' + agent);
    connection[12] = (char)('0' + agent);
    cast.is_renewed |= cast.n_questions > 0;
    enrol_register(&enrol, &request, &reason);
}

void do_unregister(struct upstream *u)
{
    if (u == NULL)
        return;
    cast_allow_end(true);
    cast.is_renewed = true;
    sessions_end_upstream(&sessions, u, SESSION_DROPPED);
    registry_drop(&registry, u, "unregistered");
}

void do_prefer(struct upstream *u)
{
    if (u != NULL && u->state == UPSTREAM_SILENT)
        registry_forgive(&registry, u);
    registry_prefer(&registry, u == NULL ? 0 : u->id);
}

void do_follow(struct upstream *u)
{
    registry_follow(&registry, u != NULL && registry.followed != u->id, u, kernel.now);
}

void do_replace(struct upstream *old, struct upstream *u)
{
    if (old == NULL || u == NULL || old == u)
        return;
    cast.is_renewed = true;
    registry_replace(&registry, old, u, "held anew");
}

void do_pause(bool is_paused)
{
    registry_pause(&registry, is_paused, 0);
    if (is_paused)
        sessions_end_upstream(&sessions, NULL, SESSION_PAUSED);
}

void do_connect(int c, size_t room)
{
    int fd[2];

    if (cast.clients[c].fd >= 0)
        return;
    kernel_pair(fd, room);
    kernel_get(fd[1])->peer_pid = 100 + c;
    cast_come(c, fd[0]);
    ev_now_update(loop);
    sessions_accept(&sessions, fd[1]);
}

/* --- the look for logins that nobody has registered */

static void on_look_over(struct ev_loop *l, ev_timer *timer, int events)
{
    struct run *run = container_of(timer, struct run, bound);

    ev_timer_stop(l, timer);
    run->is_running = false;
    run->on_end(run);
}

/* In place of host/run.c: it ends at its bound, or when the script says so. */
void run_init(struct run *run, struct ev_loop *l, void (*on_end)(struct run *run))
{
    *run = (struct run){.loop = l, .on_end = on_end};
    ev_timer_init(&run->bound, on_look_over, 0, 0);
}

void run_fini(struct run *run)
{
    ev_timer_stop(run->loop, &run->bound);
    run->is_running = false;
}

int run_beside(struct run *run, char *const argv[], double seconds)
{
    ev_timer_set(&run->bound, seconds, 0);
    ev_timer_start(run->loop, &run->bound);
    run->is_running = true;
    return 0;
}

void do_find(unsigned agent)
{
    if (!sessions.discover.run.is_running)
        return;
    do_register(agent, 0);
    on_look_over(loop, &sessions.discover.run.bound, 0);
}

static void begin_sessions(void)
{
    sessions_init(&sessions, &enrol, &options);
    sessions.discover.dir = options.is_discovering ? "/run/relayd" : NULL;
}

/* What another process knows of a session, and its two descriptors. */
struct carried {
    struct record record;
    struct sock_peer peer;
    int client, upstream;
    double began, waiting_since;
    uint64_t upstream_id;
};

static void carry(struct session *s, struct carried *out)
{
    *out = (struct carried){.peer = s->peer,
                            .client = s->client.fd,
                            .upstream = s->upstream.fd,
                            .began = s->began,
                            .waiting_since = s->waiting_since,
                            .upstream_id = session_login(s)};
    relay_save(&s->relay, &out->record);
    ev_io_stop(loop, &s->client);
    ev_io_stop(loop, &s->upstream);
    s->client.fd = s->upstream.fd = -1;
    session_free(s);
}

static void take_up(const struct carried *in)
{
    struct session *s = session_new(&sessions, in->client, in->upstream, &in->peer);

    fuzz_must(s != NULL);
    s->began = in->began;
    s->waiting_since = in->waiting_since;
    relay_restore(&s->relay, &in->record);
    sessions_resume(s, in->upstream_id);
}

void do_restart(void)
{
    struct carried carried[CAST_CLIENTS + 1];
    struct session *s, *next;
    unsigned n = 0;

    sessions_quiesce(&sessions);
    pass(0.2);
    list_for_each_safe(s, next, &sessions.list, link) {
        if (session_is_portable(s) && n <= CAST_CLIENTS)
            carry(s, &carried[n++]);
    }
    cast_allow_end(true);
    sessions_drain(&sessions);
    settle();
    sessions_fini(&sessions);
    begin_sessions();
    restarted_at = kernel.now;
    for (unsigned i = 0; i < n; i++)
        take_up(&carried[i]);
}

/* --- its beginning and its end */

void house_begin(unsigned max, bool is_discovering)
{
    kernel_begin();
    began = restarted_at = kernel.now;
    cast_begin();
    log_set_level(LOG_LEVEL_ERROR);
    options_init(&options);
    options.patience = 1;
    options.is_raw = cast.is_raw;
    options.is_discovering = is_discovering;
    options.is_read_only = cast.is_read_only;
    options.when_none = cast.is_none_empty ? WHEN_NONE_EMPTY : WHEN_NONE_CLOSE;
    loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
    fuzz_must(loop != NULL);
    ev_set_invoke_pending_cb(loop, count_pending);
    ev_timer_init(&alarm_clock, note_alarm, 0, 0);
    registry_init(&registry);
    registry.max = max;
    fuzz_must(enrol_init(&enrol, loop, &registry) == 0);
    enrol.is_raw = cast.is_raw;
    memset(enrol.instance, 'i', sizeof(enrol.instance));
    memcpy(cast.instance, enrol.instance, sizeof(cast.instance));
    begin_sessions();
}

static void check_nothing_left(void)
{
    const struct upstream *u;

    fuzz_must(sessions.n == 0 && list_is_empty(&sessions.attempts.list));
    list_for_each(u, &registry.upstreams, link) {
        fuzz_must(upstream_uses(u, UPSTREAM_SESSION) == 0);
        fuzz_must(upstream_uses(u, UPSTREAM_QUESTION) == 0);
        fuzz_must(upstream_uses(u, UPSTREAM_PROMPT) == 0);
        fuzz_must(upstream_uses(u, UPSTREAM_PING) == (unsigned)enrol_is_pending(u));
        fuzz_must(list_is_empty(&u->blocked) && list_is_empty(&u->unproven));
    }
}

void house_end(void)
{
    for (int c = 0; c < CAST_CLIENTS; c++)
        cast_leave(c);
    pass(2 * PATIENCE_TICK);
    check_nothing_left();
    sessions_fini(&sessions);
    registry_fini(&registry);
    ev_timer_stop(loop, &alarm_clock);
    ev_loop_destroy(loop);
    fuzz_must(kernel_inside() == 0);
    kernel_end();
}
