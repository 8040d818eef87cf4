/* A race. All of it is one step that is taken whenever something happened: see
 * whose patience is over, start what is due, and if nothing is left to hope for,
 * say so. */
#include "config.h"

#include "relayd/session/race.h"

#include "relayd/upstream/patience.h"
#include "relayd/base/sock.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct registry *registry_of(const struct race *race)
{
    return race->races->attempts.upstreams->registry;
}

/* Takes a step later, from the loop, so that nobody is called back early. */
static void schedule_step(struct race *race)
{
    ev_feed_event(race->races->loop, &race->tick, EV_TIMER);
}

/* The one way out: nothing may follow a call of this. */
static void race_end(struct race *race, enum race_result result)
{
    ev_timer_stop(race->races->loop, &race->tick);
    race->done(race, result);
}

static bool is_tried(const struct race *race, const struct upstream *u)
{
    struct attempt *it;

    list_for_each(it, &race->tried, mine) {
        if (it->upstream == u->id)
            return true;
    }
    return false;
}

static struct upstream *next_upstream(const struct race *race)
{
    struct upstream *order[REGISTRY_MAX];
    unsigned n = registry_order(registry_of(race), order);

    if (registry_of(race)->is_paused)
        return NULL;
    for (unsigned i = 0; i < n; i++) {
        if (!is_tried(race, order[i]))
            return order[i];
    }
    return NULL;
}

/* They are closed, and those that had been waited for in vain are silent. */
static void lose_others(struct race *race, const struct attempt *winner)
{
    struct attempt *it;

    list_for_each(it, &race->tried, mine) {
        if (it != winner)
            attempt_lose(it);
    }
}

static void race_win(struct race *race, struct attempt *winner)
{
    race->upstream = winner->upstream;
    race->fd = dial_take_fd(&winner->dial);
    if (race->question.bytes != NULL) {
        race->answer = winner->dial.answer;
        memset(&winner->dial.answer, 0, sizeof(winner->dial.answer));
    }
    lose_others(race, winner);
    race_end(race, RACE_WON);
}

static void on_attempt(struct attempt *attempt)
{
    struct race *race = attempt->arg;

    if (attempt->state == ATTEMPT_ANSWERED)
        race_win(race, attempt);
    else
        schedule_step(race);
}

/* Starts an attempt at the next upstream, or returns NULL where there is none. */
static struct attempt *start_next(struct race *race)
{
    struct upstream *u = next_upstream(race);
    struct attempt *attempt =
        u == NULL ? NULL
                  : attempt_new(&race->races->attempts, &race->question, u, on_attempt, race);

    if (attempt != NULL)
        list_append(&race->tried, &attempt->mine);
    return attempt;
}

/* Whether the next is not due yet: one of those under way is waited for. */
static bool look(struct race *race)
{
    struct attempt *it;
    bool is_waited_for = false;

    list_for_each(it, &race->tried, mine)
        is_waited_for |= attempt_look(it);
    return is_waited_for;
}

static bool has_hope(const struct race *race)
{
    struct attempt *it;

    list_for_each(it, &race->tried, mine) {
        if (it->state != ATTEMPT_FAILED)
            return true;
    }
    return false;
}

static void race_step(struct race *race)
{
    bool is_waited_for = look(race);
    struct attempt *attempt;

    while (!is_waited_for && (attempt = start_next(race)) != NULL)
        is_waited_for = attempt_look(attempt);
    if (!has_hope(race))
        race_end(race, RACE_NONE);
    else if (!ev_is_active(&race->tick))
        ev_timer_start(race->races->loop, &race->tick);
}

static void on_tick(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct race *race = container_of(timer, struct race, tick);

    (void)loop, (void)events;
    if (sock_has_hung_up(race->client_fd)) {
        lose_others(race, NULL);
        race_end(race, RACE_VANISHED);
        return;
    }
    race_step(race);
}

void races_init(struct races *races, struct upstreams *upstreams, const struct options *options)
{
    races->loop = upstreams->loop;
    races->attempts.upstreams = upstreams;
    races->attempts.options = options;
    list_init(&races->attempts.list);
    list_init(&races->list);
}

struct race *race_new(struct races *races, int client_fd, const struct question *question,
                      void (*done)(struct race *race, enum race_result result), void *arg)
{
    double patience = races->attempts.options->patience;
    double tick = fmin(PATIENCE_TICK, fmax(patience, 0.01));
    struct race *race = calloc(1, sizeof(*race));

    if (race == NULL)
        return NULL;
    race->races = races;
    race->client_fd = client_fd;
    race->question = *question;
    race->fd = -1;
    race->done = done;
    race->arg = arg;
    list_init(&race->tried);
    list_append(&races->list, &race->link);
    ev_timer_init(&race->tick, on_tick, tick, tick);
    upstreams_refresh(races->attempts.upstreams, patience);
    schedule_step(race);
    return race;
}

void race_free(struct race *race)
{
    struct attempt *it, *next;

    if (race == NULL)
        return;
    /* First off the list: an attempt that ends has all races look again. */
    list_remove(&race->link);
    list_for_each_safe(it, next, &race->tried, mine)
        attempt_free(it);
    ev_timer_stop(race->races->loop, &race->tick);
    close_fd(race->fd);
    flow_fini(&race->answer);
    free(race);
}

void races_kick(struct races *races)
{
    struct race *race;

    list_for_each(race, &races->list, link)
        schedule_step(race);
}
