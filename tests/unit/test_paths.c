/* SPDX-License-Identifier: MIT */
/* Where everything is. The rules look at the host, so those that can are tested in
 * a world of their own: a mount namespace with an empty /run and /tmp. */
#include "config.h"

#include "relayd/base/paths.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534

static struct paths paths;

static void put(const char *file, const char *text)
{
    FILE *out = fopen(file, "w");

    if (out == NULL || fputs(text, out) < 0 || fclose(out) != 0)
        _exit(1);
}

/* As root, or as what looks like ourselves in a user namespace. */
static bool enter_world(void)
{
    unsigned long uid = geteuid(), gid = getegid();
    char map[64];

    if (uid == 0) {
        if (unshare(CLONE_NEWNS) < 0)
            return false;
    } else {
        if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
            return false;
        snprintf(map, sizeof(map), "%lu %lu 1", uid, uid);
        put("/proc/self/uid_map", map);
        /* Without a group nothing can be made on a tmpfs. */
        put("/proc/self/setgroups", "deny");
        snprintf(map, sizeof(map), "%lu %lu 1", gid, gid);
        put("/proc/self/gid_map", map);
    }
    return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("run", "/run", "tmpfs", 0, "mode=755") == 0 &&
           mount("tmp", "/tmp", "tmpfs", 0, "mode=1777") == 0;
}

static bool has_worlds(void)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0)
        _exit(enter_world() ? 0 : 1);
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static void begin_world(void)
{
    unsetenv("RELAYD_DIR");
    ck_assert(enter_world());
}

static const char *with_uid(const char *format)
{
    static char text[4][128];
    static unsigned i;
    char *out = text[i++ % 4];
    const char *mark = strchr(format, '@');

    snprintf(out, sizeof(text[0]), "%.*s%lu%s", (int)(mark - format), format,
             (unsigned long)geteuid(), mark + 1);
    return out;
}

#define RUN with_uid("/run/user/@/relayd")
#define TMP with_uid("/tmp/relayd-@")

static const struct paths_choice host; /* it says */

static const char *chosen(bool for_daemon)
{
    ck_assert_int_eq(paths_find(&paths, &host, for_daemon), 0);
    return paths.dir;
}

static void make_dir(const char *path, mode_t mode)
{
    ck_assert_int_eq(mkdir(path, 0700), 0);
    ck_assert_int_eq(chmod(path, mode), 0);
}

static void make_run(void)
{
    make_dir("/run/user", 0755);
    make_dir(with_uid("/run/user/@"), 0700);
}

START_TEST(the_option_comes_before_the_environment)
{
    setenv("RELAYD_DIR", "/from/env", 1);
    ck_assert_int_eq(paths_find(&paths, &(struct paths_choice){.dir = "/from/option"}, false), 0);
    ck_assert_str_eq(paths.dir, "/from/option");
    ck_assert_int_eq(paths_find(&paths, &(struct paths_choice){.dir = ""}, false), 0);
    ck_assert_str_eq(paths.dir, "/from/env");
    ck_assert_int_eq(paths_find(&paths, &host, true), 0);
    ck_assert_str_eq(paths.dir, "/from/env");
}
END_TEST

START_TEST(everything_is_in_the_directory)
{
    ck_assert_int_eq(paths_find(&paths, &(struct paths_choice){.dir = "/a/b//"}, false), 0);
    ck_assert_str_eq(paths.dir, "/a/b");
    ck_assert_str_eq(paths.agent, "/a/b/agent.sock");
    ck_assert_str_eq(paths.control, "/a/b/control.sock");
    ck_assert_str_eq(paths.upstreams, "/a/b/upstreams");
    ck_assert_str_eq(paths.lock, "/a/b/lock");
    ck_assert_str_eq(paths.log, "/a/b/log");
}
END_TEST

START_TEST(a_relative_name_starts_where_one_stands)
{
    const struct paths_choice here = {.dir = "here"};
    char option[PATHS_OPTION_MAX];

    ck_assert_int_eq(paths_find(&paths, &here, false), 0);
    ck_assert_str_eq(paths.dir, scratch_path("here"));
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert_int_eq(paths_find(&paths, &here, false), 0);
    ck_assert_str_eq(paths.dir, "/here");
    ck_assert_str_eq(paths_option(&paths, option), " --dir /here");
    ck_assert_int_eq(paths_find(&paths, &(struct paths_choice){.dir = "/a here"}, false), 0);
    ck_assert_str_eq(paths_option(&paths, option), " --dir '/a here'");
}
END_TEST

START_TEST(a_relative_name_leads_nowhere_without_a_working_directory)
{
    const char *dir = scratch_path("gone");

    ck_assert_int_eq(mkdir(dir, 0700), 0);
    ck_assert_int_eq(chdir(dir), 0);
    ck_assert_int_eq(rmdir(dir), 0);
    ck_assert_int_eq(paths_find(&paths, &(struct paths_choice){.dir = "here"}, false), -ENOENT);
    ck_assert_str_eq(paths.dir, "here");
    ck_assert_int_eq(paths_find(&paths, &(struct paths_choice){.dir = "/here"}, false), 0);
}
END_TEST

START_TEST(a_socket_path_of_107_bytes_fits_and_108_do_not)
{
    size_t most = 107 - strlen("/control.sock");
    char dir[128];

    memset(dir, 'x', sizeof(dir));
    dir[0] = '/';
    dir[most] = '\0';
    ck_assert_int_eq(paths_find(&paths, &(struct paths_choice){.dir = dir}, false), 0);
    ck_assert_uint_eq(strlen(paths.control), 107);
    dir[most] = 'x';
    dir[most + 1] = '\0';
    ck_assert_int_eq(paths_find(&paths, &(struct paths_choice){.dir = dir}, false), -ENAMETOOLONG);
    ck_assert_ptr_nonnull(strstr(paths_problem(-ENAMETOOLONG), "107 bytes"));
    memset(dir, 'x', sizeof(dir) - 1);
    dir[sizeof(dir) - 1] = '\0';
    ck_assert_int_eq(paths_find(&paths, &(struct paths_choice){.dir = dir}, false), -ENAMETOOLONG);
    ck_assert_uint_lt(strlen(paths.dir), sizeof(paths.dir));
}
END_TEST

START_TEST(a_missing_directory_is_made_only_when_asked)
{
    const char *dir = scratch_path("new");

    umask(0);
    ck_assert_int_eq(paths_find(&paths, &(struct paths_choice){.dir = dir}, false), 0);
    ck_assert_int_eq(paths_check_dir(&paths, false), -ENOENT);
    ck_assert_int_eq(access(dir, F_OK), -1);
    ck_assert_int_eq(paths_check_dir(&paths, true), 0);
    ck_assert_uint_eq(scratch_mode(dir), 0700);
    ck_assert_int_eq(paths_check_dir(&paths, true), 0);
    ck_assert_int_eq(paths_check_dir(&paths, false), 0);
}
END_TEST

static void check_refused(const char *dir, int error, const char *why)
{
    ck_assert_int_eq(paths_find(&paths, &(struct paths_choice){.dir = dir}, false), 0);
    ck_assert_int_eq(paths_check_dir(&paths, false), error);
    ck_assert_int_eq(paths_check_dir(&paths, true), error);
    ck_assert_ptr_nonnull(strstr(paths_problem(error), why));
}

START_TEST(a_directory_open_to_others_is_refused)
{
    static const mode_t modes[] = {0701, 0710, 0704, 0740, 0702, 0720, 0755, 0777};

    make_dir("d", modes[_i]);
    check_refused("d", -PATHS_TOO_OPEN, "0700");
}
END_TEST

START_TEST(a_symlink_is_refused)
{
    make_dir("d", 0700);
    ck_assert_int_eq(symlink("d", "link"), 0);
    check_refused("link", -ELOOP, "symlink");
    /* A slash at its end must not follow it. */
    check_refused("link/", -ELOOP, "symlink");
    ck_assert_int_eq(symlink("nowhere", "dangling"), 0);
    check_refused("dangling", -ELOOP, "symlink");
}
END_TEST

START_TEST(what_is_no_directory_is_refused)
{
    scratch_write("file", "", 0);
    check_refused("file", -ENOTDIR, "not a directory");
}
END_TEST

START_TEST(a_directory_of_another_user_is_refused)
{
    const char *dir = "/";

    if (geteuid() == 0) {
        dir = "d";
        make_dir("d", 0700);
        ck_assert_int_eq(chown("d", NOBODY, NOBODY), 0);
    }
    check_refused(dir, -EPERM, "another user");
}
END_TEST

START_TEST(the_user_s_runtime_directory_is_preferred)
{
    begin_world();
    make_run();
    make_dir(TMP, 0700);
    ck_assert_str_eq(chosen(false), RUN);
    ck_assert(paths_is_user_manager_dir(&paths));
    ck_assert_str_eq(chosen(true), RUN);
}
END_TEST

START_TEST(a_runtime_directory_that_is_a_symlink_or_a_file_is_not_taken)
{
    begin_world();
    make_dir("/run/user", 0755);
    if (_i == 0)
        ck_assert_int_eq(symlink("/tmp", with_uid("/run/user/@")), 0);
    else
        scratch_write(with_uid("/run/user/@"), "", 0);
    ck_assert_str_eq(chosen(false), TMP);
    ck_assert_str_eq(chosen(true), TMP);
    ck_assert(!paths_is_user_manager_dir(&paths));
}
END_TEST

START_TEST(without_one_a_private_directory_in_tmp_is_used)
{
    begin_world();
    make_dir("/run/systemd", 0755);
    make_dir("/run/systemd/system", 0755);
    make_dir(TMP, 0700);
    ck_assert_str_eq(chosen(false), TMP);
    ck_assert_int_eq(chmod(TMP, 0755), 0);
    ck_assert_str_eq(chosen(false), RUN);
    ck_assert_int_eq(rmdir(TMP), 0);
    ck_assert_int_eq(symlink("/run", TMP), 0);
    ck_assert_str_eq(chosen(false), RUN);
}
END_TEST

START_TEST(with_neither_the_host_s_systemd_decides)
{
    begin_world();
    ck_assert_str_eq(chosen(false), TMP);
    make_dir("/run/systemd", 0755);
    make_dir("/run/systemd/system", 0755);
    ck_assert_str_eq(chosen(false), RUN);
    /* A daemon cannot wait for it to appear. */
    ck_assert_str_eq(chosen(true), TMP);
}
END_TEST

START_TEST(choosing_makes_nothing)
{
    begin_world();
    chosen(false);
    chosen(true);
    ck_assert_int_eq(access(TMP, F_OK), -1);
}
END_TEST

START_TEST(a_user_manager_is_one_that_listens)
{
    int fd;

    begin_world();
    make_run();
    make_dir(with_uid("/run/user/@/systemd"), 0700);
    ck_assert(!paths_has_user_manager());
    fd = sock_listen(with_uid("/run/user/@/systemd/private"), SOCK_STREAM, 8);
    ck_assert_int_ge(fd, 0);
    ck_assert(paths_has_user_manager());
    close(fd);
    ck_assert(!paths_has_user_manager());
}
END_TEST

/* What a name chooses, where the host and the environment are as they are. */
static const char *named(const char *name, bool for_daemon)
{
    ck_assert_int_eq(paths_find(&paths, &(struct paths_choice){.name = name}, for_daemon), 0);
    ck_assert_str_eq(paths.name, name);
    return paths.dir;
}

START_TEST(a_name_has_a_directory_beside_the_first)
{
    char unit[PATHS_UNIT_MAX], option[PATHS_OPTION_MAX];

    begin_world();
    ck_assert_str_eq(named("work", true), with_uid("/tmp/relayd-@-work"));
    setenv("RELAYD_DIR", "/from/env", 1);
    ck_assert_str_eq(named("work", true), with_uid("/tmp/relayd-@-work"));
    make_run();
    ck_assert_str_eq(named("work", true), with_uid("/run/user/@/relayd-work"));
    ck_assert(paths_is_user_manager_dir(&paths));
    ck_assert_str_eq(paths_unit(&paths, "socket", unit), "relayd@work.socket");
    ck_assert_str_eq(paths_option(&paths, option), " --name work");
    ck_assert_str_eq(chosen(true), "/from/env");
    ck_assert(!paths_is_user_manager_dir(&paths));
    ck_assert_str_eq(paths_unit(&paths, "service", unit), "relayd.service");
    ck_assert_str_eq(paths_option(&paths, option), "");
}
END_TEST

/* The names are parts of paths, of units' names, and of shell lines. */
START_TEST(odd_names_are_refused)
{
    static const char longest[] = "a2345678901234567890123456789012";
    static const char *const odd[] = {
        "", ".", "..", "../x", "a/b", "-a", "_a", "9a", "A", "a b", "a.b", "a%i", "\xc3\xa4",
        "a\nb", "a23456789012345678901234567890123", NULL,
    };
    char huge[301];

    memset(huge, 'a', 300);
    huge[300] = '\0';
    begin_world();
    ck_assert(!paths_is_name(huge));
    for (int i = 0; odd[i] != NULL; i++) {
        ck_assert_msg(!paths_is_name(odd[i]), "%s", odd[i]);
        ck_assert_int_eq(paths_find(&paths, &(struct paths_choice){.name = odd[i]}, false),
                         -EINVAL);
    }
    ck_assert_ptr_nonnull(strstr(paths_problem(-EINVAL), "is no name"));
    ck_assert(paths_is_name("a") && paths_is_name("work-2_b") && paths_is_name(longest));
    make_run();
    ck_assert_str_eq(named(longest, false), with_uid("/run/user/@/relayd-a2345678901234567890123456789012"));
}
END_TEST

static void add_host_rules(TCase *tcase)
{
    tcase_add_test(tcase, the_user_s_runtime_directory_is_preferred);
    tcase_add_loop_test(tcase, a_runtime_directory_that_is_a_symlink_or_a_file_is_not_taken, 0, 2);
    tcase_add_test(tcase, without_one_a_private_directory_in_tmp_is_used);
    tcase_add_test(tcase, with_neither_the_host_s_systemd_decides);
    tcase_add_test(tcase, choosing_makes_nothing);
    tcase_add_test(tcase, a_user_manager_is_one_that_listens);
    tcase_add_test(tcase, a_name_has_a_directory_beside_the_first);
    tcase_add_test(tcase, odd_names_are_refused);
}

static void add(TCase *tcase)
{
    scratch_add(tcase);
    tcase_add_test(tcase, the_option_comes_before_the_environment);
    tcase_add_test(tcase, everything_is_in_the_directory);
    tcase_add_test(tcase, a_relative_name_starts_where_one_stands);
    tcase_add_test(tcase, a_relative_name_leads_nowhere_without_a_working_directory);
    tcase_add_test(tcase, a_socket_path_of_107_bytes_fits_and_108_do_not);
    tcase_add_test(tcase, a_missing_directory_is_made_only_when_asked);
    tcase_add_loop_test(tcase, a_directory_open_to_others_is_refused, 0, 8);
    tcase_add_test(tcase, a_symlink_is_refused);
    tcase_add_test(tcase, what_is_no_directory_is_refused);
    tcase_add_test(tcase, a_directory_of_another_user_is_refused);
    if (has_worlds())
        add_host_rules(tcase);
}

int main(void)
{
    return run_tests("paths", add);
}

