/* The daemon. What the modules below tell each other goes through here: an event
 * of the registry reaches the file, the races and the watchers; the end of a
 * session reaches the listener. */
#include "config.h"

#include "relayd/daemon.h"

#include "relayd/host/daemonize.h"
#include "relayd/base/lock.h"
#include "relayd/base/log.h"
#include "relayd/base/sock.h"
#include "relayd/upstream/store.h"
#include "relayd/host/systemd.h"
#include "relayd/base/util.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define CONTROL_MAX 512
#define NEVER_SECONDS 1e9 /* 30 years */

/* Where systemd has given us the sockets nobody can reach the other daemon any
 * more: it is relieved, and we serve in any case. An exit would make systemd try
 * again until it refuses everybody. */
static int take_lock(struct daemon *d)
{
    const char *path = d->paths.lock;

    d->lock_fd = d->is_activated ? lock_take_over(path) : lock_take(path);
    if (d->lock_fd == -EBUSY)
        log_error("%s: a relayd runs here already: pid %d", d->paths.dir, lock_holder(path));
    else if (d->lock_fd < 0)
        log_error("%s: %s", path, strerror(-d->lock_fd));
    return d->lock_fd < 0 ? d->lock_fd : 0;
}

static int prepare_dir(struct daemon *d)
{
    int r = paths_find(&d->paths, d->options.dir, true);

    if (r == 0)
        r = paths_check_dir(&d->paths, true);
    if (r < 0)
        log_error("%s: %s", r == -ENAMETOOLONG && d->options.dir != NULL ? d->options.dir : d->paths.dir,
                  paths_problem(r));
    return r;
}

/* Half of what may be open goes to clients, less some for everything else: each
 * session has two descriptors. */
static void raise_limits(struct daemon *d)
{
    struct rlimit files = {.rlim_cur = 1024};
    unsigned fitting;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        const struct rlimit raised = {.rlim_cur = files.rlim_max, .rlim_max = files.rlim_max};

        if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
            files = raised;
    }
    fitting = (unsigned)fmin(fmax((double)files.rlim_cur / 2 - 64, 16), 1000000);
    if (d->options.max_clients > fitting)
        log_warning("max-clients %u: the limit of open files allows %u", d->options.max_clients,
                    fitting);
    if (d->options.max_clients == 0 || d->options.max_clients > fitting)
        d->options.max_clients = fitting;
}

/* Not where another daemon has taken our place: the file is its own then. */
static void save(struct daemon *d)
{
    bool is_replaced = d->agent_listener.is_own && !listener_is_in_place(&d->agent_listener) &&
                       sock_is_live(d->paths.agent, SOCK_STREAM);
    int r = is_replaced ? 0 : store_save(&d->registry, d->paths.upstreams);

    if (r < 0)
        log_warning("%s: not saved: %s", d->paths.upstreams, strerror(-r));
}

static void load(struct daemon *d)
{
    char aside[PATHS_MAX + 16];
    int r = store_load(&d->registry, d->paths.upstreams, upstream_resume, &d->upstreams);

    if (r == 0)
        return;
    snprintf(aside, sizeof(aside), "%s.damaged", d->paths.upstreams);
    rename(d->paths.upstreams, aside);
    log_warning("%s: %s: kept as %s, starting with no upstreams", d->paths.upstreams,
                r == -EBADMSG ? "damaged" : strerror(-r), aside);
}

/* Once a turn, however much has changed in it. */
static void on_settle(struct ev_loop *loop, ev_prepare *prepare, int events)
{
    struct daemon *d = container_of(prepare, struct daemon, settle);

    (void)events;
    ev_prepare_stop(loop, prepare);
    races_kick(&d->sessions.races);
    save(d);
    report_change(&d->report);
}

static void arm_resume(struct daemon *d)
{
    double after = d->registry.paused_until - ev_now(d->loop);

    ev_timer_stop(d->loop, &d->resume);
    if (!d->registry.is_paused || d->registry.paused_until <= 0)
        return;
    ev_timer_set(&d->resume, fmax(after, 0), 0);
    ev_timer_start(d->loop, &d->resume);
}

static void on_resume(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct daemon *d = container_of(timer, struct daemon, resume);

    (void)loop, (void)events;
    registry_pause(&d->registry, false, 0);
}

static void on_registry_event(void *arg, enum registry_event event, struct upstream *u)
{
    struct daemon *d = arg;

    if (event == REGISTRY_DROPPED) {
        upstream_unwatch(&d->upstreams, u);
        attempts_unpin(&d->sessions.races.attempts, u->id);
    }
    if (d->is_stopping)
        return;
    if (event == REGISTRY_PROBED) {
        races_kick(&d->sessions.races);
        return;
    }
    control_event(&d->control, event, u);
    if (event == REGISTRY_PAUSED)
        arm_resume(d);
    ev_prepare_start(d->loop, &d->settle);
}

static void on_verdict(void *arg, uint64_t id, enum verdict verdict, const char *reason)
{
    struct daemon *d = arg;

    control_verdict(&d->control, id, verdict, reason);
}

static unsigned count_sessions(void *arg)
{
    struct daemon *d = arg;

    return d->sessions.n;
}

static void accept_session(void *arg, int fd)
{
    struct daemon *d = arg;

    sessions_accept(&d->sessions, fd);
    report_change(&d->report);
}

static unsigned count_control(void *arg)
{
    struct daemon *d = arg;

    return d->control.conns.n;
}

static void accept_control(void *arg, int fd)
{
    struct daemon *d = arg;

    conn_new(&d->control.conns, fd);
}

static void on_session_end(void *arg)
{
    struct daemon *d = arg;

    report_change(&d->report);
    if (!d->is_stopping && !d->is_leaving)
        listener_resume(&d->agent_listener);
    else
        ending_look(&d->ending);
}

static void on_conn_end(void *arg)
{
    struct daemon *d = arg;

    listener_resume(&d->control_listener);
}

static void on_loop(void *arg, uint64_t id)
{
    struct daemon *d = arg;

    attempts_fail(&d->sessions.races.attempts, id);
    races_kick(&d->sessions.races);
}

static void on_over(void *arg)
{
    struct daemon *d = arg;

    ev_break(d->loop, EVBREAK_ALL);
}

/* No more clients: those who are here are handed over, or have some seconds for what
 * they are owed. */
static void stop(struct daemon *d, bool is_handover)
{
    if (d->is_stopping)
        return;
    log_info("stopping: %u client%s open", d->sessions.n, d->sessions.n == 1 ? "" : "s");
    report_stopping(&d->report);
    save(d);
    d->is_stopping = true;
    healing_fini(&d->healing);
    listener_stop(&d->agent_listener);
    listener_stop(&d->control_listener);
    ending_begin(&d->ending, is_handover);
}

static void on_stop_request(void *arg)
{
    stop(arg, false);
}

static void on_signal(struct ev_loop *loop, ev_signal *sig, int events)
{
    (void)sig, (void)events;
    stop(ev_userdata(loop), false);
}

/* relayd.service has systemd send this one for a restart, and SIGTERM for a stop, where
 * a descriptor store would be emptied. */
static void on_sigusr2(struct ev_loop *loop, ev_signal *sig, int events)
{
    struct daemon *d = ev_userdata(loop);

    (void)sig, (void)events;
    stop(d, d->is_activated);
}

/* Somebody else serves here now. Who has a connection keeps it. */
static void on_lost(void *arg)
{
    struct daemon *d = arg;

    log_error("%s: somebody else listens there now: ending with the last session", d->paths.dir);
    d->is_leaving = true;
    listener_stop(&d->agent_listener);
    listener_stop(&d->control_listener);
    on_session_end(d);
}

/* Besides the sockets: the lock first, so that no other daemon takes our place. */
static int on_heal(void *arg)
{
    struct daemon *d = arg;

    if (!lock_is_in_place(d->lock_fd, d->paths.lock)) {
        close_fd(d->lock_fd);
        d->lock_fd = lock_take(d->paths.lock);
    }
    if (d->lock_fd < 0)
        return d->lock_fd;
    if (d->options.is_daemon && access(d->paths.log, F_OK) < 0)
        log_open_file(d->paths.log);
    if (access(d->paths.upstreams, F_OK) < 0)
        ev_prepare_start(d->loop, &d->settle);
    return 0;
}

static int open_sockets(struct daemon *d, const struct systemd_sockets *given)
{
    struct { struct listener *listener; int fd; } all[] = {
        {&d->agent_listener, given->agent}, {&d->control_listener, given->control}};

    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        int r;

        if (all[i].fd >= 0) {
            listener_adopt(all[i].listener, all[i].fd);
            r = listener_heal(all[i].listener);
        } else {
            r = listener_bind(all[i].listener);
        }
        if (r < 0) {
            log_error("%s: %s", all[i].listener->path,
                      r == -EADDRINUSE ? "somebody listens there already"
                      : r == -ENOTSOCK ? "in the way, and not a socket"
                                       : strerror(-r));
            return r;
        }
        listener_resume(all[i].listener);
    }
    return 0;
}

static int compose(struct daemon *d)
{
    int r;

    registry_init(&d->registry);
    d->registry.on_event = on_registry_event;
    d->registry.on_event_arg = d;
    r = upstreams_init(&d->upstreams, d->loop, &d->registry);
    d->upstreams.is_raw = d->options.is_raw;
    d->upstreams.own_paths[0] = d->paths.agent;
    d->upstreams.own_paths[1] = d->paths.control;
    d->upstreams.on_verdict = on_verdict;
    d->upstreams.on_verdict_arg = d;
    d->upstreams.on_loop = on_loop;
    d->upstreams.on_loop_arg = d;
    sessions_init(&d->sessions, &d->upstreams, &d->options);
    d->sessions.on_end = on_session_end;
    d->sessions.on_end_arg = d;
    report_init(&d->report, d->loop, &d->registry, &d->sessions);
    control_init(&d->control, d->loop);
    d->control.registry = &d->registry;
    d->control.upstreams = &d->upstreams;
    d->control.sessions = &d->sessions;
    d->control.options = &d->options;
    d->control.socket = d->paths.agent;
    d->control.is_activated = d->is_activated;
    d->control.stop = on_stop_request;
    d->control.stop_arg = d;
    d->control.conns.on_end = on_conn_end;
    d->control.conns.on_end_arg = d;
    ending_init(&d->ending, d->loop, &d->sessions, on_over, d);
    listener_init(&d->agent_listener, d->loop, d->paths.agent, SOCK_STREAM,
                  d->options.max_clients, count_sessions, accept_session, d);
    listener_init(&d->control_listener, d->loop, d->paths.control, SOCK_SEQPACKET, CONTROL_MAX,
                  count_control, accept_control, d);
    d->healing = (struct healing){
        .loop = d->loop,
        .paths = &d->paths,
        .listeners = {&d->agent_listener, &d->control_listener},
        .on_heal = on_heal,
        .on_lost = on_lost,
        .arg = d,
    };
    return r;
}

static void on_never(struct ev_loop *loop, ev_periodic *periodic, int events)
{
    (void)loop, (void)periodic, (void)events;
}

/* libev wakes up once a minute to see whether the clock was set, unless it has a
 * timerfd(2) to learn of that; it makes one at the first periodic (ev.c, 4.33:
 * MAX_BLOCKTIME, evtimerfd_init). This one never comes due. */
static void let_sleep(struct daemon *d)
{
    ev_periodic_init(&d->never, on_never, ev_now(d->loop) + NEVER_SECONDS, 0, NULL);
    ev_periodic_start(d->loop, &d->never);
}

static void start_watchers(struct daemon *d)
{
    let_sleep(d);
    ev_set_userdata(d->loop, d);
    ev_signal_init(&d->sigterm, on_signal, SIGTERM);
    ev_signal_start(d->loop, &d->sigterm);
    ev_signal_init(&d->sigint, on_signal, SIGINT);
    ev_signal_start(d->loop, &d->sigint);
    ev_signal_init(&d->sigusr2, on_sigusr2, SIGUSR2);
    ev_signal_start(d->loop, &d->sigusr2);
    ev_timer_init(&d->resume, on_resume, 0, 0);
    ev_prepare_init(&d->settle, on_settle);
}

static void announce(struct daemon *d)
{
    log_info("%s: serving, pid %d, %u upstream%s", d->paths.agent, (int)getpid(), d->registry.n,
             d->registry.n == 1 ? "" : "s");
    report_ready(&d->report);
    if (d->ready_fd >= 0)
        d->ready_fd = daemonize_end(d->ready_fd);
}

static void fini(struct daemon *d)
{
    save(d);
    d->is_stopping = true;
    listener_stop(&d->agent_listener);
    listener_stop(&d->control_listener);
    /* Before the control connections close: by that relayctl stop knows that
     * another daemon may start. */
    d->lock_fd = close_fd(d->lock_fd);
    sessions_fini(&d->sessions);
    control_fini(&d->control);
    registry_fini(&d->registry);
    report_fini(&d->report);
    healing_fini(&d->healing);
    ending_fini(&d->ending);
}

static void take_up(struct daemon *d)
{
    unsigned n = handover_take_up(&d->handover, &d->sessions);

    if (n > 0)
        log_info("%u client%s taken up from the relay before", n, n == 1 ? "" : "s");
}

static int serve(struct daemon *d, const struct systemd_sockets *given)
{
    int r;

    start_watchers(d);
    r = compose(d);
    load(d);
    arm_resume(d);
    take_up(d);
    healing_start(&d->healing);
    if (r == 0)
        r = open_sockets(d, given);
    if (r == 0) {
        announce(d);
        ev_run(d->loop, 0);
    }
    fini(d);
    return r;
}

int daemon_run(struct daemon *d)
{
    struct systemd_sockets given;
    int r;

    /* Private keys pass through on ssh-add. */
    prctl(PR_SET_DUMPABLE, 0);
    signal(SIGPIPE, SIG_IGN);
    d->lock_fd = -1;
    d->is_activated = systemd_take_fds(&given, handover_note, &d->handover) > 0;
    r = prepare_dir(d);
    if (r == 0)
        r = take_lock(d);
    if (r == 0 && d->ready_fd >= 0)
        daemonize_log(d->paths.log);
    if (r == 0) {
        raise_limits(d);
        d->loop = ev_default_loop(EVFLAG_AUTO);
        r = d->loop == NULL ? -ENOMEM : serve(d, &given);
    }
    handover_fini(&d->handover);
    if (d->loop != NULL)
        ev_loop_destroy(d->loop);
    close_fd(d->lock_fd);
    return r < 0 ? 1 : 0;
}
