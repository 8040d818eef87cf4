/* SPDX-License-Identifier: MIT */
/* Pins: which sockets may be registered, and that it is the same socket ever after. */
#include "config.h"

#include "relayd/upstream/pin.h"
#include "relayd/base/birth.h"
#include "relayd/base/sock.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOBODY 65534

static const char *const no_own_paths[2];
static struct pin pin;

static int open_it(const char *path, const char **reason)
{
    memset(&pin, 0xff, sizeof(pin));
    *reason = NULL;
    return pin_open(&pin, path, no_own_paths, reason);
}

static void check_open(const char *path)
{
    const char *reason;

    ck_assert_int_eq(open_it(path, &reason), 0);
    ck_assert_int_ge(pin.fd, 0);
}

static void check_refused(const char *path, const char *why)
{
    const char *reason;

    ck_assert_int_lt(open_it(path, &reason), 0);
    ck_assert_ptr_nonnull(reason);
    ck_assert_ptr_nonnull(strstr(reason, why));
}

static void listen_at(const char *path)
{
    ck_assert_int_ge(sock_listen(path, SOCK_STREAM, 4), 0);
}

START_TEST(a_socket_of_ours_is_held)
{
    struct stat st;

    listen_at("s");
    check_open("s");
    ck_assert_int_eq(stat("s", &st), 0);
    ck_assert_uint_eq(pin.dev, st.st_dev);
    ck_assert_uint_eq(pin.ino, st.st_ino);
    ck_assert_int_eq(pin.ctime.tv_sec, st.st_ctim.tv_sec);
    ck_assert_int_eq(pin.ctime.tv_nsec, st.st_ctim.tv_nsec);
    ck_assert(!pin.has_birth || pin.birth.tv_sec <= st.st_ctim.tv_sec);
    ck_assert_int_ne(fcntl(pin.fd, F_GETFD) & FD_CLOEXEC, 0);
}
END_TEST

START_TEST(a_symlink_is_followed_this_once)
{
    struct pin direct;

    listen_at("s");
    check_open("s");
    direct = pin;
    ck_assert_int_eq(symlink("s", "link"), 0);
    check_open("link");
    ck_assert(pin_is_same(&pin, &direct));
    ck_assert_int_eq(unlink("link"), 0);
    ck_assert_int_eq(symlink("elsewhere", "link"), 0);
    ck_assert(sock_is_live(pin.path, SOCK_STREAM));
}
END_TEST

START_TEST(another_socket_at_the_path_is_another)
{
    struct pin before;
    int fd = sock_listen("s", SOCK_STREAM, 4);

    check_open("s");
    before = pin;
    close(fd);
    ck_assert_int_eq(unlink("s"), 0);
    listen_at("s");
    check_open("s");
    ck_assert(!pin_is_same(&pin, &before));
    ck_assert(!pin_is_saved(&pin, &before));
    ck_assert(sock_is_live(pin.path, SOCK_STREAM));
    ck_assert(!sock_is_live(before.path, SOCK_STREAM));
}
END_TEST

START_TEST(each_mark_tells_sockets_apart)
{
    static const struct pin marks = {.fd = 3, .dev = 1, .ino = 2, .ctime = {3, 4}};
    static const struct { struct pin other; bool is_same; } rows[] = {
        {{.fd = 9, .dev = 1, .ino = 2, .ctime = {3, 4}}, true},
        {{.fd = 3, .dev = 9, .ino = 2, .ctime = {3, 4}}, false},
        {{.fd = 3, .dev = 1, .ino = 9, .ctime = {3, 4}}, false},
        {{.fd = 3, .dev = 1, .ino = 2, .ctime = {9, 4}}, true},
    };

    ck_assert(pin_is_same(&marks, &rows[_i].other) == rows[_i].is_same);
}
END_TEST

#define AT(...) .dev = 1, .ino = 2, __VA_ARGS__

START_TEST(a_saved_socket_is_known_again)
{
    static const struct pin born = {AT(.has_birth = true, .birth = {3, 4}, .ctime = {7, 0})};
    static const struct pin unborn = {AT(.ctime = {7, 8})};
    static const struct { const struct pin *pin; struct pin saved; bool is_same; } rows[] = {
        {&born, {AT(.has_birth = true, .birth = {3, 4}, .ctime = {3, 4})}, true},
        {&born, {AT(.has_birth = true, .birth = {3, 5})}, false},
        {&born, {AT(.has_birth = true, .birth = {2, 4})}, false},
        {&born, {.dev = 1, .ino = 9, .has_birth = true, .birth = {3, 4}}, false},
        /* The version before knew no births. */
        {&born, {AT(.ctime = {7, 0})}, true},
        {&born, {AT(.ctime = {3, 4})}, true},
        {&born, {AT(.ctime = {3, 3})}, false},
        {&unborn, {AT(.ctime = {7, 8})}, true},
        {&unborn, {AT(.ctime = {7, 7})}, false},
        {&unborn, {AT(.ctime = {6, 8})}, false},
        {&unborn, {AT(.has_birth = true, .birth = {7, 8})}, false},
    };

    ck_assert(pin_is_saved(rows[_i].pin, &rows[_i].saved) == rows[_i].is_same);
}
END_TEST

START_TEST(a_change_of_mode_makes_no_other_socket)
{
    struct pin before, found;

    listen_at("s");
    check_open("s");
    before = pin;
    do {
        ck_assert_int_eq(chmod("s", 0700), 0);
        check_open("s");
    } while (pin.ctime.tv_sec == before.ctime.tv_sec && pin.ctime.tv_nsec == before.ctime.tv_nsec);
    ck_assert(pin_is_same(&pin, &before));
    ck_assert(!pin.has_birth || pin_is_saved(&pin, &before));
    ck_assert_int_eq(pin_ctime(&before).tv_nsec, pin.ctime.tv_nsec);
    ck_assert_int_eq(symlink("s", "link"), 0);
    ck_assert_int_eq(pin_look_up(&found, "link"), 0);
    ck_assert(pin_is_same(&found, &before));
    ck_assert_int_eq(pin_look_up(&found, "missing"), -ENOENT);
}
END_TEST

START_TEST(its_own_path_has_no_symlink)
{
    char path[PATH_MAX];

    ck_assert_int_eq(mkdir("d", 0700), 0);
    listen_at("d/s");
    ck_assert_int_eq(symlink("d", "to-d"), 0);
    ck_assert_int_eq(symlink("to-d/s", "link"), 0);
    check_open("link");
    ck_assert_int_eq(pin_real_path(&pin, path), 0);
    ck_assert_str_eq(path, scratch_path("d/s"));
    ck_assert_int_eq(rename("d/s", "d/t"), 0);
    ck_assert_int_eq(pin_real_path(&pin, path), 0);
    ck_assert_str_eq(path, scratch_path("d/t"));
    ck_assert_int_eq(unlink("d/t"), 0);
    ck_assert_int_eq(pin_real_path(&pin, path), -ENOENT);
}
END_TEST

START_TEST(what_is_no_socket_is_refused)
{
    scratch_write("file", "", 0);
    check_refused("file", "not a socket");
    check_refused(".", "not a socket");
    check_refused("/dev/null", "not a socket");
    check_refused("missing", "No such file");
    check_refused("file/s", "Not a directory");
    ck_assert_int_eq(symlink("self", "self"), 0);
    check_refused("self", "symbolic links");
}
END_TEST

START_TEST(a_socket_of_another_user_is_refused)
{
    listen_at("s");
    ck_assert_int_eq(chown("s", NOBODY, NOBODY), 0);
    check_refused("s", "another user");
}
END_TEST

/* In a development container, for one, where root has made it. */
START_TEST(a_socket_of_root_is_held_where_it_is_open_to_us)
{
    listen_at("s");
    ck_assert_int_eq(chmod(".", 0755), 0);
    ck_assert_int_eq(chmod("..", 0755), 0);
    ck_assert_int_eq(setegid(NOBODY), 0);
    ck_assert_int_eq(setresuid(NOBODY, NOBODY, 0), 0);
    check_refused("s", "not open to us");
    ck_assert_int_eq(setresuid(0, 0, 0), 0);
    ck_assert_int_eq(chmod("s", 0666), 0);
    ck_assert_int_eq(setresuid(NOBODY, NOBODY, 0), 0);
    check_open("s");
    /* For who looks for leaks at the end. */
    ck_assert_int_eq(setresuid(0, 0, 0), 0);
    ck_assert_int_eq(prctl(PR_SET_DUMPABLE, 1), 0);
}
END_TEST

START_TEST(our_own_sockets_are_refused_by_whatever_name)
{
    const char *own[2] = {scratch_path("agent.sock"), scratch_path("control.sock")};
    const char *reason;

    listen_at("agent.sock");
    listen_at("control.sock");
    listen_at("s");
    ck_assert_int_eq(symlink("agent.sock", "link"), 0);
    ck_assert_int_eq(link("control.sock", "hardlink"), 0);
    ck_assert_int_eq(pin_open(&pin, "agent.sock", own, &reason), -EPERM);
    ck_assert_ptr_nonnull(strstr(reason, "relayd itself"));
    ck_assert_int_eq(pin_open(&pin, "link", own, &reason), -EPERM);
    ck_assert_int_eq(pin_open(&pin, "hardlink", own, &reason), -EPERM);
    ck_assert_int_eq(pin_open(&pin, "s", own, &reason), 0);
    own[1] = NULL;
    ck_assert_int_eq(pin_open(&pin, "control.sock", own, &reason), 0);
}
END_TEST

START_TEST(a_directory_that_others_write_to_must_be_sticky)
{
    static const struct { mode_t mode; bool is_safe; } rows[] = {
        {0700, true}, {0755, true}, {0770, false}, {0702, false}, {0777, false},
        {01777, true}, {01770, true},
    };

    ck_assert_int_eq(mkdir("d", 0700), 0);
    listen_at("d/s");
    ck_assert_int_eq(symlink("d/s", "link"), 0);
    ck_assert_int_eq(chmod("d", rows[_i].mode), 0);
    if (rows[_i].is_safe) {
        check_open("d/s");
        check_open("link");
    } else {
        check_refused("d/s", "others can write");
        check_refused("link", "others can write");
    }
}
END_TEST

START_TEST(a_path_too_long_for_a_socket_is_reached)
{
    char name[200], path[512];

    listen_at("s");
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    ck_assert_int_eq(mkdir(name, 0700), 0);
    snprintf(path, sizeof(path), "%s/s", name);
    ck_assert_int_eq(rename("s", path), 0);
    check_open(path);
    ck_assert(sock_is_live(pin.path, SOCK_STREAM));
}
END_TEST

START_TEST(a_socket_whose_file_is_gone_is_refused)
{
    char path[64];
    int fd;

    listen_at("s");
    fd = open("s", O_PATH);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(unlink("s"), 0);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    check_refused(path, "others");
}
END_TEST

START_TEST(not_every_file_system_knows_when_a_file_was_made)
{
    struct timespec birth;

    ck_assert_int_eq(birth_of(-1, &birth), -EBADF);
    ck_assert_int_eq(birth_of(open("/proc/self/status", O_RDONLY), &birth), -ENOTSUP);
}
END_TEST

static void add(TCase *tcase)
{
    scratch_add(tcase);
    tcase_add_test(tcase, a_socket_whose_file_is_gone_is_refused);
    tcase_add_test(tcase, not_every_file_system_knows_when_a_file_was_made);
    tcase_add_test(tcase, a_socket_of_ours_is_held);
    tcase_add_test(tcase, a_symlink_is_followed_this_once);
    tcase_add_test(tcase, another_socket_at_the_path_is_another);
    tcase_add_loop_test(tcase, each_mark_tells_sockets_apart, 0, 4);
    tcase_add_loop_test(tcase, a_saved_socket_is_known_again, 0, 11);
    tcase_add_test(tcase, a_change_of_mode_makes_no_other_socket);
    tcase_add_test(tcase, its_own_path_has_no_symlink);
    tcase_add_test(tcase, what_is_no_socket_is_refused);
    if (geteuid() == 0) {
        tcase_add_test(tcase, a_socket_of_another_user_is_refused);
        tcase_add_test(tcase, a_socket_of_root_is_held_where_it_is_open_to_us);
    }
    tcase_add_test(tcase, our_own_sockets_are_refused_by_whatever_name);
    tcase_add_loop_test(tcase, a_directory_that_others_write_to_must_be_sticky, 0, 7);
    tcase_add_test(tcase, a_path_too_long_for_a_socket_is_reached);
}

int main(void)
{
    return run_tests("pin", add);
}
