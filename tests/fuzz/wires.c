/* SPDX-License-Identifier: MIT */
/* A relay on its wires. It is stepped as the loop would step it, and looked at after each step, and
 * where it rests. */
#include "config.h"

#include "tests/fuzz/wires.h"

#include "relayd/session/raw.h"
#include "tests/fuzz/fuzz.h"

#include <ev.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* More turns without an end mean that it spins. */
#define TURNS_MAX 20000

struct party client, upstream;
struct relay relay;
enum relay_end ending;
struct model model;
bool is_upstream_first, is_raw;
struct race race;

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* --- the parties */

static struct kernel_fd *room_of(const struct party *party)
{
    return kernel_get(party->fd);
}

static bool takes_more(const struct party *party)
{
    return party->is_closed || (kernel_events(kernel_get(party->other)) & EPOLLOUT) != 0;
}

static bool is_full(const struct party *party)
{
    const struct kernel_fd *k = room_of(party);

    return k != NULL && k->n == k->room;
}

void send_some(struct party *party, size_t n)
{
    struct model_stream *s = party->stream;
    ssize_t sent;

    if (party->is_shut || s->sent == s->said)
        return;
    sent = send(party->fd, s->bytes + s->sent, least(n, s->said - s->sent), 0);
    s->sent += sent > 0 ? (size_t)sent : 0;
}

/* Returns whether there was something to read. */
bool read_some(struct party *party, size_t n)
{
    static uint8_t bytes[KERNEL_ROOM];

    return !party->is_closed && recv(party->fd, bytes, least(n, sizeof(bytes)), 0) > 0;
}

void shut(struct party *party)
{
    if (!party->is_closed)
        shutdown(party->fd, SHUT_WR);
    party->is_shut = true;
}

void leave(struct party *party)
{
    if (!party->is_closed)
        close(party->fd);
    party->is_shut = party->is_closed = true;
}

/* --- what is checked */

static bool gate(void *arg, enum agent_kind kind, const uint8_t *bytes, size_t n)
{
    fuzz_must(!relay.is_held);
    model_note_refused(&model);
    return model_judge(&model, kind, bytes, n);
}

static void hear_raw(const struct party *party, const struct model_stream *other,
                     const uint8_t *bytes, size_t n)
{
    fuzz_must(party->heard + n <= other->sent);
    fuzz_must(memcmp(bytes, other->bytes + party->heard, n) == 0);
}

static void hear(struct party *party)
{
    const struct kernel_fd *k = room_of(party);
    size_t n = k == NULL ? 0 : (size_t)(k->written - party->heard);
    const uint8_t *bytes;

    if (n == 0)
        return;
    fuzz_must(n <= k->n);
    bytes = kernel_peek(k) + k->n - n;
    if (is_raw)
        hear_raw(party, party == &client ? &model.answered : &model.asked, bytes, n);
    else if (party == &client)
        model_hear_down(&model, bytes, n);
    else
        model_hear_up(&model, bytes, n);
    party->heard += n;
}

/* Both hear what has come out by now. */
static void hear_all(void)
{
    if (!relay.is_held)
        model_note_refused(&model);
    hear(&upstream);
    hear(&client);
}

/* Others run while a step is under way. What has come out is heard first: it may be gone then. */
static void run_race(void)
{
    if (race.after == 0 || --race.after > 0)
        return;
    hear_all();
    race.run();
}

/* Whether all that the client has said whole is answered. */
static bool is_answered(void)
{
    const struct model_frame *f = &model.asked.frames[model.judged];

    return model.begun == model.delivered && !model.is_refusing &&
           (model.judged == model.asked.n || !model_is_begun(&model.asked, model.judged) ||
            f->fate == MODEL_BAD);
}

/* Nothing that is owed can be answered, for the client will never say the rest of it. */
static bool is_cut_off(void)
{
    return model.begun == model.delivered + 1 && client.is_shut && model.up < model.judged &&
           !model_is_sent(&model.asked, model.up);
}

static bool is_bad(const struct model_stream *s, unsigned i)
{
    return model_is_begun(s, i) && s->frames[i].fate == MODEL_BAD;
}

static void check_end(void)
{
    switch (ending) {
    case RELAY_GOING:
        break;
    case RELAY_CLIENT_DONE:
        fuzz_must(client.is_shut);
        fuzz_must(model.is_unasked || is_answered() || is_cut_off());
        fuzz_must(model.is_unasked || model_is_all_delivered(&model));
        break;
    case RELAY_CLIENT_GONE:
        fuzz_must(client.is_closed);
        break;
    case RELAY_CLIENT_BAD:
        fuzz_must(is_bad(&model.asked, model.judged));
        break;
    case RELAY_UPSTREAM_CLOSED:
        fuzz_must(upstream.is_shut && model_is_all_delivered(&model));
        break;
    case RELAY_UPSTREAM_BAD:
        fuzz_must(is_bad(&model.answered, model.down) && model_is_all_delivered(&model));
        break;
    case RELAY_NO_MEMORY:
        fuzz_must(!"memory is there");
    }
}

static void check_raw_end(void)
{
    if (ending == RELAY_CLIENT_DONE)
        fuzz_must(client.is_shut && upstream.is_shut && client.heard == model.answered.sent &&
                  upstream.heard == model.asked.sent);
    else if (ending != RELAY_GOING)
        fuzz_must(ending == RELAY_CLIENT_GONE && (client.is_closed || upstream.is_closed));
}

/* A signature waits while so many answers are owed. */
static bool is_crowded(const struct model_frame *f)
{
    return agent_kind(model.asked.bytes + f->start, f->size) == AGENT_KIND_SIGN &&
           relay.owed >= RELAY_SIGNATURES_MAX;
}

/* The next question could go on, or be answered here. */
static bool is_question_due(void)
{
    const struct model_frame *f = model_next(&model);

    return f != NULL && (f->fate == MODEL_REFUSED ? !model_is_owing(&model) : !is_crowded(f));
}

/* Of what was let pass, something is in the relay. */
static bool is_question_left(void)
{
    unsigned up = model.up;

    while (model.up_done == 0 && up < model.judged && model.asked.frames[up].fate == MODEL_REFUSED)
        up++;
    return up < model.judged &&
           model.asked.sent > model.asked.frames[up].start + model.up_done;
}

/* Where the relay rests, all has gone on that could. */
static void check_rest(void)
{
    if (takes_more(&client)) {
        fuzz_must(model_is_all_delivered(&model));
        fuzz_must(!is_bad(&model.answered, model.down));
        fuzz_must(!upstream.is_shut);
        fuzz_must(model.is_unasked || !client.is_shut || !is_answered());
        fuzz_must(model.is_unasked || !is_cut_off() || is_question_left());
    }
    if (takes_more(&upstream) && !upstream.is_closed && (takes_more(&client) || !model.is_refusing)) {
        fuzz_must(model.is_unasked || !is_question_due());
        fuzz_must(!is_question_left());
    }
    /* Only a look at it shows that it has gone. */
    if (client.is_closed)
        fuzz_must(relay_is_client_unseen(&relay));
}

/* All that one side has said has come to the other, and its end as well. */
static void check_raw_way(const struct party *from, const struct party *to)
{
    const struct kernel_fd *k = room_of(to);

    if (!takes_more(to) || k == NULL)
        return;
    fuzz_must(to->heard == from->stream->sent);
    fuzz_must(!from->is_shut || k->is_in_over);
}

static void check_raw_rest(void)
{
    check_raw_way(&client, &upstream);
    check_raw_way(&upstream, &client);
    if (client.is_closed)
        fuzz_must(relay_is_client_unseen(&relay));
}

static bool is_waiting_for_client(void)
{
    const struct model_frame *f = model_next(&model);
    size_t held = flow_size(&relay.up);

    return held == 0 || model.is_refusing || (f != NULL && is_crowded(f)) ||
           (held < RELAY_WHOLE_MAX && !model_is_begun(&model.asked, model.judged));
}

/* What is begun gets through, if both take it; then it can be handed over. */
static void check_quiet(void)
{
    if (is_raw && takes_more(&client) && takes_more(&upstream))
        fuzz_must(relay_is_empty(&relay));
    if (is_raw)
        return;
    if (takes_more(&client))
        fuzz_must(flow_size(&relay.down) < AGENT_HEADER || is_bad(&model.answered, model.down));
    if (takes_more(&upstream) && !upstream.is_closed)
        fuzz_must(is_waiting_for_client() || is_bad(&model.asked, model.judged));
}

/* --- the driver */

void step(enum relay_side readable)
{
    struct kernel_fd *k = kernel_get(client.other);
    uint64_t before = k->read;
    bool was_held = relay.is_held && relay.owed > 0;

    ending = (is_raw ? raw_step : relay_step)(&relay, client.other, upstream.other, readable);
    if (was_held && relay.is_held)
        fuzz_must(k->read == before);
    hear_all();
    fuzz_must(flow_size(&relay.up) <= FLOW_SIZE && flow_size(&relay.down) <= FLOW_SIZE);
    fuzz_must(relay.up.end <= relay.up.cap && relay.down.end <= relay.down.cap); /* none is lent */
    if (is_raw) {
        check_raw_end();
        return;
    }
    if (ending == RELAY_GOING)
        model_check_counts(&model, &relay, is_full(&client) || client.is_closed);
    check_end();
}

/* As libev does it: an error, or the end of both ways, is whatever is waited for. */
static int fired(const struct party *party, int wanted)
{
    uint32_t events = kernel_events(kernel_get(party->other));
    int got = 0;

    if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0)
        got |= EV_READ;
    if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0)
        got |= EV_WRITE;
    return got & wanted;
}

/* Returns whether one side had an event that was waited for. */
static bool turn(void)
{
    int at_client = fired(&client, relay_client_events(&relay));
    int at_upstream = fired(&upstream, relay_upstream_events(&relay));

    if (at_upstream != 0 && (is_upstream_first || at_client == 0))
        step((at_upstream & EV_READ) != 0 ? RELAY_UPSTREAM : RELAY_NEITHER);
    else if (at_client != 0)
        step((at_client & EV_READ) != 0 ? RELAY_CLIENT : RELAY_NEITHER);
    return at_client != 0 || at_upstream != 0;
}

static void check_still(void)
{
    if (relay.is_quiescing)
        check_quiet();
    else if (is_raw)
        check_raw_rest();
    else
        check_rest();
}

void settle(void)
{
    bool is_moving = true;

    for (unsigned turns = 0; is_moving && ending == RELAY_GOING; turns++) {
        fuzz_must(turns < TURNS_MAX);
        is_moving = turn();
        if (ending == RELAY_GOING && !is_moving) {
            check_still();
            is_moving |= !client.is_deaf && read_some(&client, SIZE_MAX);
            is_moving |= !upstream.is_deaf && read_some(&upstream, SIZE_MAX);
        }
    }
}

/* Another process goes on with it. */
void hand_over(void)
{
    char name[RECORD_NAME_SIZE];
    struct record record = {0};

    if (!relay.is_quiescing || !relay_is_empty(&relay))
        return;
    relay_save(&relay, &record);
    fuzz_must(record_write(&record, name) == 0);
    relay_fini(&relay);
    memset(&record, 0, sizeof(record));
    fuzz_must(record_read(&record, name) == 0);
    relay = (struct relay){.gate = gate};
    relay_restore(&relay, &record);
}

/* --- the wires */

static void begin_party(struct party *party, struct model_stream *stream, size_t room)
{
    int fd[2];

    kernel_pair(fd, room);
    *party = (struct party){.fd = fd[0], .other = fd[1], .stream = stream};
}

void wires_begin(size_t client_room, size_t upstream_room)
{
    kernel_begin();
    model_init(&model);
    begin_party(&client, &model.asked, client_room);
    begin_party(&upstream, &model.answered, upstream_room);
    relay = (struct relay){.gate = gate};
    ending = RELAY_GOING;
    race = (struct race){0};
    kernel.on_call = run_race;
}

void wires_end(void)
{
    relay_fini(&relay);
    leave(&client);
    leave(&upstream);
    close(client.other);
    close(upstream.other);
    fuzz_must(kernel_inside() == 0);
    kernel_end();
}
