/* SPDX-License-Identifier: MIT */
/* The relay against a model of it. The input is a script for its client and its upstream: who says
 * how much of what, who reads, shuts down and closes, whose socket takes little; and for its
 * driver: when it quiesces, and is carried on by another process. After each line of the script
 * the relay is stepped for as long as it asks for an event that is there. Then nothing may be left
 * that could still go on, and whatever has come out is as the model has it. */
#include "config.h"

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/wires.h"

/* Longer scripts cost time and find no more. */
#define LINES_MAX 20

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

/* --- what they say */

/* The upstream answers the next question that it has heard whole. */
static void answer(uint8_t kind, size_t size)
{
    if (is_raw || model.answered.n < model.heard)
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

/* --- the script */

static void begin(uint8_t how)
{
    /* Of the client's socket and of the upstream's. Small ones make for many steps. */
    static const size_t rooms[16][2] = {
        {KERNEL_ROOM, KERNEL_ROOM}, {KERNEL_ROOM, 20000}, {20000, KERNEL_ROOM}, {20000, 20000},
        {KERNEL_ROOM, 1000}, {1000, KERNEL_ROOM}, {1000, 1000}, {5000, 5000},
        {KERNEL_ROOM, 100}, {100, KERNEL_ROOM}, {100, 100}, {1000, 40},
        {40, 1000}, {KERNEL_ROOM, 7}, {7, KERNEL_ROOM}, {7, 7},
    };
    size_t least_room = least(rooms[how & 15][0], rooms[how & 15][1]);

    wires_begin(rooms[how & 15][0], rooms[how & 15][1]);
    largest = (how & 15) == 0 ? AGENT_FRAME_MAX : least(least_room * 4 + 50, 20000);
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
        ending = relay_flush(&relay, client.other);
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

/* --- what happens at the same time */

static void read_both(void)
{
    read_some(&client, SIZE_MAX);
    read_some(&upstream, SIZE_MAX);
}

static void send_both(void)
{
    send_some(&client, SIZE_MAX);
    send_some(&upstream, SIZE_MAX);
}

static void leave_client(void)
{
    leave(&client);
}

static void leave_upstream(void)
{
    leave(&upstream);
}

static void begin_race(unsigned how)
{
    static void (*const what[4])(void) = {read_both, send_both, leave_client, leave_upstream};

    race = (struct race){.after = 1 + (how & 1) + (how & 8) / 4, .run = what[how >> 1 & 3]};
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
        if (much < 8)
            upstream.is_deaf = (much & 1) != 0;
        else
            begin_race(much);
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
    for (size_t before = SIZE_MAX; ending == RELAY_GOING;) {
        size_t now = model.asked.sent + model.answered.sent;

        if (now == before)
            break;
        before = now;
        send_some(&client, SIZE_MAX);
        if (!is_raw)
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
    if (ending == RELAY_GOING && is_raw) {
        shut(&client);
        shut(&upstream);
        settle();
    }
    fuzz_must(ending != RELAY_GOING || (how % 3 < 2 && !is_raw));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    uint8_t how = fuzz_byte(&in);

    begin(how);
    is_raw = how >= 192;
    if (is_raw)
        step(RELAY_NEITHER);
    else if ((how & 32) != 0)
        begin_chosen(&in);
    for (unsigned lines = 0; lines < LINES_MAX && in.n > 0 && ending == RELAY_GOING; lines++) {
        play(&in);
        settle();
    }
    if (ending == RELAY_GOING)
        finish(how);
    wires_end();
    return 0;
}
