/* SPDX-License-Identifier: MIT */
/* The keyboard. A terminal's access time says when it was last read from, which is what a shell or
 * tmux does when somebody types. The kernel sets it in steps of eight seconds (drivers/tty/tty_io.c,
 * tty_update_time()), so what is noted at once counts for more. These are times of the wall clock:
 * those that are still to come were made before it was set back, and say nothing. */
#include "config.h"

#include "relayd/upstream/keyboard.h"

#include "relayd/base/util.h"

#include <math.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static double seconds_of(struct timespec time)
{
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double wall_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return seconds_of(now);
}

/* When its terminal was last read from; 0: unknown. */
static double read_at(const struct upstream *u)
{
    struct stat st;

    if (u->login.tty == NULL || u->login.tty[0] != '/' || stat(u->login.tty, &st) < 0 ||
        !S_ISCHR(st.st_mode) || st.st_uid != geteuid())
        return 0;
    return seconds_of(st.st_atim);
}

static double at_most(double time, double now)
{
    return time <= now ? time : 0;
}

void keyboard_note(struct registry *registry, struct upstream *u)
{
    u->typed_at = wall_seconds();
    registry_follow(registry, true, u, monotonic_seconds());
}

void keyboard_look(struct registry *registry)
{
    struct upstream *best = registry_find(registry, registry->followed), *u;
    double now, best_at = 0;

    if (!registry->is_following)
        return;
    now = wall_seconds();
    if (best != NULL)
        best_at = fmax(at_most(best->typed_at, now), at_most(read_at(best), now));
    list_for_each(u, &registry->upstreams, link) {
        double at = fmax(at_most(u->typed_at, now), at_most(read_at(u), now));

        if (at > best_at) {
            best = u;
            best_at = at;
        }
    }
    registry_follow(registry, true, best, monotonic_seconds());
}
