/* SPDX-License-Identifier: MIT */
/* The daemon. Events of the registry tell its parts of each other; what is left to do here is to
 * save the registry, and to end. */
#include "config.h"

#include "relayd/daemon.h"

#include "relayd/base/log.h"
#include "relayd/base/util.h"
#include "relayd/host/daemonize.h"
#include "relayd/host/loop.h"
#include "relayd/upstream/store.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define NOTIFY_SECONDS 5.0 /* at the end, until the manager has what it is to keep */

static void set_phase(struct daemon *d, enum daemon_phase phase)
{
    static const char *const names[] = {"starting", "serving", "leaving", "stopping", "over"};

    assert(phase > d->phase);
    log_debug("relayd: %s -> %s", names[d->phase], names[phase]);
    d->phase = phase;
}

/* What is short now may not be when it is started again, and its file is whole. */
static bool is_shortage(int r)
{
    return r == -ENOMEM || r == -EMFILE || r == -ENFILE || r == -EINTR;
}

static int load(struct daemon *d)
{
    const char *path = d->place.paths.upstreams;
    char aside[PATHS_MAX + 16];
    int r = store_load(&d->registry, path, enrol_resume, &d->enrol);

    if (d->options.is_following)
        d->registry.is_following = true;
    if (r == 0)
        return 0;
    if (is_shortage(r)) {
        log_error("%s: cannot be read: %s", path, strerror(-r));
        return r;
    }
    snprintf(aside, sizeof(aside), "%s.damaged", path);
    rename(path, aside);
    log_warning("%s: %s: kept as %s, starting with no logins", path,
                r == -EBADMSG ? "damaged" : strerror(-r), aside);
    return 0;
}

static void on_saved(void *arg)
{
    struct daemon *d = arg;

    report_change(&d->report);
}

static void arm_resume(struct daemon *d)
{
    double after = d->registry.paused_until - monotonic_seconds();

    ev_timer_stop(d->loop, &d->resume);
    if (!d->registry.is_paused || d->registry.paused_until <= 0)
        return;
    ev_timer_set(&d->resume, fmax(after, 0), 0);
    ev_timer_start(d->loop, &d->resume);
}

static void on_resume(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct daemon *d = container_of(timer, struct daemon, resume);

    registry_pause(&d->registry, false, 0);
}

static void on_registry_event(struct registry_observer *observer,
                              const struct registry_event *event)
{
    struct daemon *d = container_of(observer, struct daemon, observer);

    if (d->phase >= DAEMON_STOPPING)
        return;
    switch (event->type) {
    case REGISTRY_PAUSED:
        arm_resume(d);
        break;
    case REGISTRY_ADDED:
    case REGISTRY_DROPPED:
    case REGISTRY_CHANGED:
    case REGISTRY_PREFERRED:
    case REGISTRY_FOLLOWED:
    case REGISTRY_REGISTERED:
        break;
    case REGISTRY_JUDGED:
        report_change(&d->report);
        saving_is_due_soon(&d->saving);
        return;
    case REGISTRY_PING_ENDED:
    case REGISTRY_LOOPS:
        return; /* nothing that is saved */
    }
    saving_is_due(&d->saving);
}

static unsigned count_sessions(void *arg)
{
    const struct daemon *d = arg;

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
    const struct daemon *d = arg;

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
    if (d->phase < DAEMON_LEAVING)
        listener_resume(&d->place.agent);
    else
        ending_look(&d->ending);
}

static void on_conn_end(void *arg)
{
    struct daemon *d = arg;

    listener_resume(&d->place.control);
}

static void on_over(void *arg)
{
    struct daemon *d = arg;

    ev_break(d->loop, EVBREAK_ALL);
}

static void stop(struct daemon *d, bool is_handover)
{
    if (d->phase >= DAEMON_STOPPING)
        return;
    log_info("stopping: %u client%s open", d->sessions.n, d->sessions.n == 1 ? "" : "s");
    report_stopping(&d->report);
    saving_now(&d->saving);
    set_phase(d, DAEMON_STOPPING);
    place_leave(&d->place);
    ending_begin(&d->ending, is_handover);
}

static void on_stop_request(void *arg)
{
    stop(arg, false);
}

static void on_signal(struct ev_loop *loop, ev_signal *sig, int events)
{
    stop(ev_userdata(loop), false);
}

/* By relayd.service systemd sends SIGUSR2 for a restart, and SIGTERM for a stop, after which it
 * would empty the descriptor store. */
static void on_sigusr2(struct ev_loop *loop, ev_signal *sig, int events)
{
    struct daemon *d = ev_userdata(loop);

    stop(d, d->place.is_activated);
}

static void on_place_emptied(void *arg)
{
    struct daemon *d = arg;

    saving_is_due(&d->saving);
}

/* Somebody else serves here now. Clients that have a connection keep it. */
static void on_place_lost(void *arg)
{
    struct daemon *d = arg;

    set_phase(d, DAEMON_LEAVING);
    saving_give_up(&d->saving);
    place_leave(&d->place);
    ending_look(&d->ending);
}

static void start_watchers(struct daemon *d)
{
    ev_set_userdata(d->loop, d);
    ev_signal_init(&d->sigterm, on_signal, SIGTERM);
    ev_signal_start(d->loop, &d->sigterm);
    ev_signal_init(&d->sigint, on_signal, SIGINT);
    ev_signal_start(d->loop, &d->sigint);
    ev_signal_init(&d->sigusr2, on_sigusr2, SIGUSR2);
    ev_signal_start(d->loop, &d->sigusr2);
    ev_timer_init(&d->resume, on_resume, 0, 0);
}

static void compose_control(struct daemon *d)
{
    control_init(&d->control, &d->sessions);
    d->control.daemon.socket = d->place.paths.agent;
    d->control.daemon.listener = &d->place.agent;
    d->control.daemon.is_activated = d->place.is_activated;
    d->control.stop = on_stop_request;
    d->control.stop_arg = d;
    d->control.conns.limit = d->place.max_control;
    d->control.conns.on_end = on_conn_end;
    d->control.conns.on_end_arg = d;
}

static void compose_place(struct daemon *d)
{
    const struct paths *paths = &d->place.paths;

    listener_init(&d->place.agent, d->loop, paths->agent, SOCK_STREAM, d->options.max_clients,
                  count_sessions, accept_session, d);
    listener_init(&d->place.control, d->loop, paths->control, SOCK_SEQPACKET,
                  d->place.max_control, count_control, accept_control, d);
    d->place.on_emptied = on_place_emptied;
    d->place.on_lost = on_place_lost;
    d->place.arg = d;
}

/* The first is found by its path, whatever socket is there at the time: it may be made again. */
static void compose_discover(struct daemon *d)
{
    const struct paths_choice first = {0};
    struct discover *discover = &d->sessions.discover;
    int r = d->options.is_behind_first ? paths_find(&discover->first, &first, false) : 0;

    if (r < 0)
        log_error("%s: the first relayd cannot be asked: %s", discover->first.dir, paths_problem(r));
    discover->is_behind_first = d->options.is_behind_first && r == 0;
    if (d->options.is_discovering || discover->is_behind_first)
        discover->dir = d->place.paths.dir;
}

static int compose(struct daemon *d)
{
    int r;

    registry_init(&d->registry);
    d->registry.max = d->place.max_upstreams;
    r = enrol_init(&d->enrol, d->loop, &d->registry);
    d->enrol.is_raw = d->options.is_raw;
    d->enrol.own_paths[0] = d->place.paths.agent;
    d->enrol.own_paths[1] = d->place.paths.control;
    sessions_init(&d->sessions, &d->enrol, &d->options);
    compose_discover(d);
    d->sessions.on_end = on_session_end;
    d->sessions.on_end_arg = d;
    notify_init(&d->notify, d->loop);
    report_init(&d->report, d->loop, &d->notify, &d->registry, &d->sessions);
    compose_control(d);
    ending_init(&d->ending, d->loop, &d->sessions, &d->notify, on_over, d);
    compose_place(d);
    saving_init(&d->saving, d->loop, &d->registry, &d->place, on_saved, d);
    registry_observe(&d->registry, &d->observer, on_registry_event);
    if (r < 0)
        log_error("no random bytes: %s", strerror(-r));
    return r;
}

static void take_up(struct daemon *d)
{
    unsigned n = handover_take_up(&d->handover, &d->sessions, &d->notify);

    if (n > 0)
        log_info("%u client%s taken up from the relayd before", n, n == 1 ? "" : "s");
}

/* Takes up what the daemon before left, and then opens the sockets. */
static int begin(struct daemon *d)
{
    int r = load(d);

    if (r < 0)
        return r;
    arm_resume(d);
    take_up(d);
    return place_open(&d->place, d->loop);
}

static void announce(struct daemon *d)
{
    set_phase(d, DAEMON_SERVING);
    log_info("%s: serving, pid %d, %u login%s", d->place.paths.agent, (int)getpid(),
             d->registry.n, d->registry.n == 1 ? "" : "s");
    report_ready(&d->report);
    if (d->ready_fd >= 0)
        d->ready_fd = daemonize_end(d->ready_fd);
}

static void fini(struct daemon *d)
{
    set_phase(d, DAEMON_OVER);
    /* The lock goes before the control connections: when those end, relayctl stop takes it that
     * another daemon may start. */
    place_close(&d->place);
    sessions_fini(&d->sessions);
    control_fini(&d->control);
    registry_fini(&d->registry);
    report_fini(&d->report);
    notify_fini(&d->notify, NOTIFY_SECONDS);
    ending_fini(&d->ending);
    saving_fini(&d->saving);
}

static int serve(struct daemon *d)
{
    int r;

    start_watchers(d);
    r = compose(d);
    if (r == 0)
        r = begin(d);
    if (r == 0) {
        announce(d);
        ev_run(d->loop, 0);
        saving_now(&d->saving);
    }
    fini(d);
    return r;
}

/* What whoever started us had blocked would never come. What would end or stop us for a write is
 * ignored, so that the write fails, or is done: a client that has gone, a limit of file sizes, a
 * terminal that keeps its background quiet. */
static void settle_signals(void)
{
    sigset_t none;

    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    signal(SIGTTOU, SIG_IGN);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

int daemon_run(struct daemon *d)
{
    struct systemd_sockets given;
    int r;

    /* No core file, no tracing: private keys pass through on ssh-add. */
    prctl(PR_SET_DUMPABLE, 0);
    settle_signals();
    systemd_take_fds(&given, handover_note, &d->handover);
    r = place_take(&d->place, &d->options, &given);
    if (r == 0 && d->ready_fd >= 0)
        daemonize_log(d->place.paths.log);
    if (r == 0) {
        place_raise_limits(&d->place, &d->options);
        d->loop = loop_new();
        r = d->loop == NULL ? -ENOMEM : serve(d);
    }
    handover_fini(&d->handover);
    place_close(&d->place);
    if (d->loop != NULL)
        ev_loop_destroy(d->loop);
    return r < 0 ? 1 : 0;
}
