/* SPDX-License-Identifier: MIT */
/* Saving. All is written each time. So what changes by itself, many times in a moment when hundreds of
 * logins have stopped to answer, is not written each time. A problem is said once, and its end too.
 * That somebody else seems to have our place, EBUSY here, is for others to say; it may turn out to be
 * wrong. */
#include "config.h"

#include "relayd/saving.h"

#include "relayd/base/log.h"
#include "relayd/base/util.h"
#include "relayd/upstream/store.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define SOON 0.25
#define AGAIN_MIN 1.0
#define AGAIN_MAX 60.0

static void note_result(struct saving *saving, int r)
{
    const char *path = saving->place->paths.upstreams;

    if (r < 0 && r != -EBUSY && r != saving->problem)
        log_warning("%s: not saved: %s: tried again", path, strerror(-r));
    if (r == 0 && saving->problem < 0 && saving->problem != -EBUSY)
        log_notice("%s: saved again", path);
    saving->problem = r;
}

/* One that is waited for already stays as it is: changes may come by the second. */
static void try_again_later(struct saving *saving)
{
    if (ev_is_active(&saving->again))
        return;
    saving->pause = fmin(fmax(2 * saving->pause, AGAIN_MIN), AGAIN_MAX);
    ev_timer_set(&saving->again, saving->pause, 0);
    ev_timer_start(saving->loop, &saving->again);
}

static void be_well(struct saving *saving)
{
    ev_timer_stop(saving->loop, &saving->again);
    saving->pause = 0;
}

void saving_now(struct saving *saving)
{
    const struct place *place = saving->place;

    if (saving->is_given_up)
        return;
    ev_timer_stop(saving->loop, &saving->soon);
    note_result(saving, place_is_replaced(place)
                            ? -EBUSY
                            : store_save(saving->registry, place->paths.upstreams));
    if (saving->problem < 0)
        try_again_later(saving);
    else
        be_well(saving);
}

static void on_due(struct ev_loop *loop, ev_prepare *prepare, int events)
{
    struct saving *saving = container_of(prepare, struct saving, due);

    ev_prepare_stop(loop, prepare);
    saving_now(saving);
    saving->on_turn(saving->arg);
}

static void on_soon(struct ev_loop *loop, ev_timer *timer, int events)
{
    saving_now(container_of(timer, struct saving, soon));
}

static void on_again(struct ev_loop *loop, ev_timer *timer, int events)
{
    saving_now(container_of(timer, struct saving, again));
}

void saving_init(struct saving *saving, struct ev_loop *loop, const struct registry *registry,
                 const struct place *place, void (*on_turn)(void *arg), void *arg)
{
    *saving = (struct saving){
        .loop = loop, .registry = registry, .place = place, .on_turn = on_turn, .arg = arg};
    ev_prepare_init(&saving->due, on_due);
    ev_timer_init(&saving->soon, on_soon, SOON, 0);
    ev_timer_init(&saving->again, on_again, 0, 0);
}

void saving_fini(struct saving *saving)
{
    ev_prepare_stop(saving->loop, &saving->due);
    ev_timer_stop(saving->loop, &saving->soon);
    ev_timer_stop(saving->loop, &saving->again);
}

void saving_is_due(struct saving *saving)
{
    ev_prepare_start(saving->loop, &saving->due);
}

void saving_is_due_soon(struct saving *saving)
{
    if (ev_is_active(&saving->soon))
        return;
    ev_timer_set(&saving->soon, SOON, 0);
    ev_timer_start(saving->loop, &saving->soon);
}

void saving_give_up(struct saving *saving)
{
    saving_fini(saving);
    saving->is_given_up = true;
}
