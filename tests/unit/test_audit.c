/* SPDX-License-Identifier: MIT */
/* The audit: who a client is, and which sessions are worth a line. */
#include "config.h"

#include "relayd/session/audit.h"
#include "relayd/base/log.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static char command[AUDIT_COMMAND_MAX];
static char logged[AUDIT_LINE_MAX];
static char field[AUDIT_LINE_MAX];
static uint32_t asked[AGENT_KINDS];

static bool keep(enum log_level level, const char *line, const struct log_field *fields, size_t n)
{
    snprintf(logged, sizeof(logged), "%s", line);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(fields[i].name, "RELAYD_CLIENT_COMMAND") == 0)
            snprintf(field, sizeof(field), "%s", fields[i].value);
    }
    return true;
}

/* What is logged of a session of ours. */
static const char *log_session(bool is_failure)
{
    const struct audit audit = {
        .client = {.pid = getpid(), .uid = 17},
        .asked = asked,
        .command = command,
        .seconds = 1.5,
        .reason = SESSION_CLIENT_CLOSED,
        .is_failure = is_failure,
    };
    char line[AUDIT_LINE_MAX];

    log_set_sink(keep);
    audit_log(&audit, line);
    return line[0] == '\0' ? "" : logged;
}

START_TEST(a_client_has_the_name_that_the_kernel_gives)
{
    static const char *const names[] = {"x", "a name: (odd)", "just 15 letters"};

    prctl(PR_SET_NAME, names[_i]);
    audit_look_up(command, getpid());
    ck_assert_str_eq(command, names[_i]);
}
END_TEST

START_TEST(a_name_without_a_letter_is_a_question_mark)
{
    prctl(PR_SET_NAME, "");
    audit_look_up(command, getpid());
    ck_assert_str_eq(command, "?");
}
END_TEST

START_TEST(a_client_that_has_left_is_gone)
{
    pid_t child = fork();

    if (child == 0)
        _exit(0);
    waitpid(child, NULL, 0);
    audit_look_up(command, child);
    ck_assert_str_eq(command, "gone");
}
END_TEST

START_TEST(a_client_is_looked_up_once)
{
    prctl(PR_SET_NAME, "before");
    audit_look_up(command, getpid());
    prctl(PR_SET_NAME, "after");
    audit_look_up(command, getpid());
    ck_assert_str_eq(command, "before");
}
END_TEST

START_TEST(a_listing_is_not_worth_a_look)
{
    asked[AGENT_KIND_LIST] = 2;
    ck_assert_str_eq(log_session(false), "");
    ck_assert_str_eq(command, "");
}
END_TEST

START_TEST(a_signature_or_a_failure_is)
{
    char wanted[200];

    prctl(PR_SET_NAME, "git");
    asked[AGENT_KIND_LIST] = 2;
    asked[AGENT_KIND_SIGN] = _i == 0;
    snprintf(wanted, sizeof(wanted), "client %d (git, uid 17): 2 list%s in 1.50 s: done",
             (int)getpid(), _i == 0 ? ", 1 sign" : "");
    ck_assert_str_eq(log_session(_i == 1), wanted);
    ck_assert_str_eq(field, "git");
}
END_TEST

START_TEST(a_name_adds_no_line)
{
    prctl(PR_SET_NAME, "x\nclient\033[2J");
    log_session(true);
    ck_assert_ptr_nonnull(strstr(logged, "(x?client?[2J, uid 17)"));
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_loop_test(tcase, a_client_has_the_name_that_the_kernel_gives, 0, 3);
    tcase_add_test(tcase, a_name_without_a_letter_is_a_question_mark);
    tcase_add_test(tcase, a_client_that_has_left_is_gone);
    tcase_add_test(tcase, a_client_is_looked_up_once);
    tcase_add_test(tcase, a_listing_is_not_worth_a_look);
    tcase_add_loop_test(tcase, a_signature_or_a_failure_is, 0, 2);
    tcase_add_test(tcase, a_name_adds_no_line);
}

int main(void)
{
    return run_tests("audit", add);
}
