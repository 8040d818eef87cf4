/* SPDX-License-Identifier: MIT */
/* UTF-8: what is a character, what is printable, and where a text may be cut. */
#include "config.h"

#include "relayd/base/utf8.h"
#include "relayd/base/util.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

static const struct { const char *raw, *clean; } texts[] = {
    {"plain ~", "plain ~"},
    {"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x94\x91", "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x94\x91"},
    {"a\nb\tc\x1b[2J\x7f\r", "a?b?c?[2J??"},
    {"\xff \x80 \xfe\xff", "? ? ??"},
    {"cut \xe2\x82", "cut ??"},
    {"cut \xe2\x82 short", "cut ?? short"},
    {"overlong \xc0\xaf \xe0\x80\xaf \xf0\x80\x80\xaf", "overlong ?? ??? ????"},
    {"a surrogate \xed\xa0\x80", "a surrogate ???"},
    {"beyond \xf4\x90\x80\x80 \xf8\xa0\x80\x80", "beyond ???? ????"},
    {"C1 \xc2\x80 \xc2\x9b" "2J \xc2\x9f \xc2\xa0", "C1 ? ?2J ? \xc2\xa0"},
    {"direction \xd8\x9c \xe2\x80\x8e \xe2\x80\x8f \xe2\x80\xaa \xe2\x80\xae \xe2\x81\xa6 \xe2\x81\xa9",
     "direction ? ? ? ? ? ? ?"},
    {"separators \xe2\x80\xa8 \xe2\x80\xa9", "separators ? ?"},
    {"no characters \xef\xbb\xbf \xef\xbf\xbf \xef\xb7\x90 \xf4\x8f\xbf\xbe", "no characters ? ? ? ?"},
    {"beside them \xe2\x80\xa7 \xe2\x80\xaf \xe2\x81\xa5 \xd8\x9b \xef\xbf\xbd",
     "beside them \xe2\x80\xa7 \xe2\x80\xaf \xe2\x81\xa5 \xd8\x9b \xef\xbf\xbd"},
};

START_TEST(what_is_not_printable_is_replaced)
{
    char text[96], copy[96];

    strcpy(text, texts[_i].raw);
    ck_assert_int_eq(utf8_is_clean(text), strcmp(texts[_i].raw, texts[_i].clean) == 0);
    utf8_clean(text);
    ck_assert_str_eq(text, texts[_i].clean);
    ck_assert(utf8_is_clean(text));
    ck_assert_str_eq(utf8_copy(copy, sizeof(copy), texts[_i].raw), texts[_i].clean);
}
END_TEST

START_TEST(every_character_is_read_as_it_was_written)
{
    for (uint32_t c = 1; c <= 0x10ffff; c++) {
        char bytes[5];
        const char *s = bytes;
        size_t n;

        if (c >= 0xd800 && c < 0xe000)
            continue;
        n = utf8_encode(c, bytes);
        /* An assertion leaves a mark each time: a million of them are slow. */
        if (utf8_next(&s) != c || s != bytes + n)
            ck_abort_msg("U+%04X", c);
    }
}
END_TEST

/* Each letter in a room of each size: it is whole there, or it is not there. */
START_TEST(a_text_is_cut_between_letters)
{
    static const char *const letters[] = {"x", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x94\x91"};
    const char *letter = letters[_i];
    size_t bytes = strlen(letter);
    char text[64] = "", out[64];

    while (strlen(text) + bytes < 40)
        strcat(text, letter);
    for (size_t size = 1; size <= sizeof(out); size++) {
        size_t room = size - 1 < strlen(text) ? size - 1 : strlen(text);

        utf8_copy(out, size, text);
        ck_assert_uint_eq(strlen(out), room / bytes * bytes);
        ck_assert_int_eq(strncmp(out, text, strlen(out)), 0);
        ck_assert_int_lt(strlen(utf8_format(out, size, "a%s", text)), size);
        ck_assert(utf8_is_clean(out));
        ck_assert_ptr_null(strchr(out, '?'));
    }
}
END_TEST

START_TEST(what_was_no_character_is_cut_too)
{
    char out[8];

    ck_assert_str_eq(utf8_copy(out, sizeof(out), "\x80\x80\x80\x80\x80\x80\x80\x80\x80"), "???????");
    ck_assert_str_eq(utf8_copy(out, sizeof(out), "abcdefg\xff"), "abcdefg");
    ck_assert_str_eq(utf8_copy(out, sizeof(out), "abcdef\xff\xff"), "abcdef?");
    ck_assert_str_eq(utf8_copy(out, 1, "\xc3\xa4"), "");
}
END_TEST

START_TEST(a_format_is_made_printable_whole)
{
    char out[32];

    ck_assert_str_eq(utf8_format(out, sizeof(out), "STATUS=%s, %d", "a\nWATCHDOG=1", 2),
                     "STATUS=a?WATCHDOG=1, 2");
}
END_TEST

START_TEST(a_quoted_name_ends_where_it_seems_to)
{
    static const struct { const char *text, *quoted; } names[] = {
        {"laptop", "laptop"},
        {"my laptop", "my laptop"},
        {"b\xc3\xbcro", "b\xc3\xbcro"},
        {"a) key", "a\\x29 key"},
        {"(a, b)", "\\x28a\\x2c b\\x29"},
        {"a\\x29", "a\\x5cx29"},
        {"a\nb\x1b", "a\\x0ab\\x1b"},
        {"\xff\xe2\x80\xae", "\\xff\\xe2\\x80\\xae"}, /* turns round what follows */
    };
    char out[64];

    ck_assert_str_eq(utf8_quote(out, sizeof(out), names[_i].text, "(),"), names[_i].quoted);
}
END_TEST

START_TEST(a_quoted_name_is_cut_between_letters)
{
    char out[16];

    ck_assert_str_eq(utf8_quote(out, sizeof(out), "123456789012", ""), "123456789012");
    ck_assert_str_eq(utf8_quote(out, sizeof(out), "1234567890123456", ""), "123456789012...");
    ck_assert_str_eq(utf8_quote(out, sizeof(out), "1234567890\n23456", ""), "1234567890...");
    ck_assert_str_eq(utf8_quote(out, sizeof(out), "12345678901\xc3\xbc", ""), "12345678901...");
    for (size_t size = 8; size <= sizeof(out); size++)
        ck_assert_uint_lt(strlen(utf8_quote(out, size, "1\n2\xc3\xbc\n3\n\n\n\n\n", "")), size);
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_loop_test(tcase, what_is_not_printable_is_replaced, 0, ARRAY_SIZE(texts));
    tcase_add_test(tcase, every_character_is_read_as_it_was_written);
    tcase_add_loop_test(tcase, a_text_is_cut_between_letters, 0, 4);
    tcase_add_test(tcase, what_was_no_character_is_cut_too);
    tcase_add_loop_test(tcase, a_quoted_name_ends_where_it_seems_to, 0, 8);
    tcase_add_test(tcase, a_quoted_name_is_cut_between_letters);
    tcase_add_test(tcase, a_format_is_made_printable_whole);
}

int main(void)
{
    return run_tests("utf8", add);
}
