/* SPDX-License-Identifier: MIT */
/* The shell line: what it looks like, and that a shell reads back what was meant. */
#include "config.h"

#include "relayctl/shell.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

static char line[512];

static const char *written(enum shell shell, const char *value)
{
    FILE *file = fmemopen(line, sizeof(line), "w");

    shell_set(file, shell, "X", value);
    fclose(file);
    return line;
}

START_TEST(shells_are_told_apart)
{
    ck_assert_int_eq(shell_of("/bin/bash"), SHELL_SH);
    ck_assert_int_eq(shell_of("/usr/bin/bash (deleted)"), SHELL_SH);
    ck_assert_int_eq(shell_of("/usr/bin/zsh-5.9"), SHELL_SH);
    ck_assert_int_eq(shell_of("/bin/ksh93"), SHELL_SH);
    ck_assert_int_eq(shell_of("/bin/busybox"), SHELL_SH);
    ck_assert_int_eq(shell_of("/bin/tcsh"), SHELL_CSH);
    ck_assert_int_eq(shell_of("/bin/bsd-csh"), SHELL_CSH);
    ck_assert_int_eq(shell_of("csh"), SHELL_CSH);
    ck_assert_int_eq(shell_of("/usr/bin/fish"), SHELL_FISH);
}
END_TEST

START_TEST(other_programs_are_no_shells)
{
    static const char *const names[] = {
        NULL, "", "/", "/bin/", "/usr/bin/ssh", "/usr/bin/shred", "/usr/bin/elvish", "/usr/bin/make",
        "/bash/x", "/usr/bin/fishy",
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        ck_assert_int_eq(shell_of(names[i]), SHELL_UNKNOWN);
}
END_TEST

START_TEST(plain_paths_stay_plain)
{
    ck_assert_str_eq(written(SHELL_SH, "/tmp/ssh-Ab/agent.1"), "X=/tmp/ssh-Ab/agent.1; export X;");
    ck_assert_str_eq(written(SHELL_CSH, "/tmp/ssh-Ab/agent.1"), "setenv X /tmp/ssh-Ab/agent.1;");
    ck_assert_str_eq(written(SHELL_FISH, "/tmp/ssh-Ab/agent.1"), "set -gx X /tmp/ssh-Ab/agent.1;");
}
END_TEST

START_TEST(a_variable_is_taken_away)
{
    static const char *const wanted[] = {
        [SHELL_SH] = "unset X;", [SHELL_CSH] = "unsetenv X;", [SHELL_FISH] = "set -e X;"};

    for (int shell = SHELL_SH; shell <= SHELL_FISH; shell++) {
        FILE *file = fmemopen(line, sizeof(line), "w");

        shell_unset(file, (enum shell)shell, "X");
        fclose(file);
        ck_assert_str_eq(line, wanted[shell]);
    }
}
END_TEST

START_TEST(odd_paths_are_quoted)
{
    ck_assert_str_eq(written(SHELL_SH, "/a b'$c\\"), "X='/a b'\\''$c\\'; export X;");
    ck_assert_str_eq(written(SHELL_CSH, "/a b'!c\\"), "setenv X /a\\ b\\'\\!c\\\\;");
    ck_assert_str_eq(written(SHELL_FISH, "/a b'$c\\"), "set -gx X '/a b\\'$c\\\\';");
    ck_assert_str_eq(written(SHELL_FISH, "%self"), "set -gx X '%self';");
}
END_TEST

START_TEST(what_no_quoting_carries_is_refused)
{
    for (int shell = SHELL_SH; shell <= SHELL_FISH; shell++) {
        ck_assert(shell_can_read((enum shell)shell, "/a b'$c\\"));
        ck_assert(!shell_can_read((enum shell)shell, "/a\nb"));
        ck_assert(!shell_can_read((enum shell)shell, "/a\033b"));
    }
    ck_assert(shell_can_read(SHELL_SH, "/a  b"));
    ck_assert(!shell_can_read(SHELL_CSH, "/a  b"));
    ck_assert(shell_can_read(SHELL_SH, "/{a,b}"));
    ck_assert(!shell_can_read(SHELL_CSH, "/{a,b}"));
    ck_assert(!shell_can_read(SHELL_CSH, "{"));
}
END_TEST

/* Every character that may be written, by eval of a real sh. */
START_TEST(sh_reads_back_what_was_meant)
{
    char value[128], got[128] = "";
    char *p = value;
    FILE *file;

    *p++ = '/';
    for (char c = 0x20; c < 0x7f; c++)
        *p++ = c;
    *p = '\0';
    setenv("LINE", written(SHELL_SH, value), 1);
    file = popen("eval \"$LINE\"; printf %s \"$X\"", "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_gt(fread(got, 1, sizeof(got) - 1, file), 0);
    pclose(file);
    ck_assert_str_eq(got, value);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, shells_are_told_apart);
    tcase_add_test(tcase, other_programs_are_no_shells);
    tcase_add_test(tcase, plain_paths_stay_plain);
    tcase_add_test(tcase, a_variable_is_taken_away);
    tcase_add_test(tcase, odd_paths_are_quoted);
    tcase_add_test(tcase, what_no_quoting_carries_is_refused);
    tcase_add_test(tcase, sh_reads_back_what_was_meant);
}

int main(void)
{
    return run_tests("shell", add_tests);
}
