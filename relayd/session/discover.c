/* SPDX-License-Identifier: MIT */
/* Discovering. It reads what other processes have in /proc, which may take as long as the kernel
 * likes: so it is not done here, but by relayctl, which tells what it finds over the control
 * socket, as every login does. Clients that come one after the other do not have it done for
 * each. */
#include "config.h"

#include "relayd/session/discover.h"

#include "relayd/base/log.h"
#include "relayd/base/util.h"

#include <string.h>

#define LOOK_SECONDS 2.0  /* the bound of one look */
#define PAUSE_SECONDS 1.0 /* from the beginning of one to that of the next */

static void on_run_end(struct run *run)
{
    struct discover *discover = container_of(run, struct discover, run);

    discover->on_end(discover->arg);
}

void discover_init(struct discover *discover, struct ev_loop *loop)
{
    memset(discover, 0, sizeof(*discover));
    run_init(&discover->run, loop, on_run_end);
}

void discover_fini(struct discover *discover)
{
    run_fini(&discover->run);
}

static void begin(struct discover *discover)
{
    static char name[] = RELAYCTL_NAME, option[] = "--dir", quiet[] = "-q", verb[] = "register",
                no_start[] = "--no-start", no_wait[] = "--no-wait", scan[] = "--scan",
                fallback[] = "--fallback";
    bool is_behind = discover->is_behind_first;
    char *argv[] = {name, option, (char *)discover->dir, quiet, verb, no_start, no_wait,
                    is_behind ? fallback : scan, is_behind ? discover->first.agent : NULL, NULL};
    int r = run_beside(&discover->run, argv, LOOK_SECONDS);

    if (r < 0)
        log_warning("logins cannot be looked for: " RELAYCTL_NAME ": %s", strerror(-r));
    else
        log_debug("nobody answers: logins are looked for");
}

bool discover_look(struct discover *discover)
{
    double now = monotonic_seconds();

    if (discover->dir == NULL)
        return false;
    if (!discover->run.is_running && (discover->began <= 0 || now - discover->began >= PAUSE_SECONDS)) {
        discover->began = now;
        begin(discover);
    }
    return discover->run.is_running;
}
