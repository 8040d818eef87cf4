/* SPDX-License-Identifier: MIT */
/* The model of a relay. */
#include "config.h"

#include "tests/fuzz/model.h"

#include "tests/fuzz/fuzz.h"

#include <string.h>

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

void model_init(struct model *model)
{
    memset(model, 0, offsetof(struct model, asked));
    model->asked.n = model->answered.n = 0;
    model->asked.said = model->asked.sent = 0;
    model->answered.said = model->answered.sent = 0;
}

bool model_say(struct model_stream *stream, uint8_t type, size_t size, enum model_fate fate)
{
    uint8_t *p = stream->bytes + stream->said;
    size_t length = size - 4;

    if (stream->n == MODEL_FRAMES || stream->said + size > MODEL_BYTES)
        return false;
    stream->frames[stream->n] = (struct model_frame){
        .start = stream->said,
        .size = size,
        .fate = fate,
        .is_unsafe = type != AGENT_REQUEST_IDENTITIES,
    };
    if (fate == MODEL_BAD)
        length = type % 2 == 0 ? 0 : AGENT_LENGTH_MAX + 1 + (size_t)type * 65536;
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(length >> (24 - 8 * i));
    p[4] = type;
    for (size_t i = AGENT_HEADER; i < size; i++)
        p[i] = (uint8_t)(stream->n * 37 + i * 7 + (i >> 8));
    stream->said += size;
    stream->n++;
    return true;
}

bool model_is_begun(const struct model_stream *stream, unsigned i)
{
    const struct model_frame *f = &stream->frames[i];

    if (i >= stream->n)
        return false;
    if (f->fate == MODEL_BAD)
        return stream->sent >= f->start + 4;
    return stream->sent >= f->start + least(f->size, RELAY_WHOLE_MAX);
}

bool model_is_sent(const struct model_stream *stream, unsigned i)
{
    return i < stream->n && stream->sent >= stream->frames[i].start + stream->frames[i].size;
}

const struct model_frame *model_next(const struct model *model)
{
    return model_is_begun(&model->asked, model->judged) ? &model->asked.frames[model->judged] : NULL;
}

bool model_judge(struct model *model, enum agent_kind kind, const uint8_t *bytes, size_t n)
{
    const struct model_frame *f = model_next(model);
    const uint8_t *meant;

    fuzz_must(f != NULL && f->fate != MODEL_BAD);
    meant = model->asked.bytes + f->start;
    fuzz_must(n >= least(f->size, RELAY_WHOLE_MAX) && n <= f->size);
    fuzz_must(kind == agent_kind(meant, n) && memcmp(bytes, meant, n) == 0);
    if (f->fate == MODEL_PASSES) {
        model->judged++;
        model->begun++;
        return true;
    }
    model->is_refusing = true;
    return false;
}

void model_note_refused(struct model *model)
{
    model->judged += model->is_refusing;
    model->is_refusing = false;
}

bool model_is_owing(const struct model *model)
{
    return model->begun > model->delivered;
}

/* The next question that the upstream may hear begins. Each refused one before it has waited for
 * all answers to those before. */
static void begin_question(struct model *model)
{
    while (model->up < model->asked.n && model->asked.frames[model->up].fate == MODEL_REFUSED)
        model->up++;
    fuzz_must(model->up < model->judged);
    fuzz_must(model->asked.frames[model->up].fate == MODEL_PASSES);
    fuzz_must(model_is_begun(&model->asked, model->up));
}

void model_hear_up(struct model *model, const uint8_t *bytes, size_t n)
{
    while (n > 0) {
        const struct model_frame *f;
        size_t some;

        if (model->up_done == 0)
            begin_question(model);
        f = &model->asked.frames[model->up];
        some = least(n, f->size - model->up_done);
        fuzz_must(f->start + model->up_done + some <= model->asked.sent);
        fuzz_must(memcmp(bytes, model->asked.bytes + f->start + model->up_done, some) == 0);
        bytes += some;
        n -= some;
        model->up_done += some;
        if (model->up_done < f->size)
            return;
        model->up_done = 0;
        model->up++;
        model->heard++;
    }
}

/* How many questions that pass stand before the refused one of that number; or, where there is none
 * such, more than all. */
static unsigned passing_before(const struct model *model, unsigned refused)
{
    unsigned passing = 0;

    for (unsigned i = 0; i < model->judged; i++) {
        if (model->asked.frames[i].fate == MODEL_PASSES)
            passing++;
        else if (refused-- == 0)
            return passing;
    }
    return MODEL_FRAMES;
}

static void begin_answer(struct model *model)
{
    const struct model_frame *f = &model->answered.frames[model->down];
    bool is_own = memcmp(model->head, agent_failure, sizeof(agent_failure)) == 0;
    unsigned before = passing_before(model, model->failures);

    model->head_n = 0;
    if (is_own) {
        fuzz_must(before < MODEL_FRAMES);
        fuzz_must(model->is_unasked || model->delivered == before);
        model->failures++;
        return;
    }
    /* No answer overtakes the FAILURE to a question before its own. */
    fuzz_must(model->is_unasked || model->delivered < before);
    fuzz_must(model->down < model->answered.n && f->fate == MODEL_PASSES);
    fuzz_must(memcmp(model->head, model->answered.bytes + f->start, AGENT_HEADER) == 0);
    model->down_done = AGENT_HEADER;
}

static void end_answer(struct model *model)
{
    model->down_done = 0;
    model->down++;
    model->delivered++;
}

static size_t hear_some(struct model *model, const uint8_t *bytes, size_t n)
{
    const struct model_frame *f = &model->answered.frames[model->down];
    size_t some = least(n, f->size - model->down_done);

    fuzz_must(f->start + model->down_done + some <= model->answered.sent);
    fuzz_must(memcmp(bytes, model->answered.bytes + f->start + model->down_done, some) == 0);
    model->down_done += some;
    return some;
}

void model_hear_down(struct model *model, const uint8_t *bytes, size_t n)
{
    while (n > 0) {
        size_t some = 1;

        if (model->down_done > 0)
            some = hear_some(model, bytes, n);
        else
            model->head[model->head_n++] = bytes[0];
        bytes += some;
        n -= some;
        if (model->head_n == AGENT_HEADER)
            begin_answer(model);
        if (model->down_done > 0 && model->down_done == model->answered.frames[model->down].size)
            end_answer(model);
    }
}

bool model_is_all_delivered(const struct model *model)
{
    const struct model_stream *s = &model->answered;
    const struct model_frame *f = &s->frames[model->down];

    if (model->head_n > 0)
        return false;
    if (model->down_done > 0)
        return f->start + model->down_done == s->sent;
    return model->down == s->n || f->fate == MODEL_BAD || s->sent < f->start + AGENT_HEADER;
}

static bool owes_unsafe(const struct model *model)
{
    unsigned passing = 0;

    for (unsigned i = 0; i < model->judged; i++) {
        const struct model_frame *f = &model->asked.frames[i];

        if (f->fate == MODEL_PASSES && passing++ >= model->delivered && f->is_unsafe)
            return true;
    }
    return false;
}

void model_check_counts(const struct model *model, const struct relay *relay, bool is_client_full)
{
    fuzz_must(relay->answered == model->delivered + model->failures);
    fuzz_must(relay->owed > 0 || !relay->is_unsafe);
    /* A FAILURE of its own that is not out whole is owed, too. */
    if (model->is_unasked) {
        fuzz_must(relay->owed <= model->begun + 1);
        return;
    }
    fuzz_must(relay->owed == model->begun - model->delivered ||
              (is_client_full && relay->owed == model->begun - model->delivered + 1));
    fuzz_must(relay->is_unsafe || !owes_unsafe(model));
}
