/* SPDX-License-Identifier: MIT */
/* The diff, as patch(1) understands it. */
#include "config.h"

#include "relayctl/account/diff.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char *diff_of(const char *before, size_t n_before, bool is_new, const char *after,
                     size_t n_after, bool is_gone)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    struct printer out = {.file = file, .width = 40};

    ck_assert_int_eq(diff_print(&out, "file", before, n_before, is_new, after, n_after, is_gone), 0);
    fclose(file);
    return text;
}

static void check_text(const char *before, const char *after, const char *wanted)
{
    char *text = diff_of(before, strlen(before), false, after, strlen(after), false);

    ck_assert_str_eq(text, wanted);
    free(text);
}

START_TEST(hunks_look_like_those_of_diff)
{
    check_text("a\n", "a\n", "");
    check_text("a\nb\nc\nd\n", "a\nb\nc\nX\nd\n",
               "--- file\n+++ file\n@@ -1,4 +1,5 @@\n a\n b\n c\n+X\n d\n");
    check_text("", "X\n", "--- file\n+++ file\n@@ -0,0 +1 @@\n+X\n");
    check_text("X\n", "", "--- file\n+++ file\n@@ -1 +0,0 @@\n-X\n");
    check_text("a", "a\nb\n", "--- file\n+++ file\n@@ -1 +1,2 @@\n-a\n"
                              "\\ No newline at end of file\n+a\n+b\n");
    check_text("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "X\n1\n2\n3\n4\n5\n6\n7\n8\n9\nY\n",
               "--- file\n+++ file\n@@ -1,3 +1,4 @@\n+X\n 1\n 2\n 3\n"
               "@@ -7,3 +8,4 @@\n 7\n 8\n 9\n+Y\n");
    check_text("1\n2\n3\n4\n5\n6\n", "X\n1\n2\n3\n4\n5\n6\nY\n",
               "--- file\n+++ file\n@@ -1,6 +1,8 @@\n+X\n 1\n 2\n 3\n 4\n 5\n 6\n+Y\n");
}
END_TEST

START_TEST(made_and_removed_files_have_no_other_side)
{
    char *text = diff_of("", 0, true, "a\n", 2, false);

    ck_assert_str_eq(text, "--- /dev/null\n+++ file\n@@ -0,0 +1 @@\n+a\n");
    free(text);
    text = diff_of("a\n", 2, false, "", 0, true);
    ck_assert_str_eq(text, "--- file\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n");
    free(text);
}
END_TEST

/* A line that would play with a terminal does not reach one. */
START_TEST(a_terminal_is_not_played_with)
{
    static const char after[] = "a\033[2J\tb\0c\r\n";
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    struct printer out = {.file = file, .width = 40, .is_terminal = true, .has_colour = true};

    ck_assert_int_eq(diff_print(&out, "x\033y", "", 0, false, after, sizeof(after) - 1, false), 0);
    fclose(file);
    ck_assert_ptr_nonnull(strstr(text, "\033[32m+a?[2J   b?c?\033[0m\n"));
    ck_assert_ptr_nonnull(strstr(text, "--- x?y"));
    free(text);
}
END_TEST

/* A file of up to 30 lines of few kinds, so that they repeat. */
static size_t random_lines(char *text)
{
    static const char *const lines[] = {"fi\n", "\n", "a\n", "b\n", "c\n", "\\ No\n", "--- x\n", "+\n"};
    size_t n = 0;

    for (int i = rand() % 30; i > 0; i--) {
        const char *line = lines[(size_t)rand() % (sizeof(lines) / sizeof(lines[0]))];

        memcpy(text + n, line, strlen(line));
        n += strlen(line);
    }
    return n > 0 && rand() % 4 == 0 ? n - 1 : n;
}

/* before with some lines put in, and out. */
static size_t change(const char *before, size_t size, char *after)
{
    size_t n = 0;

    for (size_t at = 0; at < size; at++) {
        bool is_start = at == 0 || before[at - 1] == '\n';

        if (is_start && rand() % 8 == 0)
            n += (size_t)sprintf(after + n, "%s", rand() % 2 ? "new\nfi\n" : "a\n");
        if (is_start && rand() % 8 == 0) {
            while (at < size && before[at] != '\n')
                at++;
            continue;
        }
        after[n++] = before[at];
    }
    if (rand() % 3 == 0)
        n += (size_t)sprintf(after + n, "end%s", rand() % 2 ? "\n" : "");
    return n;
}

START_TEST(patch_makes_one_text_of_the_other)
{
    static char before[2000], after[8000];

    if (system("patch --version >/dev/null 2>&1") != 0)
        return;
    srand(1);
    for (int round = 0; round < 300; round++) {
        size_t n_before = random_lines(before);
        size_t n_after = rand() % 4 != 0 ? change(before, n_before, after) : random_lines(after);
        char *diff = diff_of(before, n_before, false, after, n_after, false), *got;
        size_t n;

        scratch_write("file", before, n_before);
        scratch_write("diff", diff, strlen(diff));
        free(diff);
        ck_assert_int_eq(n_before == n_after && memcmp(before, after, n_after) == 0
                             ? 0 : system("patch -s -f -F0 -E file diff >out 2>&1"), 0);
        got = access("file", F_OK) == 0 ? scratch_read("file", &n) : (n = 0, calloc(1, 1));
        ck_assert_msg(n == n_after && memcmp(got, after, n) == 0, "round %d", round);
        free(got);
    }
}
END_TEST

static void add(TCase *tcase)
{
    scratch_add(tcase);
    tcase_add_test(tcase, hunks_look_like_those_of_diff);
    tcase_add_test(tcase, made_and_removed_files_have_no_other_side);
    tcase_add_test(tcase, a_terminal_is_not_played_with);
    tcase_add_test(tcase, patch_makes_one_text_of_the_other);
}

int main(void)
{
    return run_tests("diff", add);
}
