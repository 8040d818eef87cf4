/* SPDX-License-Identifier: MIT */
/* Frames: what a client or an agent may send. The first byte says how the stream is cut into
 * pieces, the rest is the stream. However it comes, the same frames are seen, and each tells of
 * itself what a second reading of the protocol tells. */
#include "config.h"

#include "relayd/agent/agent.h"
#include "relayd/agent/flow.h"
#include "relayd/base/util.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

#define INSTANCE "0123456789abcdef"

/* --- one frame */

/* How far the four strings of a session-bind reach; 0: not whole. */
static size_t after_strings(const uint8_t *p, size_t size)
{
    struct fuzz_input in = {p + AGENT_HEADER, size - AGENT_HEADER};

    for (int i = 0; i < 4; i++) {
        size_t length;

        if (in.n < 4)
            return 0;
        length = (size_t)fuzz_number(&in, 4);
        if (fuzz_take(&in, length).n != length)
            return 0;
    }
    return size - in.n;
}

static void check_bind(const uint8_t *p, size_t size)
{
    size_t end = after_strings(p, size);

    fuzz_must(agent_bind_is_forwarding(p, size) == (end > 0 && end + 1 == size && p[end] != 0));
}

static enum agent_kind kind_of_extension(const uint8_t *p, size_t size)
{
    static const char bind[] = "\0\0\0\x18session-bind@openssh.com", query[] = "\0\0\0\x05query",
                      ping[] = "\0\0\0\x13ping@relayd.invalid";

    p += AGENT_HEADER;
    size -= AGENT_HEADER;
    if (size >= sizeof(bind) - 1 && memcmp(p, bind, sizeof(bind) - 1) == 0)
        return AGENT_KIND_BIND;
    if (size >= sizeof(query) - 1 && memcmp(p, query, sizeof(query) - 1) == 0)
        return AGENT_KIND_QUERY;
    if (size >= sizeof(ping) - 1 && memcmp(p, ping, sizeof(ping) - 1) == 0)
        return AGENT_KIND_PING;
    return AGENT_KIND_EXTENSION;
}

static enum agent_kind kind_of(const uint8_t *p, size_t size)
{
    static const struct { uint8_t type; enum agent_kind kind; } known[] = {
        {11, AGENT_KIND_LIST}, {13, AGENT_KIND_SIGN}, {17, AGENT_KIND_ADD}, {25, AGENT_KIND_ADD},
        {18, AGENT_KIND_REMOVE}, {19, AGENT_KIND_REMOVE}, {20, AGENT_KIND_SMARTCARD},
        {21, AGENT_KIND_SMARTCARD}, {26, AGENT_KIND_SMARTCARD}, {22, AGENT_KIND_LOCK},
        {23, AGENT_KIND_LOCK},
    };

    if (p[4] == 27)
        return kind_of_extension(p, size);
    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        if (p[4] == known[i].type)
            return known[i].kind;
    }
    return AGENT_KIND_OTHER;
}

/* A part of a question may hide what it is, and never takes it for something safer. */
static void check_kind(const uint8_t *p, size_t size)
{
    enum agent_kind kind = agent_kind(p, size);
    size_t n = AGENT_HEADER + (size > 64 ? 64 : size - AGENT_HEADER) / 2;
    uint8_t *part = fuzz_copy(p, n);

    fuzz_must(kind == kind_of(p, size));
    fuzz_must(agent_kind(part, n) == kind || agent_kind(part, n) == AGENT_KIND_EXTENSION);
    fuzz_must(strcmp(agent_kind_name(kind), "?") != 0);
    free(part);
}

/* A question is our own ping exactly where it is the one that would be made. */
static void check_ping(const uint8_t *p, size_t size)
{
    uint8_t *made = malloc(AGENT_PING_SIZE);
    uint64_t nonce = 0;
    bool own;

    fuzz_must(made != NULL);
    if (size == AGENT_PING_SIZE)
        nonce = fuzz_number(&(struct fuzz_input){p + size - 8, 8}, 8);
    agent_ping_make(made, (const uint8_t *)INSTANCE, nonce);
    own = size == AGENT_PING_SIZE && memcmp(p, made, size) == 0;
    free(made);
    nonce = ~nonce;
    fuzz_must(agent_ping_is_own(p, size, (const uint8_t *)INSTANCE, &nonce) == own);
    if (own)
        fuzz_must(nonce == fuzz_number(&(struct fuzz_input){p + size - 8, 8}, 8));
}

static void check_answer(const uint8_t *p, size_t size)
{
    int keys = agent_keys(p, size);

    fuzz_must((keys >= 0) == (p[4] == 12 && size >= 9));
    if (keys >= 0 && p[5] < 0x80)
        fuzz_must((uint64_t)keys == fuzz_number(&(struct fuzz_input){p + 5, 4}, 4));
    for (int kind = 0; kind < AGENT_KINDS; kind++) {
        bool fits = agent_answer_fits((enum agent_kind)kind, p[4]);
        bool extension = kind_of((const uint8_t[]){0, 0, 0, 1, 27}, 5) == (enum agent_kind)kind ||
                         kind == AGENT_KIND_BIND || kind == AGENT_KIND_QUERY || kind == AGENT_KIND_PING;

        fuzz_must(fits || p[4] != AGENT_FAILURE);
        fuzz_must(!fits || kind != AGENT_KIND_LIST || p[4] == 12 || p[4] == 5);
        fuzz_must(!extension || fits == (p[4] == 5 || p[4] == 6 || p[4] == 28 || p[4] == 29));
    }
}

static void check_frame(const uint8_t *p, size_t size)
{
    check_kind(p, size);
    check_bind(p, size);
    check_ping(p, size);
    check_answer(p, size);
}

/* --- the stream */

/* What is told of the first n bytes is told of any more. */
static int head(struct agent_frame *frame, const uint8_t *p, size_t n)
{
    int before = 0;

    for (size_t i = 0; i <= n && i <= AGENT_HEADER + 1; i++) {
        uint8_t *part = fuzz_copy(p, i);
        int r = agent_frame_read(frame, part, i);

        free(part);
        fuzz_must(r == 0 || r == 1 || r == -EPROTO);
        fuzz_must(before == 0 || r == before);
        fuzz_must(r != 1 || (i >= 5 && frame->size >= 5 && frame->size <= AGENT_FRAME_MAX &&
                             frame->type == p[4]));
        before = r;
    }
    return before;
}

/* Takes the whole frames that the flow holds, and checks them against the stream. Returns how
 * far that has been read. */
static size_t take_frames(struct flow *flow, const uint8_t *stream, size_t at)
{
    struct agent_frame frame;

    while (agent_frame_read(&frame, flow_head(flow), flow_size(flow)) == 1 &&
           frame.size <= flow_size(flow)) {
        fuzz_must(memcmp(flow_head(flow), stream + at, frame.size) == 0);
        flow_drop(flow, frame.size);
        at += frame.size;
    }
    return at;
}

/* In pieces of 1 to 16 bytes. Returns where the last whole frame ends. */
static size_t read_in_pieces(struct fuzz_input in, uint8_t cut)
{
    struct flow flow = {0};
    const uint8_t *stream = in.p;
    size_t at = 0;

    while (in.n > 0) {
        struct fuzz_input piece = fuzz_take(&in, 1 + cut % 16);

        cut = (uint8_t)(cut * 5 + 3);
        fuzz_must(flow_put(&flow, piece.p, piece.n) == 0);
        at = take_frames(&flow, stream, at);
    }
    flow_fini(&flow);
    return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size}, rest;
    uint8_t cut = fuzz_byte(&in);
    struct agent_frame frame;

    rest = in;
    while (head(&frame, rest.p, rest.n) == 1 && frame.size <= rest.n) {
        struct fuzz_input whole = fuzz_take(&rest, frame.size);

        fuzz_must(frame.size == 4 + fuzz_number(&(struct fuzz_input){whole.p, 4}, 4));
        check_frame(whole.p, whole.n);
    }
    fuzz_must(read_in_pieces(in, cut) == (size_t)(rest.p - in.p));
    return 0;
}
