/* SPDX-License-Identifier: MIT */
/* A listener: what stands in its place, and what it does about it. */
#include "config.h"

#include "relayd/base/log.h"
#include "relayd/base/sock.h"
#include "relayd/host/bound.h"
#include "relayd/host/listener.h"
#include "tests/unit/clock.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static struct ev_loop *loop;
static struct listener listener;
static const char *path;
static unsigned accepted;

static unsigned count(void *arg)
{
    return accepted;
}

static void take(void *arg, int fd)
{
    close(fd);
    accepted++;
}

static void begin(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    clock_own();
    loop = ev_loop_new(0);
    path = scratch_path("agent.sock");
    accepted = 0;
    listener_init(&listener, loop, path, SOCK_STREAM, 2, count, take, NULL);
}

static void end(void)
{
    listener_stop(&listener);
    ck_assert_ptr_null(listener_obstacle(&listener));
    ev_loop_destroy(loop);
}

static void bind_it(void)
{
    ck_assert_int_eq(listener_bind(&listener), 0);
    listener_resume(&listener);
    ck_assert_ptr_null(listener_obstacle(&listener));
}

/* As systemd does; the descriptor is passed. */
static void adopt_it(void)
{
    int fd = sock_listen(path, SOCK_STREAM, 8);

    ck_assert_int_ge(fd, 0);
    listener_adopt(&listener, fd);
    listener_resume(&listener);
    ck_assert_ptr_null(listener_obstacle(&listener));
}

static void (*const begins[])(void) = {bind_it, adopt_it};

static void check_obstacle(const char *wanted)
{
    ck_assert_ptr_nonnull(listener_obstacle(&listener));
    ck_assert_msg(strstr(listener_obstacle(&listener), wanted) != NULL, "%s",
                  listener_obstacle(&listener));
}

static void check_serves(void)
{
    int client = sock_open(path, SOCK_STREAM);

    ck_assert_int_ge(client, 0);
    ev_run(loop, EVRUN_ONCE);
    ck_assert_uint_eq(accepted, 1);
    close(client);
}

START_TEST(one_that_is_missing_is_made_again)
{
    begins[_i]();
    ck_assert_int_eq(unlink(path), 0);
    check_obstacle("missing");
    ck_assert_int_eq(listener_heal(&listener), 0);
    ck_assert_ptr_null(listener_obstacle(&listener));
    check_serves();
}
END_TEST

/* As a relay does that has made the socket again and is killed. */
START_TEST(one_that_was_left_behind_is_made_again)
{
    begins[_i]();
    ck_assert_int_eq(unlink(path), 0);
    close(sock_listen(path, SOCK_STREAM, 8));
    ck_assert_int_eq(listener_heal(&listener), 0);
    ck_assert_ptr_null(listener_obstacle(&listener));
    check_serves();
}
END_TEST

/* A connection there, of our own, would have systemd start another relay if this one ends first. */
START_TEST(one_that_is_well_is_looked_at_without_a_connection)
{
    begins[_i]();
    ck_assert_int_eq(listener_heal(&listener), 0);
    listener_resume(&listener);
    ev_run(loop, EVRUN_NOWAIT);
    ck_assert_uint_eq(accepted, 0);
    check_serves();
}
END_TEST

/* systemd's copy of the socket would hold them for ever. */
START_TEST(who_waits_at_one_that_is_given_up_is_taken)
{
    int client, kept;

    begins[_i]();
    kept = dup(listener.fd);
    client = sock_open(path, SOCK_STREAM);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(listener_heal(&listener), 0);
    ck_assert_uint_eq(accepted, 1);
    close(client);
    close(kept);
    accepted = 0;
    check_serves();
}
END_TEST

START_TEST(past_the_limit_they_are_closed)
{
    int client, kept;
    char byte;

    begins[_i]();
    kept = dup(listener.fd);
    client = sock_open(path, SOCK_STREAM);
    ck_assert_int_ge(client, 0);
    accepted = 2;
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(listener_heal(&listener), 0);
    ck_assert_int_eq(recv(client, &byte, 1, MSG_DONTWAIT), 0);
    ck_assert_uint_eq(accepted, 2);
    close(client);
    close(kept);
}
END_TEST

START_TEST(what_it_is_bound_to_is_known)
{
    struct rlimit before, none;
    uint32_t inode = 0;
    struct stat st;
    int pair[2];

    begins[_i]();
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq(bound_inode(listener.fd, &inode), 0);
    ck_assert_uint_eq(inode, (uint32_t)st.st_ino);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 1;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    ck_assert_int_eq(bound_inode(listener.fd, &inode), -EMFILE);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    ck_assert_int_eq(bound_inode(pair[0], &inode), -ENOENT);
    close(pair[0]);
    close(pair[1]);
    ck_assert_int_eq(pipe(pair), 0);
    ck_assert_int_eq(bound_inode(pair[0], &inode), -ENOENT);
    close(pair[0]);
    close(pair[1]);
}
END_TEST

START_TEST(a_directory_in_its_place_is_named_and_left_alone)
{
    begins[_i]();
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(mkdir(path, 0755), 0);
    check_obstacle("a directory stands where the socket should be: remove it");
    ck_assert_int_eq(listener_heal(&listener), -EISDIR);
    ck_assert_int_eq(rmdir(path), 0);
    ck_assert_int_eq(listener_heal(&listener), 0);
    check_serves();
}
END_TEST

START_TEST(so_is_a_file)
{
    begins[_i]();
    ck_assert_int_eq(unlink(path), 0);
    scratch_write(path, "text", 4);
    check_obstacle("not a socket");
    ck_assert_int_eq(listener_heal(&listener), -ENOTSOCK);
    ck_assert_int_eq(access(path, F_OK), 0);
}
END_TEST

START_TEST(so_is_somebody_else_s_socket)
{
    int other;

    bind_it();
    ck_assert_int_eq(unlink(path), 0);
    other = sock_listen(path, SOCK_STREAM, 8);
    check_obstacle("somebody listens there already");
    ck_assert_int_eq(listener_heal(&listener), -EADDRINUSE);
    close(other);
    ck_assert_int_eq(listener_heal(&listener), 0);
    check_serves();
}
END_TEST

START_TEST(none_is_bound_where_something_stands)
{
    ck_assert_int_eq(mkdir(path, 0755), 0);
    ck_assert_int_eq(listener_bind(&listener), -EISDIR);
    ck_assert_int_eq(rmdir(path), 0);
    scratch_write(path, "text", 4);
    ck_assert_int_eq(listener_bind(&listener), -ENOTSOCK);
}
END_TEST

START_TEST(a_link_to_it_is_as_good)
{
    begins[_i]();
    ck_assert_int_eq(rename(path, scratch_path("elsewhere")), 0);
    ck_assert_int_eq(symlink("elsewhere", path), 0);
    ck_assert_ptr_null(listener_obstacle(&listener));
    ck_assert_int_eq(listener_heal(&listener), 0);
    ck_assert_int_eq(unlink(scratch_path("elsewhere")), 0);
    check_obstacle("not a socket");
}
END_TEST

/* Past the limit who comes is served late. */
START_TEST(no_more_than_the_limit_are_accepted)
{
    int clients[3];

    bind_it();
    for (int i = 0; i < 3; i++)
        ck_assert_int_ge(clients[i] = sock_open(path, SOCK_STREAM), 0);
    for (int turns = 0; turns < 3; turns++)
        ev_run(loop, EVRUN_NOWAIT);
    ck_assert_uint_eq(accepted, 2);
    accepted = 0;
    listener_resume(&listener);
    ev_run(loop, EVRUN_ONCE);
    ck_assert_uint_eq(accepted, 1);
    for (int i = 0; i < 3; i++)
        close(clients[i]);
}
END_TEST

/* Those that are served already have their turn in between. */
START_TEST(each_turn_accepts_one)
{
    int clients[2];

    bind_it();
    for (int i = 0; i < 2; i++)
        ck_assert_int_ge(clients[i] = sock_open(path, SOCK_STREAM), 0);
    for (unsigned turns = 1; turns <= 2; turns++) {
        ev_run(loop, EVRUN_ONCE);
        ck_assert_uint_eq(accepted, turns);
    }
    for (int i = 0; i < 2; i++)
        close(clients[i]);
}
END_TEST

/* A descriptor that is none of a listener fails in the way that a listener never does. */
START_TEST(an_accept_that_fails_pauses)
{
    int pair[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    ck_assert_int_eq(write(pair[1], "x", 1), 1);
    listener_adopt(&listener, pair[0]);
    listener_resume(&listener);
    ev_run(loop, EVRUN_ONCE);
    ck_assert(!ev_is_active(&listener.io));
    ck_assert(ev_is_active(&listener.pause));
    while (ev_is_active(&listener.pause))
        ev_run(loop, EVRUN_ONCE);
    ck_assert(ev_is_active(&listener.io));
    close(pair[1]);
}
END_TEST

/* Who stands there by then may have been given the number that our file had. */
START_TEST(one_that_has_stopped_removes_nothing_more)
{
    struct stat st;
    int other;

    bind_it();
    listener_stop(&listener);
    ck_assert_int_eq(access(path, F_OK), -1);
    other = sock_listen(path, SOCK_STREAM, 8);
    ck_assert_int_ge(other, 0);
    ck_assert_int_eq(stat(path, &st), 0);
    listener.ino = st.st_ino;
    ck_assert(listener_is_missing(&listener));
    listener_stop(&listener);
    ck_assert_int_eq(access(path, F_OK), 0);
    close(other);
}
END_TEST

static void add(TCase *tcase)
{
    scratch_add(tcase);
    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_loop_test(tcase, one_that_is_missing_is_made_again, 0, 2);
    tcase_add_loop_test(tcase, one_that_was_left_behind_is_made_again, 0, 2);
    tcase_add_loop_test(tcase, one_that_is_well_is_looked_at_without_a_connection, 0, 2);
    tcase_add_loop_test(tcase, who_waits_at_one_that_is_given_up_is_taken, 0, 2);
    tcase_add_loop_test(tcase, past_the_limit_they_are_closed, 0, 2);
    tcase_add_loop_test(tcase, what_it_is_bound_to_is_known, 0, 2);
    tcase_add_loop_test(tcase, a_directory_in_its_place_is_named_and_left_alone, 0, 2);
    tcase_add_loop_test(tcase, so_is_a_file, 0, 2);
    tcase_add_test(tcase, so_is_somebody_else_s_socket);
    tcase_add_loop_test(tcase, a_link_to_it_is_as_good, 0, 2);
    tcase_add_test(tcase, none_is_bound_where_something_stands);
    tcase_add_test(tcase, one_that_has_stopped_removes_nothing_more);
    tcase_add_test(tcase, no_more_than_the_limit_are_accepted);
    tcase_add_test(tcase, each_turn_accepts_one);
    tcase_add_test(tcase, an_accept_that_fails_pauses);
}

int main(void)
{
    return run_tests("listener", add);
}
