/* SPDX-License-Identifier: MIT */
/* The place. The lock is taken before the sockets are opened, and let go of after they are
 * closed: only its holder may replace stale ones. */
#include "config.h"

#include "relayd/place.h"

#include "relayd/base/lock.h"
#include "relayd/base/log.h"
#include "relayd/base/sock.h"
#include "relayd/base/util.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define OWN_FILES 16     /* what relayd has open for itself */
#define CONTROL_FILES 16 /* for relayctl, besides a hold for each login */
#define LEAST_EACH 4     /* logins and clients, however low the limit */

static int prepare_dir(struct place *place, const struct options *options)
{
    struct paths *paths = &place->paths;
    int r = paths_find(paths, &options->place, true);

    if (r == 0)
        r = paths_check_dir(paths, true);
    if (r < 0)
        log_error("%s: %s", r == -ENAMETOOLONG && options->place.dir != NULL ? options->place.dir : paths->dir,
                  paths_problem(r));
    return r;
}

/* Where systemd has given us the sockets, nobody can reach another daemon any more. So that is
 * told to end, and we serve in any case: if we exited, systemd would start us again and again,
 * and then refuse everybody. */
static int take_lock(struct place *place)
{
    const char *path = place->paths.lock;
    int fd = place->is_activated ? lock_take_over(path) : lock_take(path);
    int holder = fd == -EBUSY ? lock_holder(path) : 0;

    if (holder > 0)
        log_error("%s: a relayd runs here already: pid %d", place->paths.dir, holder);
    else if (fd == -EBUSY)
        log_error("%s: a relayd runs here already, out of sight", place->paths.dir);
    else if (fd < 0)
        log_error("%s: %s", path, strerror(-fd));
    place->lock_fd = fd < 0 ? -1 : fd;
    return fd < 0 ? fd : 0;
}

int place_take(struct place *place, const struct options *options,
               const struct systemd_sockets *given)
{
    int r;

    place->lock_fd = -1;
    place->given = *given;
    place->is_activated = given->agent >= 0 || given->control >= 0;
    place->has_log = options->is_daemon;
    r = prepare_dir(place, options);
    return r < 0 ? r : take_lock(place);
}

/* Up to the hard limit. Returns how many files may be open. */
static double raise_open_files(void)
{
    struct rlimit files = {.rlim_cur = 1024};

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        const struct rlimit raised = {.rlim_cur = files.rlim_max, .rlim_max = files.rlim_max};

        if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
            files = raised;
    }
    return (double)files.rlim_cur;
}

void place_raise_limits(struct place *place, struct options *options)
{
    double files = raise_open_files();
    double logins = fmin(fmax(floor(files / 12), LEAST_EACH), REGISTRY_MAX);
    double rest = files - 3 * logins - CONTROL_FILES - OWN_FILES;
    unsigned fitting = (unsigned)fmin(fmax(rest / 2, LEAST_EACH), 1000000);

    place->max_upstreams = (unsigned)logins;
    place->max_control = (unsigned)logins + CONTROL_FILES;
    if (place->max_upstreams < REGISTRY_MAX)
        log_notice("the limit of open files allows %u logins and %u clients",
                   place->max_upstreams, fitting);
    if (options->max_clients > fitting)
        log_warning("max-clients %u: the limit of open files allows %u", options->max_clients,
                    fitting);
    if (options->max_clients == 0 || options->max_clients > fitting)
        options->max_clients = fitting;
}

/* Heals what is there besides the sockets. The lock comes first, so that no other daemon takes
 * our place. */
static int on_heal(void *arg)
{
    struct place *place = arg;

    if (!lock_is_in_place(place->lock_fd, place->paths.lock)) {
        int fd;

        close_fd(place->lock_fd);
        fd = lock_take(place->paths.lock);
        place->lock_fd = fd < 0 ? -1 : fd;
        if (fd < 0)
            return fd;
    }
    if (place->has_log && access(place->paths.log, F_OK) < 0)
        log_open_file(place->paths.log);
    if (access(place->paths.upstreams, F_OK) < 0)
        place->on_emptied(place->arg);
    return 0;
}

static void on_lost(void *arg)
{
    struct place *place = arg;

    log_error("%s: somebody else listens there now: ending with the last session",
              place->paths.dir);
    place->on_lost(place->arg);
}

static int open_socket(struct listener *listener, int given)
{
    int r = 0;

    if (given >= 0) {
        listener_adopt(listener, given);
        listener_heal(listener); /* what fails is told and tried again by healing */
    } else {
        r = listener_bind(listener);
    }
    if (r < 0)
        log_error("%s: %s", listener->path, listener_problem(r));
    else
        listener_resume(listener);
    return r;
}

int place_open(struct place *place, struct ev_loop *loop)
{
    int r;

    place->healing = (struct healing){
        .loop = loop,
        .paths = &place->paths,
        .listeners = {&place->agent, &place->control},
        .on_heal = on_heal,
        .on_lost = on_lost,
        .arg = place,
    };
    healing_start(&place->healing);
    r = open_socket(&place->agent, place->given.agent);
    return r < 0 ? r : open_socket(&place->control, place->given.control);
}

bool place_is_replaced(const struct place *place)
{
    return place->agent.is_own && listener_is_missing(&place->agent) &&
           sock_is_live(place->paths.agent, SOCK_STREAM);
}

void place_leave(struct place *place)
{
    healing_fini(&place->healing);
    listener_stop(&place->agent);
    listener_stop(&place->control);
}

void place_close(struct place *place)
{
    place_leave(place);
    place->lock_fd = close_fd(place->lock_fd);
}
