/* SPDX-License-Identifier: MIT */
/* AF_UNIX sockets: the file's mode, who is live, who has gone. */
#include "config.h"

#include "relayd/base/sock.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static int listen_at(const char *path)
{
    int fd = sock_listen(path, SOCK_STREAM, 8);

    ck_assert_int_ge(fd, 0);
    return fd;
}

START_TEST(a_socket_file_is_0600_whatever_the_umask)
{
    static const mode_t umasks[] = {0, 022, 077};
    const char *path = scratch_path("s");

    umask(umasks[_i]);
    listen_at(path);
    ck_assert_uint_eq(scratch_mode(path), 0600);
}
END_TEST

START_TEST(descriptors_neither_block_nor_leak_into_programs)
{
    const char *path = scratch_path("s");
    int fds[3] = {listen_at(path), sock_open(path, SOCK_STREAM), sock_new(SOCK_SEQPACKET)};

    for (int i = 0; i < 3; i++) {
        ck_assert_int_ge(fds[i], 0);
        ck_assert_int_ne(fcntl(fds[i], F_GETFD) & FD_CLOEXEC, 0);
        ck_assert_int_ne(fcntl(fds[i], F_GETFL) & O_NONBLOCK, 0);
    }
}
END_TEST

START_TEST(a_path_that_exists_is_never_bound)
{
    const char *path = scratch_path("s");

    close(listen_at(path));
    ck_assert_int_eq(sock_listen(path, SOCK_STREAM, 8), -EADDRINUSE);
    scratch_write(scratch_path("file"), "", 0);
    ck_assert_int_eq(sock_listen(scratch_path("file"), SOCK_STREAM, 8), -EADDRINUSE);
}
END_TEST

START_TEST(a_listener_is_live_until_it_closes)
{
    const char *path = scratch_path("s");
    int fd = listen_at(path);

    ck_assert(sock_is_live(path, SOCK_STREAM));
    ck_assert(sock_is_live(path, SOCK_SEQPACKET)); /* somebody is there all the same */
    close(fd);
    ck_assert(!sock_is_live(path, SOCK_STREAM));
    ck_assert_int_eq(sock_open(path, SOCK_STREAM), -ECONNREFUSED);
    unlink(path);
    ck_assert(!sock_is_live(path, SOCK_STREAM));
    ck_assert_int_eq(sock_open(path, SOCK_STREAM), -ENOENT);
}
END_TEST

START_TEST(a_full_backlog_is_live)
{
    const char *path = scratch_path("s");
    int fd = sock_listen(path, SOCK_STREAM, 1), waiting, r = 0;

    for (int i = 0; i < 16 && r >= 0; i++)
        r = sock_open(path, SOCK_STREAM);
    ck_assert_int_eq(r, -EAGAIN);
    ck_assert(sock_is_live(path, SOCK_STREAM));
    /* The same descriptor gets in once there is room. */
    waiting = sock_new(SOCK_STREAM);
    ck_assert_int_eq(sock_connect(waiting, path), -EAGAIN);
    close(accept(fd, NULL, NULL));
    ck_assert_int_eq(sock_connect(waiting, path), 0);
}
END_TEST

START_TEST(a_lack_of_descriptors_is_no_proof_of_death)
{
    const char *path = scratch_path("s");
    struct rlimit limit, none = {0};

    listen_at(path);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none.rlim_max = limit.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    ck_assert_int_eq(sock_open(path, SOCK_STREAM), -EMFILE);
    ck_assert(sock_is_live(path, SOCK_STREAM));
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}
END_TEST

START_TEST(a_path_of_107_bytes_fits_and_108_do_not)
{
    char name[128] = {0};

    memset(name, 'x', SOCK_PATH_MAX);
    listen_at(name);
    ck_assert(sock_is_live(name, SOCK_STREAM));
    name[SOCK_PATH_MAX] = 'x';
    ck_assert_int_eq(sock_listen(name, SOCK_STREAM, 8), -ENAMETOOLONG);
    ck_assert_int_eq(sock_open(name, SOCK_STREAM), -ENAMETOOLONG);
}
END_TEST

START_TEST(only_a_listening_socket_of_the_type_is_a_listener)
{
    const char *path = scratch_path("s");
    int fd = listen_at(path);

    ck_assert(sock_is_listener(fd, SOCK_STREAM));
    ck_assert(!sock_is_listener(fd, SOCK_SEQPACKET));
    ck_assert(!sock_is_listener(sock_open(path, SOCK_STREAM), SOCK_STREAM));
    ck_assert(!sock_is_listener(sock_new(SOCK_STREAM), SOCK_STREAM));
    ck_assert(!sock_is_listener(open("/dev/null", O_RDONLY), SOCK_STREAM));
}
END_TEST

START_TEST(where_it_was_bound_is_known_also_when_that_is_gone)
{
    const char *path = scratch_path("s");
    int fd = listen_at(path);

    ck_assert_int_eq(unlink(path), 0);
    ck_assert(sock_is_bound_to(fd, path));
    ck_assert(!sock_is_bound_to(fd, scratch_path("s2")));
    ck_assert(!sock_is_bound_to(sock_new(SOCK_STREAM), path));
    ck_assert(!sock_is_bound_to(-1, path));
}
END_TEST

START_TEST(each_side_sees_the_other)
{
    const char *path = scratch_path("s");
    int listener = listen_at(path), client = sock_open(path, SOCK_STREAM);
    int accepted = accept(listener, NULL, NULL);
    struct sock_peer peer = {0};

    ck_assert_int_eq(sock_peer(client, &peer), 0);
    ck_assert_int_eq(peer.pid, getpid());
    ck_assert_uint_eq(peer.uid, geteuid());
    peer = (struct sock_peer){0};
    ck_assert_int_eq(sock_peer(accepted, &peer), 0);
    ck_assert_int_eq(peer.pid, getpid());
    ck_assert_uint_eq(peer.uid, geteuid());
    ck_assert_int_lt(sock_peer(-1, &peer), 0);
}
END_TEST

START_TEST(we_and_root_are_trusted_and_nobody_else)
{
    ck_assert(sock_uid_is_trusted(geteuid()));
    ck_assert(sock_uid_is_trusted(0));
    ck_assert(!sock_uid_is_trusted(geteuid() + 1));
    ck_assert(!sock_uid_is_trusted((uid_t)-1));
}
END_TEST

START_TEST(a_hang_up_is_told_from_a_half_close)
{
    int pair[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    ck_assert(!sock_has_hung_up(pair[0]));
    ck_assert_int_eq(write(pair[1], "x", 1), 1);
    ck_assert_int_eq(shutdown(pair[1], SHUT_WR), 0);
    ck_assert(!sock_has_hung_up(pair[0]));
    close(pair[1]);
    ck_assert(sock_has_hung_up(pair[0]));
}
END_TEST

static void add(TCase *tcase)
{
    scratch_add(tcase);
    tcase_add_loop_test(tcase, a_socket_file_is_0600_whatever_the_umask, 0, 3);
    tcase_add_test(tcase, descriptors_neither_block_nor_leak_into_programs);
    tcase_add_test(tcase, a_path_that_exists_is_never_bound);
    tcase_add_test(tcase, a_listener_is_live_until_it_closes);
    tcase_add_test(tcase, a_full_backlog_is_live);
    tcase_add_test(tcase, a_lack_of_descriptors_is_no_proof_of_death);
    tcase_add_test(tcase, a_path_of_107_bytes_fits_and_108_do_not);
    tcase_add_test(tcase, only_a_listening_socket_of_the_type_is_a_listener);
    tcase_add_test(tcase, where_it_was_bound_is_known_also_when_that_is_gone);
    tcase_add_test(tcase, each_side_sees_the_other);
    tcase_add_test(tcase, we_and_root_are_trusted_and_nobody_else);
    tcase_add_test(tcase, a_hang_up_is_told_from_a_half_close);
}

int main(void)
{
    return run_tests("sock", add);
}
