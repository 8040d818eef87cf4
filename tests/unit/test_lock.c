/* SPDX-License-Identifier: MIT */
/* The lock: who holds it is told truly, and a file system without locks is no other
 * daemon. */
#include "config.h"

#include "relayd/base/lock.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Another process that has taken the lock and holds it until its input ends. */
static pid_t start_holder(const char *path, int *input)
{
    int ready[2], held[2];
    pid_t pid;
    char byte;

    ck_assert_int_eq(pipe(ready), 0);
    ck_assert_int_eq(pipe(held), 0);
    pid = fork();
    if (pid == 0) {
        close(held[1]);
        _exit(lock_take(path) < 0 || write(ready[1], "x", 1) != 1 || read(held[0], &byte, 1) != 0);
    }
    close(held[0]);
    close(ready[1]);
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    *input = held[1];
    return pid;
}

static void end_holder(pid_t pid, int input)
{
    int status;

    close(input);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}

START_TEST(the_holder_is_named)
{
    const char *path = scratch_path("lock");
    int input;
    pid_t pid = start_holder(path, &input);

    ck_assert_int_eq(lock_holder(path), pid);
    ck_assert_int_eq(lock_take(path), -EBUSY);
    end_holder(pid, input);
    ck_assert_int_eq(lock_holder(path), 0);
    ck_assert_int_ge(lock_take(path), 0);
}
END_TEST

/* lock_holder() in a new pid namespace; -1, as there, for whoever may not make one. */
static int holder_from_inside(const char *path)
{
    int status;

    if (unshare(CLONE_NEWPID) < 0)
        return -1;
    if (fork() == 0)
        _exit(lock_holder(path) & 0xff);
    wait(&status);
    return (signed char)WEXITSTATUS(status);
}

START_TEST(a_holder_that_has_no_pid_here_is_one)
{
    const char *path = scratch_path("lock");
    int input, status;
    pid_t pid = start_holder(path, &input);
    pid_t inside = fork();

    if (inside == 0)
        _exit(holder_from_inside(path) == -1 ? 0 : 1);
    ck_assert_int_eq(waitpid(inside, &status, 0), inside);
    ck_assert_int_eq(status, 0);
    end_holder(pid, input);
}
END_TEST

START_TEST(who_asks_for_the_holder_makes_nothing)
{
    const char *path = scratch_path("lock");

    ck_assert_int_eq(lock_holder(path), 0);
    ck_assert_int_eq(access(path, F_OK), -1);
}
END_TEST

/* Nobody is waited for who would write to it. */
START_TEST(a_fifo_has_no_holder)
{
    const char *path = scratch_path("lock");

    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(lock_holder(path), 0);
}
END_TEST

START_TEST(a_lock_that_is_replaced_is_not_in_place)
{
    const char *path = scratch_path("lock");
    int fd = lock_take(path);

    ck_assert(lock_is_in_place(fd, path));
    ck_assert_int_eq(rename(path, scratch_path("old")), 0);
    ck_assert(!lock_is_in_place(fd, path));
    scratch_write(path, "", 0);
    ck_assert(!lock_is_in_place(fd, path));
}
END_TEST

/* From here on fcntl(F_SETLK) fails with ENOLCK, as where a network has no locks. Returns
 * whether it does: where off_t is not long the call is another one. */
static bool lose_locks(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fcntl, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, F_SETLK, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOLCK),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};
    struct flock lock = {.l_type = F_UNLCK, .l_whence = SEEK_SET};

    ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
    return fcntl(STDIN_FILENO, F_SETLK, &lock) < 0 && errno == ENOLCK;
}

START_TEST(no_locks_are_no_holder)
{
    if (!lose_locks())
        return;
    ck_assert_int_eq(lock_take(scratch_path("lock")), -ENOLCK);
    /* Whoever was given its sockets serves nevertheless, and at once. */
    ck_assert_int_ge(lock_take_over(scratch_path("lock")), 0);
}
END_TEST

static void add_tests(TCase *tcase)
{
    scratch_add(tcase);
    tcase_add_test(tcase, the_holder_is_named);
    tcase_add_test(tcase, a_holder_that_has_no_pid_here_is_one);
    tcase_add_test(tcase, who_asks_for_the_holder_makes_nothing);
    tcase_add_test(tcase, a_fifo_has_no_holder);
    tcase_add_test(tcase, a_lock_that_is_replaced_is_not_in_place);
    tcase_add_test(tcase, no_locks_are_no_holder);
}

int main(void)
{
    return run_tests("lock", add_tests);
}
