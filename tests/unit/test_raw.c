/* SPDX-License-Identifier: MIT */
/* Raw: bytes both ways, and the end of each side's stream as exactly that. */
#include "config.h"

#include "relayd/session/raw.h"
#include "relayd/base/util.h"
#include "tests/unit/test.h"
#include "tests/unit/wire.h"

#include <ev.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char noise[] = "\xff\xff\xff\xffnot an agent\n";

static enum relay_end raw(void)
{
    return raw_step(&relay, client_fd, upstream_fd, RELAY_BOTH);
}

static void check_end_of_stream(int fd)
{
    char byte;

    ck_assert_int_eq(recv(fd, &byte, 1, 0), 0);
}

START_TEST(bytes_of_no_protocol_pass_both_ways)
{
    give(client, noise, sizeof(noise));
    ck_assert_int_eq(raw(), RELAY_GOING);
    take(upstream, noise, sizeof(noise));
    give(upstream, noise, 3);
    ck_assert_int_eq(raw(), RELAY_GOING);
    take(client, noise, 3);
    check_nothing(upstream);
}
END_TEST

START_TEST(a_half_close_of_the_client_is_passed_on)
{
    give(client, noise, 4);
    shutdown(client, SHUT_WR);
    ck_assert_int_eq(raw(), RELAY_GOING);
    ck_assert_int_eq(raw(), RELAY_GOING);
    take(upstream, noise, 4);
    check_end_of_stream(upstream);
    give(upstream, noise, 5);
    ck_assert_int_eq(raw(), RELAY_GOING);
    take(client, noise, 5);
    shutdown(upstream, SHUT_WR);
    ck_assert_int_eq(raw(), RELAY_CLIENT_DONE);
    check_end_of_stream(client);
}
END_TEST

START_TEST(a_half_close_of_the_upstream_is_passed_on)
{
    shutdown(upstream, SHUT_WR);
    ck_assert_int_eq(raw(), RELAY_GOING);
    check_end_of_stream(client);
    give(client, noise, 6);
    ck_assert_int_eq(raw(), RELAY_GOING);
    take(upstream, noise, 6);
    shutdown(client, SHUT_WR);
    ck_assert_int_eq(raw(), RELAY_CLIENT_DONE);
}
END_TEST

START_TEST(who_does_not_read_stops_the_other)
{
    static char much[65536];

    while (!flow_is_full(&relay.down)) {
        send(upstream, much, sizeof(much), MSG_NOSIGNAL | MSG_DONTWAIT);
        ck_assert_int_eq(raw(), RELAY_GOING);
    }
    ck_assert_int_eq(raw(), RELAY_GOING);
    ck_assert_uint_eq(flow_size(&relay.down), FLOW_SIZE);
    ck_assert_int_eq(relay_upstream_events(&relay) & EV_READ, 0);
    ck_assert_int_ne(relay_client_events(&relay) & EV_WRITE, 0);
}
END_TEST

START_TEST(a_side_that_is_gone_ends_it)
{
    close(upstream);
    upstream = -1;
    give(client, noise, 4);
    while (raw() == RELAY_GOING)
        give(client, noise, 4);
    ck_assert_int_eq(raw(), RELAY_CLIENT_GONE);
}
END_TEST

/* The kernel tells the other end of bytes that nobody has read. */
START_TEST(a_side_that_left_bytes_unread_ends_it)
{
    give(client_fd, noise, 4);
    close(client);
    client = -1;
    ck_assert_int_eq(raw(), RELAY_CLIENT_GONE);
}
END_TEST

static void add(TCase *tcase)
{
    wire_add(tcase);
    tcase_add_test(tcase, a_side_that_left_bytes_unread_ends_it);
    tcase_add_test(tcase, bytes_of_no_protocol_pass_both_ways);
    tcase_add_test(tcase, a_half_close_of_the_client_is_passed_on);
    tcase_add_test(tcase, a_half_close_of_the_upstream_is_passed_on);
    tcase_add_test(tcase, who_does_not_read_stops_the_other);
    tcase_add_test(tcase, a_side_that_is_gone_ends_it);
}

int main(void)
{
    return run_tests("raw", add);
}
