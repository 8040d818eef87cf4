/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "relayctl/process.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct process with(char *environment, size_t size)
{
    return (struct process){.environment = environment, .size = size};
}

START_TEST(a_variable_is_found_by_its_whole_name)
{
    char text[] = "A=1\0AB=2\0B=\0=x\0C\0A=3";
    struct process process = with(text, sizeof(text));

    ck_assert_str_eq(process_variable(&process, "A"), "1");
    ck_assert_str_eq(process_variable(&process, "AB"), "2");
    ck_assert_str_eq(process_variable(&process, "B"), "");
    ck_assert_ptr_null(process_variable(&process, "C"));
    ck_assert_ptr_null(process_variable(&process, "X"));
    ck_assert(process_has(&process, "AB"));
    ck_assert(!process_has(&process, "X"));
}
END_TEST

/* A process may write there what it likes: what is read has a NUL behind it, and no more. */
START_TEST(any_bytes_are_an_environment)
{
    char ends[] = "A=1\0SSH_CONNECTION";
    char blanks[64] = "";
    struct process process = with(ends, sizeof(ends) - 1);

    ck_assert_ptr_null(process_variable(&process, "SSH_CONNECTION"));
    process = with(blanks, sizeof(blanks));
    ck_assert_ptr_null(process_variable(&process, "A"));
    process = with(NULL, 0);
    ck_assert_ptr_null(process_variable(&process, "A"));
    ck_assert(!process_has(&process, "A"));
    process = with(blanks, 0);
    ck_assert(!process_has(&process, ""));
}
END_TEST

START_TEST(this_one_and_its_parent_are_found)
{
    struct processes processes = {0};
    const struct process *self;
    pid_t child = fork();

    if (child == 0) {
        pause();
        _exit(0);
    }
    ck_assert_int_eq(processes_read(&processes), 0);
    self = processes_find(&processes, getpid());
    ck_assert_ptr_nonnull(self);
    ck_assert_int_eq(self->parent, getppid());
    ck_assert_ptr_nonnull(processes_find(&processes, child));
    ck_assert_int_eq(processes_find(&processes, child)->parent, getpid());
    for (size_t i = 1; i < processes.n; i++)
        ck_assert(processes.list[i - 1].pid < processes.list[i].pid);
    processes_fini(&processes);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}
END_TEST

START_TEST(what_is_not_there_is_no_process)
{
    struct process process;
    pid_t child = fork();

    if (child == 0)
        _exit(0);
    waitpid(child, NULL, 0);
    ck_assert_int_eq(process_read(&process, child), -ESRCH);
}
END_TEST

static bool has_last(pid_t pid)
{
    struct process process;
    const char *last;
    bool has;

    ck_assert_int_eq(process_read(&process, pid), 0);
    last = process_variable(&process, "LAST");
    has = last != NULL && strcmp(last, "here") == 0;
    process_fini(&process);
    return has;
}

START_TEST(a_large_environment_is_read_to_its_end)
{
    static char fill[100000] = "FILL=", last[] = "LAST=here";
    char *environment[] = {fill, last, NULL};
    pid_t child;

    memset(fill + 5, 'x', sizeof(fill) - 6);
    child = fork();
    if (child == 0) {
        execle("/bin/sleep", "sleep", "60", NULL, environment);
        _exit(1);
    }
    while (!has_last(child))
        usleep(10000);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}
END_TEST

/* Its name is what it likes too. */
START_TEST(the_terminal_of_a_process_is_known)
{
    struct process process = {.pid = getpid()};
    int master = posix_openpt(O_RDWR | O_NOCTTY), fds[2];
    struct stat st;
    char byte;

    ck_assert_int_eq(grantpt(master) | unlockpt(master) | pipe(fds), 0);
    ck_assert_int_eq(stat(ptsname(master), &st), 0);
    process.pid = fork();
    if (process.pid == 0) {
        prctl(PR_SET_NAME, "a) S 1 2 3 4 (");
        setsid();
        if (open(ptsname(master), O_RDWR) < 0 || write(fds[1], "", 1) != 1)
            _exit(1);
        pause();
    }
    close(fds[1]);
    ck_assert_int_eq(read(fds[0], &byte, 1), 1);
    ck_assert(process_terminal(&process) == st.st_rdev);
    kill(process.pid, SIGKILL);
    waitpid(process.pid, NULL, 0);
    ck_assert(process_terminal(&process) == 0);
    close(fds[0]);
    close(master);
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_test(tcase, a_variable_is_found_by_its_whole_name);
    tcase_add_test(tcase, any_bytes_are_an_environment);
    tcase_add_test(tcase, this_one_and_its_parent_are_found);
    tcase_add_test(tcase, a_large_environment_is_read_to_its_end);
    tcase_add_test(tcase, the_terminal_of_a_process_is_known);
    tcase_add_test(tcase, what_is_not_there_is_no_process);
}

int main(void)
{
    return run_tests("process", add);
}
