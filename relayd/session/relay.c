/* SPDX-License-Identifier: MIT */
/* A relay. Frames are followed only by counting down their bytes, so that a frame
 * of 256 KiB passes through 16 KiB of memory; only a frame's beginning is ever
 * looked at. */
#include "config.h"

#include "relayd/session/relay.h"

#include <assert.h>
#include <errno.h>
#include <ev.h>
#include <string.h>

void relay_fini(struct relay *relay)
{
    flow_fini(&relay->up);
    flow_fini(&relay->down);
}

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Drops what is here of a question that was answered here; the rest, when it comes. */
static void skip(struct relay *relay)
{
    size_t n = min_size(relay->skip_left, flow_size(&relay->up));

    flow_drop(&relay->up, n);
    relay->skip_left -= n;
}

/* How much a flow may hold. While the relay quiesces that is what completes the frame whose
 * beginning is held, so that all of it can go on. */
static size_t read_limit(const struct relay *relay, const struct flow *flow, size_t left,
                         size_t most)
{
    struct agent_frame frame = {.size = AGENT_HEADER};

    if (!relay->is_quiescing)
        return most;
    if (left > 0 || flow_size(flow) == 0)
        return 0;
    agent_frame_read(&frame, flow_head(flow), flow_size(flow));
    return min_size(frame.size, RELAY_WHOLE_MAX);
}

static enum relay_end read_client(struct relay *relay, int client_fd, size_t most,
                                  uint8_t scratch[FLOW_SIZE])
{
    ssize_t n;

    if (relay->is_client_done || relay->is_held)
        return RELAY_GOING;
    n = flow_read_into(&relay->up, client_fd,
                       read_limit(relay, &relay->up, relay->up_left, most), scratch);
    if (n == 0)
        relay->is_client_done = true;
    if (n == -ENOMEM)
        return RELAY_NO_MEMORY;
    if (n < 0 && n != -EAGAIN && n != -ENOBUFS)
        return RELAY_CLIENT_GONE;
    skip(relay);
    return RELAY_GOING;
}

/* Gives what has to wait memory of its own. Returns end, or RELAY_NO_MEMORY. */
static enum relay_end kept(struct flow *flow, enum relay_end end)
{
    return flow_keep(flow) < 0 && end == RELAY_GOING ? RELAY_NO_MEMORY : end;
}

enum relay_end relay_read_client(struct relay *relay, int client_fd)
{
    uint8_t scratch[FLOW_SIZE];

    return kept(&relay->up, read_client(relay, client_fd, RELAY_WHOLE_MAX, scratch));
}

int relay_first(const struct relay *relay, struct agent_frame *frame, enum agent_kind *kind,
                size_t *n)
{
    size_t size = flow_size(&relay->up);
    int r = agent_frame_read(frame, flow_head(&relay->up), size);

    if (r <= 0)
        return r;
    *n = min_size(frame->size, size);
    if (*n < min_size(frame->size, RELAY_WHOLE_MAX))
        return 0;
    *kind = agent_kind(flow_head(&relay->up), *n);
    return 1;
}

int relay_answer_first(struct relay *relay, const struct agent_frame *frame,
                       const uint8_t *answer, size_t size)
{
    relay->skip_left = frame->size;
    skip(relay);
    relay->owed++;
    return flow_put(&relay->down, answer, size);
}

void relay_count(struct relay *relay, enum agent_kind kind)
{
    relay->owed++;
    relay->is_unsafe |= !agent_kind_is_safe(kind);
    relay->asked[kind]++;
}

/* Whether an answer of our own would come before one that is still to be delivered. */
static bool owes(const struct relay *relay)
{
    return relay->owed > 0 || relay->down_left > 0 || flow_size(&relay->down) > 0;
}

/* Lets the next question go on, or answers it here. The gate is asked once: what it has refused
 * stays so while it waits. Returns 1 if there was one to decide, 0 if not at the moment, or
 * -errno. */
static int decide(struct relay *relay)
{
    struct agent_frame frame;
    enum agent_kind kind;
    size_t n;
    int r = relay_first(relay, &frame, &kind, &n);

    assert(relay->skip_left == 0); /* or all of `up` would be dropped by now */
    if (r <= 0)
        return r;
    relay->is_crowded = kind == AGENT_KIND_SIGN && relay->owed >= RELAY_SIGNATURES_MAX;
    if (relay->is_crowded)
        return 0;
    if (!relay->is_held && relay->gate(relay->gate_arg, kind, flow_head(&relay->up), n)) {
        relay->up_left = frame.size;
        relay_count(relay, kind);
        return 1;
    }
    relay->is_held = owes(relay);
    if (relay->is_held)
        return 0;
    relay->asked[kind]++;
    r = relay_answer_first(relay, &frame, agent_failure, sizeof(agent_failure));
    return r < 0 ? r : 1;
}

static enum relay_end send_questions(struct relay *relay, int upstream_fd)
{
    while (flow_size(&relay->up) > 0 && !relay->is_upstream_deaf) {
        ssize_t n;
        int r;

        if (relay->up_left == 0) {
            r = decide(relay);
            if (r < 0)
                return r == -ENOMEM ? RELAY_NO_MEMORY : RELAY_CLIENT_BAD;
            if (r == 0)
                return RELAY_GOING;
            continue;
        }
        n = flow_write(&relay->up, upstream_fd, relay->up_left);
        if (n == -ENOMEM)
            return RELAY_NO_MEMORY;
        if (n < 0) {
            relay->is_upstream_deaf = true;
            return RELAY_GOING;
        }
        relay->up_left -= (size_t)n;
        if (n == 0)
            break;
    }
    return RELAY_GOING;
}

static void note_answer(struct relay *relay)
{
    if (relay->owed > 0)
        relay->owed--;
    if (relay->owed == 0)
        relay->is_unsafe = false;
    relay->answered++;
}

/* Lets the answer at the head of `down` go on. Returns -EPROTO for a bad frame. Where the
 * stream has ended within a head, drops that. */
static int begin_answer(struct relay *relay)
{
    struct agent_frame frame;
    int r = agent_frame_read(&frame, flow_head(&relay->down), flow_size(&relay->down));

    if (r == 1 && relay->on_answer != NULL)
        relay->on_answer(relay->gate_arg, frame.type);
    if (r == 1)
        relay->down_left = frame.size;
    else if (r == 0 && relay->is_upstream_done)
        flow_fini(&relay->down);
    return r;
}

enum relay_end relay_flush(struct relay *relay, int client_fd)
{
    while (flow_size(&relay->down) > 0) {
        ssize_t n;

        if (relay->down_left == 0 && begin_answer(relay) < 0)
            return RELAY_UPSTREAM_BAD;
        if (relay->down_left == 0)
            break;
        n = flow_write(&relay->down, client_fd, relay->down_left);
        if (n < 0)
            return n == -ENOMEM ? RELAY_NO_MEMORY : RELAY_CLIENT_GONE;
        if (n == 0)
            break;
        relay->down_left -= (size_t)n;
        if (relay->down_left == 0)
            note_answer(relay);
    }
    return RELAY_GOING;
}

static enum relay_end read_upstream(struct relay *relay, int upstream_fd,
                                    uint8_t scratch[FLOW_SIZE])
{
    ssize_t n;

    if (relay->is_upstream_done)
        return RELAY_GOING;
    n = flow_read_into(&relay->down, upstream_fd,
                       read_limit(relay, &relay->down, relay->down_left, FLOW_SIZE), scratch);
    if (n == -ENOMEM)
        return RELAY_NO_MEMORY;
    if (n == 0 || (n < 0 && n != -EAGAIN && n != -ENOBUFS))
        relay->is_upstream_done = true;
    return RELAY_GOING;
}

bool relay_is_client_late(const struct relay *relay)
{
    return relay->owed == 1 && relay->up_left > 0 && flow_size(&relay->up) == 0;
}

static enum relay_end ended(const struct relay *relay)
{
    if (flow_size(&relay->down) > 0)
        return RELAY_GOING;
    if (relay->is_upstream_done)
        return RELAY_UPSTREAM_CLOSED;
    /* A question that the end of the stream cut off will never be whole. */
    if (relay->is_client_done && (relay->owed == 0 || relay_is_client_late(relay)))
        return RELAY_CLIENT_DONE;
    return RELAY_GOING;
}

/* Whether a question that was held back may go on now: no event would tell of it. */
static bool may_resume(const struct relay *relay)
{
    return !relay->is_upstream_deaf && ((relay->is_held && !owes(relay)) ||
                                        (relay->is_crowded && relay->owed < RELAY_SIGNATURES_MAX));
}

/* Reads the answers that are there, and lets them go on. */
static enum relay_end step_down(struct relay *relay, int client_fd, int upstream_fd,
                                bool may_read, uint8_t scratch[FLOW_SIZE])
{
    enum relay_end end = may_read ? read_upstream(relay, upstream_fd, scratch) : RELAY_GOING;

    return kept(&relay->down, end == RELAY_GOING ? relay_flush(relay, client_fd) : end);
}

/* Reads what the client says, and lets it go on. A question that was refused has its answer then,
 * and the next such one is held back until that is delivered. */
static enum relay_end step_up(struct relay *relay, int client_fd, int upstream_fd, bool may_read,
                              uint8_t scratch[FLOW_SIZE])
{
    enum relay_end end =
        may_read ? read_client(relay, client_fd, FLOW_SIZE, scratch) : RELAY_GOING;

    do {
        if (end == RELAY_GOING)
            end = send_questions(relay, upstream_fd);
        if (end == RELAY_GOING)
            end = relay_flush(relay, client_fd);
    } while (end == RELAY_GOING && may_resume(relay));
    return kept(&relay->up, end);
}

enum relay_end relay_step(struct relay *relay, int client_fd, int upstream_fd,
                          enum relay_side readable)
{
    uint8_t scratch[FLOW_SIZE];
    enum relay_end end = step_down(relay, client_fd, upstream_fd,
                                   (readable & RELAY_UPSTREAM) != 0, scratch);

    if (end == RELAY_GOING)
        end = step_up(relay, client_fd, upstream_fd, (readable & RELAY_CLIENT) != 0, scratch);
    return end == RELAY_GOING ? ended(relay) : end;
}

bool relay_is_client_slow(const struct relay *relay)
{
    return relay->down_left > 0 && flow_size(&relay->down) > 0;
}

bool relay_is_empty(const struct relay *relay)
{
    return flow_size(&relay->up) == 0 && flow_size(&relay->down) == 0;
}

void relay_save(const struct relay *relay, struct record *record)
{
    record->up_left = relay->up_left;
    record->down_left = relay->down_left;
    record->skip_left = relay->skip_left;
    record->owed = relay->owed;
    record->answered = relay->answered;
    record->is_unsafe = relay->is_unsafe;
    for (int kind = 0; kind < AGENT_KINDS; kind++)
        record->asked[kind] = relay->asked[kind];
}

void relay_restore(struct relay *relay, const struct record *record)
{
    relay->up_left = record->up_left;
    relay->down_left = record->down_left;
    relay->skip_left = record->skip_left;
    relay->owed = (uint32_t)record->owed;
    relay->answered = (uint32_t)record->answered;
    relay->is_unsafe = record->is_unsafe != 0;
    for (int kind = 0; kind < AGENT_KINDS; kind++)
        relay->asked[kind] = (uint32_t)record->asked[kind];
}

int relay_client_events(const struct relay *relay)
{
    size_t limit = read_limit(relay, &relay->up, relay->up_left, FLOW_SIZE);
    bool is_readable = !relay->is_client_done && !relay->is_held && !relay->is_upstream_deaf &&
                       flow_size(&relay->up) < limit;

    return (is_readable ? EV_READ : 0) | (relay_is_client_slow(relay) ? EV_WRITE : 0);
}

bool relay_is_client_unseen(const struct relay *relay)
{
    return !relay->is_quiescing && relay_client_events(relay) == 0;
}

int relay_upstream_events(const struct relay *relay)
{
    size_t limit = read_limit(relay, &relay->down, relay->down_left, FLOW_SIZE);
    bool is_readable = !relay->is_upstream_done && flow_size(&relay->down) < limit;
    bool is_blocked =
        relay->up_left > 0 && flow_size(&relay->up) > 0 && !relay->is_upstream_deaf;

    return (is_readable ? EV_READ : 0) | (is_blocked ? EV_WRITE : 0);
}
