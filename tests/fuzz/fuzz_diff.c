/* SPDX-License-Identifier: MIT */
/* A diff. The input is one text, a byte 0xff, and another. Whoever applies the diff to the first has
 * the second, byte for byte, and for a terminal it holds nothing that would drive one. */
#include "config.h"

#include "relayctl/account/diff.h"
#include "relayctl/account/lines.h"
#include "tests/fuzz/fuzz.h"

#define NO_NEWLINE "\\ No newline at end of file\n"

static struct fuzz_sheet printed;

static void print(const struct fuzz_input *before, const struct fuzz_input *after, bool is_terminal)
{
    struct printer out = {.is_terminal = is_terminal, .width = 80};

    out.file = fuzz_sheet_begin(&printed);
    fuzz_must(diff_print(&out, "a file", (const char *)before->p, before->n, false,
                         (const char *)after->p, after->n, false) == 0);
    fuzz_sheet_end(&printed);
}

/* What is left of the diff, and of the text that it is applied to. */
struct patch {
    const char *at, *end;
    struct fuzz_input before;
    size_t before_lines; /* taken so far */
    char *after;
    size_t after_size;
};

static bool skip_word(struct patch *patch, const char *word)
{
    size_t n = strlen(word);

    if ((size_t)(patch->end - patch->at) < n || memcmp(patch->at, word, n) != 0)
        return false;
    patch->at += n;
    return true;
}

static size_t read_number(struct patch *patch)
{
    size_t n = 0;

    fuzz_must(patch->at < patch->end && *patch->at >= '0' && *patch->at <= '9');
    while (patch->at < patch->end && *patch->at >= '0' && *patch->at <= '9')
        n = n * 10 + (size_t)(*patch->at++ - '0');
    return n;
}

/* "12,3": where a range begins, by lines before it, and how many it has. */
static size_t read_range(struct patch *patch, size_t *n)
{
    size_t first = read_number(patch);

    *n = skip_word(patch, ",") ? read_number(patch) : 1;
    return *n == 0 ? first : first - 1;
}

static struct fuzz_input take_line(struct fuzz_input *in)
{
    return fuzz_take(in, in->n == 0 ? 0 : line_end((const char *)in->p, in->n, 0));
}

static void put(struct patch *patch, const void *bytes, size_t n)
{
    if (n > 0)
        memcpy(patch->after + patch->after_size, bytes, n);
    patch->after_size += n;
}

static void copy_line(struct patch *patch)
{
    struct fuzz_input line = take_line(&patch->before);

    fuzz_must(line.n > 0);
    patch->before_lines++;
    put(patch, line.p, line.n);
}

/* One line of a hunk, without its first character; of its newline the diff may say that it is not
 * there. */
static struct fuzz_input hunk_line(struct patch *patch)
{
    struct fuzz_input rest = {(const uint8_t *)patch->at, (size_t)(patch->end - patch->at)};
    struct fuzz_input line = take_line(&rest);

    fuzz_must(line.n > 0 && line.p[line.n - 1] == '\n');
    patch->at += line.n;
    if (skip_word(patch, NO_NEWLINE))
        line.n--;
    return line;
}

static void apply_line(struct patch *patch, size_t *before, size_t *after)
{
    char kind = *patch->at++;
    struct fuzz_input line = hunk_line(patch);

    fuzz_must(kind == ' ' || kind == '-' || kind == '+');
    if (kind != '+') {
        struct fuzz_input theirs = take_line(&patch->before);

        fuzz_must(*before > 0 && theirs.n == line.n && memcmp(theirs.p, line.p, line.n) == 0);
        patch->before_lines++;
        --*before;
    }
    if (kind != '-') {
        fuzz_must(*after > 0);
        put(patch, line.p, line.n);
        --*after;
    }
}

static void apply_hunk(struct patch *patch)
{
    size_t before, after, first;

    fuzz_must(skip_word(patch, "@@ -"));
    first = read_range(patch, &before);
    fuzz_must(skip_word(patch, " +"));
    read_range(patch, &after);
    fuzz_must(skip_word(patch, " @@\n") && first >= patch->before_lines);
    while (patch->before_lines < first)
        copy_line(patch);
    while (before > 0 || after > 0) {
        fuzz_must(patch->at < patch->end);
        apply_line(patch, &before, &after);
    }
}

static void check_applied(const struct fuzz_input *before, const struct fuzz_input *after)
{
    struct patch patch = {.at = printed.text, .end = printed.text + printed.size, .before = *before};

    patch.after = malloc(before->n + after->n + 1);
    fuzz_must(patch.after != NULL);
    if (printed.size > 0)
        fuzz_must(skip_word(&patch, "--- a file\t\n+++ a file\t\n"));
    while (patch.at < patch.end)
        apply_hunk(&patch);
    while (patch.before.n > 0)
        copy_line(&patch);
    fuzz_must(patch.after_size == after->n && memcmp(patch.after, after->p, after->n) == 0);
    free(patch.after);
}

/* In the locale of a fuzzer that is ASCII. */
static void check_harmless(void)
{
    for (size_t i = 0; i < printed.size; i++)
        fuzz_must(printed.text[i] == '\n' || (printed.text[i] >= 0x20 && printed.text[i] < 0x7f));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input after = {data, size}, before = fuzz_until(&after, 0xff);

    if (after.n == 0)
        after.p = (const uint8_t *)"";
    if (before.n == 0)
        before.p = (const uint8_t *)"";
    print(&before, &after, false);
    check_applied(&before, &after);
    print(&before, &after, true);
    check_harmless();
    return 0;
}
