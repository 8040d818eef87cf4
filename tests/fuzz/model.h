/* SPDX-License-Identifier: MIT */
/*
 * What a relay must do, said as simply as can be: what either side has said, cut into frames, and
 * how far the other has heard it. It knows nothing of flows, limits or events. Whatever a relay
 * does wrong by it is a broken fuzz_must().
 *
 * Questions come out unchanged and in order, but for the refused ones; answers likewise, with a
 * FAILURE of the relay's own where a refused one stood. No frame of an upstream in a test is just
 * that FAILURE, so the two are told apart.
 */
#ifndef RELAYD_MODEL_H
#define RELAYD_MODEL_H

#include "relayd/session/relay.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODEL_FRAMES 128
#define MODEL_BYTES (400 * 1024)

enum model_fate {
    MODEL_PASSES,
    MODEL_REFUSED, /* a question that the gate keeps back */
    MODEL_BAD,     /* no frame at all: length 0, or over the largest */
};

struct model_frame {
    size_t start, size;
    enum model_fate fate;
    bool is_unsafe;
};

/* What one side has to say. */
struct model_stream {
    struct model_frame frames[MODEL_FRAMES];
    unsigned n;
    size_t said, sent; /* bytes that are made, and those of them that are in its socket */
    uint8_t bytes[MODEL_BYTES];
};

struct model {
    unsigned judged;  /* of the client's frames, those that are decided about for good */
    unsigned begun;   /* of those, the ones that pass */
    bool is_refusing; /* the gate has kept back the next one, which may be held for now */
    unsigned up;      /* the client's frame that the upstream hears next */
    size_t up_done;   /* bytes of it that it has heard */
    unsigned heard;   /* whole questions that the upstream has heard */
    unsigned down;    /* the upstream's frame that the client hears next */
    size_t down_done;
    uint8_t head[AGENT_HEADER]; /* the beginning of the next, while it may be the relay's own */
    size_t head_n;
    unsigned delivered; /* the upstream's frames that the client has heard whole */
    unsigned failures;  /* the relay's own */
    bool is_unasked;    /* the upstream has said more than it was asked: nothing is counted then */
    struct model_stream asked, answered;
};

void model_init(struct model *model);

/* The side says one more frame; false: it has said enough. The bytes differ from those of every
 * other place. */
bool model_say(struct model_stream *stream, uint8_t type, size_t size, enum model_fate fate);

/* The relay asks whether its next question may go on; a refused one it may ask about again. */
bool model_judge(struct model *model, enum agent_kind kind, const uint8_t *bytes, size_t n);
/* The one that was refused last has its answer, if that has not been noted yet. */
void model_note_refused(struct model *model);

/* So much has come out at the upstream, or at the client. */
void model_hear_up(struct model *model, const uint8_t *bytes, size_t n);
void model_hear_down(struct model *model, const uint8_t *bytes, size_t n);

/* The frame of stream at index i is in its socket, so far that it can be decided about; or, in
 * full. */
bool model_is_begun(const struct model_stream *stream, unsigned i);
bool model_is_sent(const struct model_stream *stream, unsigned i);

/* The client's next frame that is not judged yet, or NULL: none is there. */
const struct model_frame *model_next(const struct model *model);

/* Whether all is delivered that the upstream's side of the socket holds: but for the beginning of a
 * head, or a bad frame. */
bool model_is_all_delivered(const struct model *model);

/* Whether what is owed to the client keeps a refused question from its answer. */
bool model_is_owing(const struct model *model);

/* What must hold after each step: how the relay counts. is_client_full: its socket takes no
 * more. */
void model_check_counts(const struct model *model, const struct relay *relay, bool is_client_full);

#endif
