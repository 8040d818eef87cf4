/* SPDX-License-Identifier: MIT */
/* A shell's file, read as words. Whatever bytes it has, the reading goes on to the end, each word is
 * a piece of the file behind the one before, and our own lines at the top change nothing but the
 * numbers of the lines below them. */
#include "config.h"

#include "relayctl/account/block.h"
#include "relayctl/account/script.h"
#include "relayctl/account/words.h"
#include "relayd/base/util.h"
#include "tests/fuzz/fuzz.h"

#define BODY "export SSH_AUTH_SOCK=/run/x\nexit 1\n"
#define BODY_LINES 4 /* with its markers */

static int count_lines(const char *text, size_t size)
{
    int n = 1;

    for (size_t i = 0; i < size; i++)
        n += text[i] == '\n';
    return n;
}

/* Words are in the order of the text, and no two share a byte. */
static const char *check_words(const struct words *words, const char *from, const char *end)
{
    fuzz_must(words->n <= WORDS_MAX);
    for (size_t i = 0; i < words->n; i++) {
        const struct word *word = &words->word[i];
        struct word name = word_name(word);

        fuzz_must(word->at >= from && word->size > 0 && word->size <= (size_t)(end - word->at));
        fuzz_must(name.size <= word->size &&
                  (name.size == 0 || (name.at >= word->at &&
                                      name.at + name.size <= word->at + word->size)));
        from = word->at + word->size;
    }
    return from;
}

static void check_reading(const char *text, size_t size)
{
    struct words_reader reader;
    struct words words;
    const char *from = text;
    int line = 1, lines = count_lines(text, size);
    size_t at;

    words_open(&reader, text, size);
    for (;;) {
        at = reader.at;
        if (!words_next(&reader, &words))
            break;
        fuzz_must(reader.at <= size && (reader.at > at || reader.at == size));
        fuzz_must(words.line >= line && words.line <= lines);
        fuzz_must(words.end == '\0' || strchr("\n;&|()`", words.end) != NULL);
        line = words.line;
        from = check_words(&words, from, text + size);
    }
    fuzz_must(at == size);
}

/* The lines that are found, one after the other. */
#define FACTS (sizeof(struct script) / sizeof(int))
static void facts_of(int facts[FACTS], const char *text, size_t size)
{
    struct script script = script_read(text, size);

    memcpy(facts, &script, sizeof(script));
}

static void check_facts(const char *text, size_t size)
{
    int facts[FACTS], below[FACTS], lines = count_lines(text, size);
    size_t new_size;
    char *new = block_put(text, size, "first", BLOCK_FIRST, BODY, NULL, &new_size);

    fuzz_must(new != NULL);
    facts_of(facts, text, size);
    facts_of(below, new, new_size);
    for (size_t i = 0; i < FACTS; i++) {
        fuzz_must(facts[i] >= 0 && facts[i] <= lines);
        fuzz_must(below[i] == (facts[i] > 0 ? facts[i] + BODY_LINES : 0));
    }
    free(new);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = (char *)fuzz_copy(data, size);
    bool has_head = size >= 2 && memcmp(text, "#!", 2) == 0;

    /* One of them, to be quick. */
    if (size % 2 == 0)
        check_reading(text, size);
    else if (!has_head && block_find(text, size, "first").state == BLOCK_MISSING)
        check_facts(text, size);
    free(text);
    return 0;
}
