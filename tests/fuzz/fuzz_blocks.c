/* SPDX-License-Identifier: MIT */
/* Our lines in somebody else's file. The first bytes say which blocks are put in and taken out, in
 * what order, and what the person adds meanwhile; the rest is the person's file. Whatever it holds,
 * what was put in comes out to the same bytes, and what the person wrote stays. */
#include "config.h"

#include "relayctl/account/block.h"
#include "relayd/base/util.h"
#include "tests/fuzz/fuzz.h"

#define ADDED_MAX 64

struct text {
    char *bytes;
    size_t size;
};

struct ours {
    const char *name;
    enum block_place place;
    const char *words, *body, *body_before;
};

static const struct ours ours[] = {
    {"first", BLOCK_FIRST, "made dirs=1", "if a; then\n    b\nfi\n", ""},
    {"last", BLOCK_LAST, NULL, "case $- in *i*) eval \"$(c)\" ;; esac\n", "c\n"},
    {"tmux", BLOCK_LAST, "enabled", "\n\n", "set -g x\n# >>> relayd\n"},
};

static struct text copy(const char *bytes, size_t size)
{
    return (struct text){(char *)fuzz_copy(bytes, size), size};
}

static struct text join(const struct text *a, const struct text *b)
{
    struct text both = {malloc(a->size + b->size + 1), a->size + b->size};

    fuzz_must(both.bytes != NULL);
    memcpy(both.bytes, a->bytes, a->size);
    memcpy(both.bytes + a->size, b->bytes, b->size);
    return both;
}

/* Puts text aside, for the new one. */
static void become(struct text *text, struct text new)
{
    fuzz_must(new.bytes != NULL);
    free(text->bytes);
    *text = new;
}

static bool is_same(const struct text *a, const struct text *b)
{
    return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

static struct block find(const struct text *text, const struct ours *it)
{
    struct block block = block_find(text->bytes, text->size, it->name);

    fuzz_must(block.start <= block.end && block.end <= text->size);
    fuzz_must(block.state != BLOCK_WHOLE || (block.start < block.body && block.body <= block.body_end &&
                                             block.body_end < block.end));
    return block;
}

static bool has_none(const struct text *text)
{
    for (size_t i = 0; i < ARRAY_SIZE(ours); i++) {
        if (find(text, &ours[i]).state != BLOCK_MISSING)
            return false;
    }
    return true;
}

static struct text with(const struct text *text, const struct ours *it, const char *body)
{
    struct text new;

    new.bytes = block_put(text->bytes, text->size, it->name, it->place, body, it->words, &new.size);
    return new;
}

static void put(struct text *text, const struct ours *it)
{
    struct block block;

    become(text, with(text, it, it->body));
    block = find(text, it);
    fuzz_must(block_is_current(text->bytes, &block, it->body));
    fuzz_must(it->words == NULL || strncmp(block.words, it->words, strlen(it->words)) == 0);
}

/* Twice is once, and another body takes the place of the first. */
static void put_anew(struct text *text, const struct ours *it)
{
    struct text again;

    become(text, with(text, it, it->body_before));
    put(text, it);
    again = with(text, it, it->body);
    fuzz_must(again.bytes != NULL && is_same(text, &again));
    free(again.bytes);
}

static void take_out(struct text *text, const struct ours *it)
{
    struct block block = find(text, it);
    struct text new;

    fuzz_must(block.state == BLOCK_WHOLE);
    new.bytes = block_take_out(text->bytes, text->size, &block, &new.size);
    become(text, new);
    fuzz_must(find(text, it).state == BLOCK_MISSING);
}

/* Does it for each block that `which` has, in one of their orders. */
static void each(struct text *text, uint8_t which, uint8_t order,
                 void (*act)(struct text *text, const struct ours *it))
{
    static const uint8_t orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    const uint8_t *at = orders[order % ARRAY_SIZE(orders)];

    for (size_t i = 0; i < ARRAY_SIZE(ours); i++) {
        if ((which >> at[i] & 1) != 0)
            act(text, &ours[at[i]]);
    }
}

/* Whether a line of the person's that had no newline at its end has one for a block's sake: one
 * stands below it. */
static bool is_ended_for(const struct text *theirs, uint8_t which)
{
    bool is_last = (which & 6) != 0;
    bool is_below_head = (which & 1) != 0 && theirs->size >= 2 && memcmp(theirs->bytes, "#!", 2) == 0 &&
                         memchr(theirs->bytes, '\n', theirs->size) == NULL;

    return theirs->size > 0 && theirs->bytes[theirs->size - 1] != '\n' && (is_last || is_below_head);
}

static bool all_whole(const struct text *text, uint8_t which)
{
    for (size_t i = 0; i < ARRAY_SIZE(ours); i++) {
        if ((which >> i & 1) != 0 && find(text, &ours[i]).state != BLOCK_WHOLE)
            return false;
    }
    return true;
}

/* The person adds lines above and below, and setup takes its own out. */
static void check_added(const struct text *theirs, const struct text *mixed, uint8_t which,
                        uint8_t order, const struct text *above, const struct text *below)
{
    static const struct text newline = {(char *)"\n", 1}, nothing = {(char *)"", 0};
    bool is_ended = below->size > 0 && is_ended_for(theirs, which);
    struct text wanted = join(above, theirs), got = join(above, mixed);

    become(&wanted, join(&wanted, is_ended ? &newline : &nothing));
    become(&wanted, join(&wanted, below));
    become(&got, join(&got, below));
    /* They may have added what looks like ours. */
    if (all_whole(&got, which) && has_none(&wanted)) {
        each(&got, which, order, take_out);
        fuzz_must(is_same(&got, &wanted));
    }
    free(wanted.bytes);
    free(got.bytes);
}

/* Whether it is clear whose an empty line above a block is. */
static bool has_no_empty_end(const struct text *theirs, const struct text *above)
{
    const char *end = theirs->bytes + theirs->size;

    return above->size == 0 &&
           !(theirs->size > 0 && end[-1] == '\n' && (theirs->size == 1 || end[-2] == '\n'));
}

/* The person removes the empty line above a block. */
static void close_up(struct text *text, const struct ours *it)
{
    struct block block = find(text, it);
    size_t at = block.start;

    if (it->place != BLOCK_LAST || !block_has_word(&block, "spaced") || text->bytes[at] != '\n')
        return;
    memmove(text->bytes + at, text->bytes + at + 1, text->size - at - 1);
    text->size--;
    fuzz_must(find(text, it).state == BLOCK_WHOLE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    uint8_t which = fuzz_byte(&in), order_in = fuzz_byte(&in), order_out = fuzz_byte(&in);
    struct fuzz_input added[2] = {fuzz_take(&in, fuzz_byte(&in) % ADDED_MAX),
                                  fuzz_take(&in, fuzz_byte(&in) % ADDED_MAX)};
    struct text above = copy((const char *)added[0].p, added[0].n);
    struct text below = copy((const char *)added[1].p, added[1].n);
    struct text theirs = copy((const char *)in.p, in.n), text = copy((const char *)in.p, in.n);

    if (above.size > 0)
        above.bytes[above.size - 1] = '\n';
    if (has_none(&theirs)) {
        each(&text, which, order_in, (which & 8) != 0 ? put_anew : put);
        fuzz_must(all_whole(&text, which));
        if (has_no_empty_end(&theirs, &above))
            each(&text, which & which >> 4, 0, close_up);
        check_added(&theirs, &text, which, order_out, &above, &below);
        each(&text, which, order_out, take_out);
        fuzz_must(is_same(&text, &theirs));
    }
    free(above.bytes);
    free(below.bytes);
    free(theirs.bytes);
    free(text.bytes);
    return 0;
}
