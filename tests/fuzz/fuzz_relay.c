/* SPDX-License-Identifier: MIT */
/* The relay against a model of it. The input is a script for its client and its upstream: who says
 * how much of what, who reads, shuts down and closes, whose socket takes little; and for its
 * driver: when it quiesces, and is carried on by another process. After each line of the script
 * the relay is stepped for as long as it asks for an event that is there. Then nothing may be left
 * that could still go on, and whatever has come out is as the model has it. */
#include "config.h"

#include "relayd/session/relay.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/kernel.h"
#include "tests/fuzz/model.h"

#include <ev.h>
#include <sys/socket.h>
#include <unistd.h>

/* More turns without an end mean that it spins. */
#define TURNS_MAX 20000
/* Longer scripts cost time and find no more. */
#define LINES_MAX 30

struct party {
    int fd;    /* its own, outside */
    int other; /* the relay's */
    uint64_t heard; /* bytes that the model knows of */
    bool is_deaf;   /* it reads nothing at the moment */
    bool is_shut, is_closed;
    struct model_stream *stream;
};

static struct party client, upstream;
static struct relay relay;
static enum relay_end end;
static struct model model;
static bool is_upstream_first; /* where both have something to say */

static const size_t sizes[16] = {5, 5, 6, 7, 9, 13, 30, 64, 300, 1000, 4095, 4096, 4097,
                                 16389, 30000, AGENT_FRAME_MAX};
static const size_t amounts[16] = {SIZE_MAX, 1, 2, 3, 4, 5, 6, 9, 100, 1000, 4095, 4096, 5000,
                                   16384, 17000, 0};
static const uint8_t questions[16] = {11, 13, 19, 17, 11, 13, 19, 22, 27, 25, 18, 99, 11, 13, 19, 20};
static const uint8_t answers[16] = {12, 14, 5, 6, 28, 29, 12, 14, 99, 0, 255, 6, 6, 5, 14, 12};

static size_t largest; /* frames, so that no run takes long */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t size_of(unsigned i)
{
    return least(sizes[i & 15], largest);
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

static void send_some(struct party *party, size_t n)
{
    struct model_stream *s = party->stream;
    ssize_t sent;

    if (party->is_shut || s->sent == s->said)
        return;
    sent = send(party->fd, s->bytes + s->sent, least(n, s->said - s->sent), 0);
    s->sent += sent > 0 ? (size_t)sent : 0;
}

/* Returns whether there was something to read. */
static bool read_some(struct party *party, size_t n)
{
    static uint8_t bytes[KERNEL_ROOM];

    return !party->is_closed && recv(party->fd, bytes, least(n, sizeof(bytes)), 0) > 0;
}

static void shut(struct party *party)
{
    if (!party->is_closed)
        shutdown(party->fd, SHUT_WR);
    party->is_shut = true;
}

static void leave(struct party *party)
{
    if (!party->is_closed)
        close(party->fd);
    party->is_shut = party->is_closed = true;
}

/* The upstream answers the next question that it has heard whole. */
static void answer(uint8_t kind, size_t size)
{
    if (model.answered.n < model.heard)
        model_say(&model.answered, answers[kind], size == 5 && answers[kind] == 5 ? 6 : size,
                  MODEL_PASSES);
}

static void say_unasked(size_t size)
{
    model.is_unasked = true;
    model_say(&model.answered, 99, size, MODEL_PASSES);
}

static void say_nonsense(struct model_stream *stream, uint8_t how)
{
    if (stream == &model.answered)
        model.is_unasked = true;
    model_say(stream, how, AGENT_HEADER, MODEL_BAD);
}

static void ask(unsigned kind, size_t size)
{
    uint8_t type = questions[kind];

    model_say(&model.asked, type, size, type == 19 ? MODEL_REFUSED : MODEL_PASSES);
}

/* --- what is checked */

static bool gate(void *arg, enum agent_kind kind, const uint8_t *bytes, size_t n)
{
    if (!relay.is_held)
        model_note_refused(&model);
    return model_judge(&model, kind, bytes, n);
}

static void hear(struct party *party, void (*take)(struct model *, const uint8_t *, size_t))
{
    const struct kernel_fd *k = room_of(party);
    size_t n = k == NULL ? 0 : (size_t)(k->written - party->heard);

    if (n == 0)
        return;
    fuzz_must(n <= k->n);
    take(&model, kernel_peek(k) + k->n - n, n);
    party->heard += n;
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
    switch (end) {
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

/* The next question could go on, or be answered here. */
static bool is_question_due(void)
{
    const struct model_frame *f = model_next(&model);

    return f != NULL && (f->fate != MODEL_REFUSED || !model_is_owing(&model));
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

static bool is_waiting_for_client(void)
{
    size_t held = flow_size(&relay.up);

    return held == 0 || model.is_refusing ||
           (held < RELAY_WHOLE_MAX && !model_is_begun(&model.asked, model.judged));
}

/* What is begun gets through, if both take it; then it can be handed over. */
static void check_quiet(void)
{
    if (takes_more(&client))
        fuzz_must(flow_size(&relay.down) < AGENT_HEADER || is_bad(&model.answered, model.down));
    if (takes_more(&upstream) && !upstream.is_closed)
        fuzz_must(is_waiting_for_client() || is_bad(&model.asked, model.judged));
}

/* --- the driver */

static void step(enum relay_side readable)
{
    struct kernel_fd *k = kernel_get(client.other);
    uint64_t before = k->read;
    bool was_held = relay.is_held && relay.owed > 0;

    end = relay_step(&relay, client.other, upstream.other, readable);
    if (was_held && relay.is_held)
        fuzz_must(k->read == before);
    if (!relay.is_held)
        model_note_refused(&model);
    hear(&upstream, model_hear_up);
    hear(&client, model_hear_down);
    fuzz_must(flow_size(&relay.up) <= FLOW_SIZE && flow_size(&relay.down) <= FLOW_SIZE);
    if (end == RELAY_GOING)
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

/* Turns until it rests, or has ended. */
static void settle(void)
{
    bool is_moving = true;

    for (unsigned turns = 0; is_moving && end == RELAY_GOING; turns++) {
        fuzz_must(turns < TURNS_MAX);
        is_moving = turn();
        if (end == RELAY_GOING && !is_moving) {
            if (relay.is_quiescing)
                check_quiet();
            else
                check_rest();
            is_moving |= !client.is_deaf && read_some(&client, SIZE_MAX);
            is_moving |= !upstream.is_deaf && read_some(&upstream, SIZE_MAX);
        }
    }
}

/* Another process goes on with it. */
static void hand_over(void)
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

/* --- the script */

static void begin_party(struct party *party, struct model_stream *stream, size_t room)
{
    int fd[2];

    kernel_pair(fd, room);
    *party = (struct party){.fd = fd[0], .other = fd[1], .stream = stream};
}

static void begin(uint8_t how)
{
    static const size_t rooms[4] = {KERNEL_ROOM, 20000, 1000, 7};

    kernel_begin();
    model_init(&model);
    begin_party(&client, &model.asked, rooms[how & 3]);
    begin_party(&upstream, &model.answered, rooms[how >> 2 & 3]);
    largest = least(rooms[how & 3], rooms[how >> 2 & 3]) * 4 + 50;
    relay = (struct relay){.gate = gate};
    end = RELAY_GOING;
    is_upstream_first = (how & 16) != 0;
}

/* The first question has been asked while an upstream was chosen, or was answered before that; as
 * choosing.c and questions.c do it. */
static void begin_chosen(struct fuzz_input *in)
{
    struct agent_frame frame;
    enum agent_kind kind;
    size_t n, size = size_of(fuzz_byte(in) & 7);
    const struct model_frame *f;

    ask(fuzz_byte(in) & 15, size);
    send_some(&client, SIZE_MAX);
    while (relay_first(&relay, &frame, &kind, &n) == 0) {
        fuzz_must(relay_read_client(&relay, client.other) == RELAY_GOING);
        send_some(&client, SIZE_MAX);
    }
    f = model_next(&model);
    fuzz_must(f != NULL && n == size && frame.size == size);
    model.judged++;
    if (f->fate == MODEL_REFUSED) {
        fuzz_must(relay_answer_first(&relay, &frame, agent_failure, sizeof(agent_failure)) == 0);
        end = relay_flush(&relay, client.other);
    } else {
        relay_count(&relay, kind);
        flow_drop(&relay.up, size);
        model.begun = model.heard = model.up = 1;
        answer(fuzz_byte(in) & 15, size_of(fuzz_byte(in) & 7));
        fuzz_must(flow_put(&relay.down, model.answered.bytes, model.answered.said) == 0);
        model.answered.sent = model.answered.said;
    }
    step(RELAY_NEITHER);
}

/* One line: what is done in the low half of its first byte, how much of it in the high one. */
static void play(struct fuzz_input *in)
{
    uint8_t line = fuzz_byte(in), more;
    uint8_t much = line >> 4;

    switch (line & 15) {
    case 0:
        more = fuzz_byte(in);
        ask(more & 15, size_of(more >> 4));
        send_some(&client, amounts[much]);
        break;
    case 1:
        send_some(&client, amounts[much]);
        break;
    case 2:
        more = fuzz_byte(in);
        answer(more & 15, size_of(more >> 4));
        send_some(&upstream, amounts[much]);
        break;
    case 3:
        send_some(&upstream, amounts[much]);
        break;
    case 4:
        say_unasked(size_of(much & 7));
        break;
    case 5:
        client.is_deaf = (much & 1) != 0;
        break;
    case 6:
        upstream.is_deaf = (much & 1) != 0;
        break;
    case 7:
        read_some(&client, amounts[much]);
        break;
    case 8:
        read_some(&upstream, amounts[much]);
        break;
    case 9:
        shut(much < 8 ? &client : &upstream);
        break;
    case 10:
        leave(much < 8 ? &client : &upstream);
        break;
    case 11:
        relay.is_quiescing = (much & 1) == 0;
        break;
    case 12:
        hand_over();
        break;
    case 13:
        say_nonsense(much < 8 ? &model.asked : &model.answered, much);
        break;
    case 14:
        step((enum relay_side)(much & 3));
        break;
    case 15:
        is_upstream_first = (much & 1) != 0;
        for (int i = 0; i < 3; i++)
            ask((much + (unsigned)i) & 15, size_of(much >> 1));
        send_some(&client, SIZE_MAX);
        break;
    }
}

/* From now on both say what they have begun, and read; then one of them ends it. */
static void finish(uint8_t how)
{
    client.is_deaf = upstream.is_deaf = relay.is_quiescing = false;
    for (size_t before = SIZE_MAX; end == RELAY_GOING;) {
        size_t now = model.asked.sent + model.answered.sent;

        if (now == before)
            break;
        before = now;
        send_some(&client, SIZE_MAX);
        answer(how & 15, 64);
        send_some(&upstream, SIZE_MAX);
        settle();
    }
    if (how % 3 == 0)
        shut(&client);
    else if (how % 3 == 1)
        leave(&client);
    else
        leave(&upstream);
    settle();
    if (end == RELAY_GOING && how % 3 == 2)
        fuzz_must(!"it has ended");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    uint8_t how = fuzz_byte(&in);

    begin(how);
    if ((how & 32) != 0)
        begin_chosen(&in);
    for (unsigned lines = 0; lines < LINES_MAX && in.n > 0 && end == RELAY_GOING; lines++) {
        play(&in);
        settle();
    }
    if (end == RELAY_GOING)
        finish(how);
    relay_fini(&relay);
    leave(&client);
    leave(&upstream);
    close(client.other);
    close(upstream.other);
    fuzz_must(kernel_inside() == 0);
    kernel_end();
    return 0;
}
