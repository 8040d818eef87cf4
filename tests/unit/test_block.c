/* SPDX-License-Identifier: MIT */
/* Our lines in somebody else's text: put in, found, told from edited ones, and taken out byte for
 * byte. */
#include "config.h"

#include "relayctl/account/block.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

#define OPENS "# >>> " RELAYD_NAME " "
#define CLOSES "# <<< " RELAYD_NAME " "
#define BODY "line one\nline two\n"

struct text {
    char *bytes;
    size_t size;
};

static struct text text_of(const void *bytes, size_t size)
{
    struct text text = {malloc(size + 1), size};

    memcpy(text.bytes, bytes, size);
    text.bytes[size] = '\0';
    return text;
}

static struct text text_of_string(const char *string)
{
    return text_of(string, strlen(string));
}

static bool is_same(const struct text *a, const struct text *b)
{
    return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

static struct text put(const struct text *text, const char *name, enum block_place place,
                       const char *body, const char *words)
{
    struct text new;

    new.bytes = block_put(text->bytes, text->size, name, place, body, words, &new.size);
    ck_assert_ptr_nonnull(new.bytes);
    return new;
}

static struct text take_out(const struct text *text, const char *name)
{
    struct block block = block_find(text->bytes, text->size, name);
    struct text new;

    ck_assert_int_eq(block.state, BLOCK_WHOLE);
    new.bytes = block_take_out(text->bytes, text->size, &block, &new.size);
    ck_assert_ptr_nonnull(new.bytes);
    return new;
}

static enum block_state state_of(const char *text, const char *name)
{
    return block_find(text, strlen(text), name).state;
}

/* What the text becomes, with the markers written short. */
static void check_put(const char *before, enum block_place place, const char *head, const char *tail)
{
    struct text text = text_of_string(before), new = put(&text, "x", place, "body\n", NULL);
    struct text out = take_out(&new, "x");
    struct block block = block_find(new.bytes, new.size, "x");

    ck_assert_int_eq((int)strlen(head), (int)(strstr(new.bytes, OPENS "x ") - new.bytes));
    ck_assert(strncmp(new.bytes, head, strlen(head)) == 0);
    ck_assert_str_eq(new.bytes + block.end, tail);
    ck_assert(strncmp(new.bytes + block.body, "body\n" CLOSES "x <<<\n", 12) == 0);
    ck_assert(is_same(&text, &out));
    free(text.bytes);
    free(new.bytes);
    free(out.bytes);
}

START_TEST(each_place)
{
    check_put("", BLOCK_FIRST, "", "");
    check_put("", BLOCK_LAST, "", "");
    check_put("a\nb\n", BLOCK_FIRST, "", "a\nb\n");
    check_put("a\nb\n", BLOCK_LAST, "a\nb\n\n", "");
    check_put("a", BLOCK_FIRST, "", "a");
    check_put("a", BLOCK_LAST, "a\n\n", "");
    check_put("a \\\n", BLOCK_LAST, "a \\\n\n", "");
    check_put("a \\", BLOCK_LAST, "a \\\n\n", "");
    check_put("\n", BLOCK_FIRST, "", "\n");
    check_put("\n", BLOCK_LAST, "\n\n", "");
    check_put("\n\n\n", BLOCK_LAST, "\n\n\n\n", "");
    check_put("#!/bin/sh\na\n", BLOCK_FIRST, "#!/bin/sh\n", "a\n");
    check_put("#!/bin/sh\n", BLOCK_FIRST, "#!/bin/sh\n", "");
    check_put("#!/bin/sh", BLOCK_FIRST, "#!/bin/sh\n", "");
    check_put("#!/bin/sh", BLOCK_LAST, "#!/bin/sh\n\n", "");
    check_put("#!/bin/sh\r\na\r\n", BLOCK_FIRST, "#!/bin/sh\r\n", "a\r\n");
    check_put("a\r\n", BLOCK_LAST, "a\r\n\n", "");
    check_put(" #!/bin/sh\n", BLOCK_FIRST, "", " #!/bin/sh\n");
    check_put("#\n!", BLOCK_FIRST, "", "#\n!");
}
END_TEST

START_TEST(markers_elsewhere_are_none)
{
    static const char *const texts[] = {
        "", "a\n", "echo '" OPENS "x 00000000 >>> '\n", "a " CLOSES "x <<<\n",
        OPENS "xx 00000000 >>>\n", OPENS "x-y 00000000 >>>\n", "# >>> other x 00000000 >>>\n",
        "#" OPENS "x 00000000 >>>\n", ">>> " RELAYD_NAME " x >>>\n",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        ck_assert_msg(state_of(texts[i], "x") == BLOCK_MISSING, "%s", texts[i]);
}
END_TEST

START_TEST(half_of_a_block_is_edited)
{
    static const char *const texts[] = {
        OPENS "x 00000000 >>> a\n", CLOSES "x <<<\n", OPENS "x", "a\n\t" CLOSES "x <<<\n",
        CLOSES "x <<<\n" OPENS "x 00000000 >>> a\n", OPENS "x >>>\n" CLOSES "x <<<\n",
        OPENS "x 00000000\n" CLOSES "x <<<\n", OPENS "x \n" CLOSES "x <<<\n",
        OPENS "x 00000000 >>> a\n" CLOSES "x <<<\n",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        ck_assert_msg(state_of(texts[i], "x") == BLOCK_EDITED, "%s", texts[i]);
}
END_TEST

/* Each byte of a block but of its note for people, changed, removed or doubled. */
START_TEST(every_edit_is_seen)
{
    struct text text = text_of_string("a\nb"), new = put(&text, "x", BLOCK_LAST, BODY, "made dirs=1");
    struct block block = block_find(new.bytes, new.size, "x");
    size_t start = block.start + 1; /* behind the empty line */
    size_t note = (size_t)(strstr(new.bytes, " >>> " RELAYCTL_NAME) - new.bytes) + 1;

    ck_assert_int_eq(block.state, BLOCK_WHOLE);
    for (size_t i = start; i < block.end - 1; i++) {
        struct text edited;

        if (i >= note && i < block.body)
            continue;
        edited = text_of(new.bytes, new.size);
        edited.bytes[i] ^= 1;
        ck_assert_int_ne(block_find(edited.bytes, edited.size, "x").state, BLOCK_WHOLE);
        memmove(edited.bytes + i, edited.bytes + i + 1, edited.size - i);
        ck_assert_int_ne(block_find(edited.bytes, edited.size - 1, "x").state, BLOCK_WHOLE);
        free(edited.bytes);
    }
    free(text.bytes);
    free(new.bytes);
}
END_TEST

START_TEST(lines_added_between_are_seen)
{
    struct text text = text_of_string(""), new = put(&text, "x", BLOCK_FIRST, BODY, NULL);
    struct block block = block_find(new.bytes, new.size, "x");
    char edited[1024];

    snprintf(edited, sizeof(edited), "%.*smine\n%s", (int)block.body_end, new.bytes,
             new.bytes + block.body_end);
    ck_assert_int_eq(state_of(edited, "x"), BLOCK_EDITED);
    snprintf(edited, sizeof(edited), "%s%s", new.bytes, new.bytes);
    ck_assert_int_eq(state_of(edited, "x"), BLOCK_EDITED);
    snprintf(edited, sizeof(edited), "%s%s", new.bytes, CLOSES "x <<<\n");
    ck_assert_int_eq(state_of(edited, "x"), BLOCK_EDITED);
    snprintf(edited, sizeof(edited), OPENS "x 00000000 >>> a\n%s", new.bytes);
    ck_assert_int_eq(state_of(edited, "x"), BLOCK_EDITED);
    /* An editor that turns all line ends. */
    snprintf(edited, sizeof(edited), "%.*s\r\n%s", (int)block.body - 1, new.bytes,
             new.bytes + block.body);
    ck_assert_int_eq(state_of(edited, "x"), BLOCK_WHOLE); /* the note alone */
    snprintf(edited, sizeof(edited), "%.*s\r\n", (int)new.size - 1, new.bytes);
    ck_assert_int_eq(state_of(edited, "x"), BLOCK_EDITED);
    /* One that ends a file without a newline. */
    snprintf(edited, sizeof(edited), "%.*s", (int)new.size - 1, new.bytes);
    ck_assert_int_eq(state_of(edited, "x"), BLOCK_WHOLE);
    free(text.bytes);
    free(new.bytes);
}
END_TEST

START_TEST(words_are_kept)
{
    struct text text = text_of_string("a"), new = put(&text, "x", BLOCK_LAST, BODY, "made dirs=12");
    struct text newer = put(&new, "x", BLOCK_LAST, "other\n", "ignored");
    struct block block = block_find(newer.bytes, newer.size, "x");
    struct text out = take_out(&newer, "x");
    char value[BLOCK_WORDS_MAX];

    ck_assert_int_eq(block.state, BLOCK_WHOLE);
    ck_assert_str_eq(block.words, "made dirs=12 joined spaced");
    ck_assert(block_has_word(&block, "made"));
    ck_assert(block_has_word(&block, "joined"));
    ck_assert(!block_has_word(&block, "mad"));
    ck_assert(!block_has_word(&block, "ade"));
    ck_assert(!block_has_word(&block, "ignored"));
    ck_assert_int_eq(block_number(&block, "dirs="), 12);
    ck_assert_int_eq(block_number(&block, "irs="), 0);
    ck_assert_str_eq(block_value(&block, "dirs=", value), "12");
    ck_assert_str_eq(block_value(&block, "irs=", value), "");
    ck_assert(block_is_current(newer.bytes, &block, "other\n"));
    ck_assert(!block_is_current(newer.bytes, &block, BODY));
    ck_assert(!block_is_current(newer.bytes, &block, "other\nx\n"));
    ck_assert(is_same(&text, &out));
    free(text.bytes);
    free(new.bytes);
    free(newer.bytes);
    free(out.bytes);
}
END_TEST

static const enum block_place places[] = {BLOCK_FIRST, BLOCK_LAST};

/* The person has added lines on both sides, and the block is to stand at its place anew. */
START_TEST(a_block_is_moved_with_its_words)
{
    struct text before = text_of_string("mine"), with, more, moved, after, wanted;
    struct block block;

    with = put(&before, "x", places[_i], BODY, "made dirs=1");
    more.bytes = malloc(with.size + 20);
    more.size = (size_t)sprintf(more.bytes, "above\n%s%s", with.bytes, "below\n");
    moved.bytes = block_move(more.bytes, more.size, "x", places[_i], BODY, &moved.size);
    block = block_find(moved.bytes, moved.size, "x");
    ck_assert_int_eq(block.state, BLOCK_WHOLE);
    ck_assert(block_has_word(&block, "made") && block_number(&block, "dirs=") == 1);
    ck_assert_uint_eq(places[_i] == BLOCK_FIRST ? block.start : moved.size - block.end, 0);
    after = take_out(&moved, "x");
    wanted = text_of_string(_i == 0 ? "above\nminebelow\n" : "above\nmine\nbelow\n");
    ck_assert_str_eq(after.bytes, wanted.bytes);
    free(before.bytes);
    free(with.bytes);
    free(more.bytes);
    free(moved.bytes);
    free(after.bytes);
    free(wanted.bytes);
}
END_TEST

START_TEST(the_same_again_changes_nothing)
{
    struct text text = text_of_string("#!/bin/sh\na"), new = put(&text, "x", BLOCK_LAST, BODY, "made");
    struct text first = put(&new, "y", BLOCK_FIRST, BODY, NULL);
    struct text again = put(&first, "x", BLOCK_LAST, BODY, "made");
    struct text twice = put(&again, "y", BLOCK_FIRST, BODY, NULL);

    ck_assert(is_same(&first, &again));
    ck_assert(is_same(&first, &twice));
    free(text.bytes);
    free(new.bytes);
    free(first.bytes);
    free(again.bytes);
    free(twice.bytes);
}
END_TEST

START_TEST(what_was_added_behind_a_joined_block_keeps_its_line)
{
    struct text text = text_of_string("a"), new = put(&text, "x", BLOCK_LAST, BODY, NULL), out;
    char longer[1024];

    snprintf(longer, sizeof(longer), "%sb", new.bytes);
    free(new.bytes);
    new = text_of_string(longer);
    out = take_out(&new, "x");
    ck_assert_str_eq(out.bytes, "a\nb");
    free(text.bytes);
    free(new.bytes);
    free(out.bytes);
}
END_TEST

/* The person took the empty line away, or put lines above it: theirs stay. */
START_TEST(an_empty_line_that_is_gone_is_not_missed)
{
    struct text text = text_of_string("a\n"), new = put(&text, "x", BLOCK_LAST, BODY, NULL), out;
    char other[1024];

    snprintf(other, sizeof(other), "a\n%s", new.bytes + 3);
    free(new.bytes);
    new = text_of_string(other);
    out = take_out(&new, "x");
    ck_assert(is_same(&text, &out));
    free(text.bytes);
    free(new.bytes);
    free(out.bytes);
}
END_TEST

static struct text random_text(void)
{
    static const char *const pieces[] = {"\n", "\n\n", "\r\n", "a", "#!/bin/sh", "\\", "\\\n", "if x; then",
                                         "# ", "'", OPENS, CLOSES "y <<<", "EOF", "\t"};
    char bytes[700];
    size_t n = 0;

    while (n < 600 && rand() % 30 != 0) {
        const char *piece = pieces[(size_t)rand() % (sizeof(pieces) / sizeof(pieces[0]))];

        if (rand() % 4 == 0) {
            bytes[n++] = (char)rand();
        } else {
            memcpy(bytes + n, piece, strlen(piece));
            n += strlen(piece);
        }
    }
    return text_of(bytes, n);
}

/* Two blocks in all places, taken out in either order, and replaced on the way. */
START_TEST(thousands_of_texts_come_back)
{
    static const char *const names[] = {"first", "last"};

    srand(1);
    for (int round = 0; round < 20000; round++) {
        struct text text = random_text(), one, both, newer, less, none;
        int a = rand() % 2, b = rand() % 2;

        one = put(&text, names[a], (enum block_place)(rand() % 2), rand() % 9 ? BODY : "", NULL);
        both = put(&one, names[!a], (enum block_place)(rand() % 2), BODY, "made");
        newer = put(&both, names[b], (enum block_place)(rand() % 2), "new\n", NULL);
        less = take_out(&newer, names[b]);
        none = take_out(&less, names[!b]);
        ck_assert_msg(is_same(&text, &none), "round %d: %s", round, newer.bytes);
        free(text.bytes);
        free(one.bytes);
        free(both.bytes);
        free(newer.bytes);
        free(less.bytes);
        free(none.bytes);
    }
}
END_TEST

/* One word in a file of one line, with a block on each side of its end. */
START_TEST(a_newline_goes_with_the_last_block)
{
    struct text text = text_of_string("#!/bin/sh"), last = put(&text, "x", BLOCK_LAST, BODY, NULL);
    struct text both = put(&last, "y", BLOCK_FIRST, BODY, NULL), one = take_out(&both, "x");
    struct text none = take_out(&one, "y");

    ck_assert(is_same(&text, &none));
    free(text.bytes);
    free(last.bytes);
    free(both.bytes);
    free(one.bytes);
    free(none.bytes);
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_test(tcase, each_place);
    tcase_add_test(tcase, markers_elsewhere_are_none);
    tcase_add_test(tcase, half_of_a_block_is_edited);
    tcase_add_test(tcase, every_edit_is_seen);
    tcase_add_test(tcase, lines_added_between_are_seen);
    tcase_add_test(tcase, words_are_kept);
    tcase_add_loop_test(tcase, a_block_is_moved_with_its_words, 0, 2);
    tcase_add_test(tcase, the_same_again_changes_nothing);
    tcase_add_test(tcase, what_was_added_behind_a_joined_block_keeps_its_line);
    tcase_add_test(tcase, an_empty_line_that_is_gone_is_not_missed);
    tcase_add_test(tcase, a_newline_goes_with_the_last_block);
    tcase_add_test(tcase, thousands_of_texts_come_back);
}

int main(void)
{
    return run_tests("block", add);
}
