/* SPDX-License-Identifier: MIT */
/* The ends of a relay's wires, in a test's hands. */
#include "config.h"

#include "tests/unit/wire.h"

#include "relayd/base/util.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

int client, client_fd, upstream, upstream_fd;
struct relay relay;
enum agent_kind refused;
unsigned judged;

static bool gate(void *arg, enum agent_kind kind, const uint8_t *bytes, size_t n)
{
    ck_assert_uint_ge(n, AGENT_HEADER);
    judged++;
    return kind != refused;
}

static void begin(void)
{
    int a[2], b[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, a), 0);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, b), 0);
    client = a[0], client_fd = a[1];
    upstream = b[0], upstream_fd = b[1];
    relay = (struct relay){.gate = gate};
    refused = AGENT_KINDS;
}

static void end(void)
{
    relay_fini(&relay);
    close_fd(client);
    close_fd(client_fd);
    close_fd(upstream);
    close_fd(upstream_fd);
}

void wire_add(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, begin, end);
}

enum relay_end step(void)
{
    return relay_step(&relay, client_fd, upstream_fd, RELAY_BOTH);
}

void check_going(void)
{
    ck_assert_int_eq(step(), RELAY_GOING);
}

enum relay_end carry_on(void)
{
    enum relay_end end = RELAY_GOING;

    /* A step reads each side once: the bytes, then the end of the stream. */
    for (int i = 0; i < 4 && end == RELAY_GOING; i++)
        end = step();
    return end;
}

void give(int fd, const void *bytes, size_t n)
{
    ck_assert_int_eq(send(fd, bytes, n, MSG_NOSIGNAL), n);
}

void take(int fd, const void *bytes, size_t n)
{
    uint8_t got[1024];

    ck_assert_int_eq(recv(fd, got, sizeof(got), 0), n);
    ck_assert_mem_eq(got, bytes, n);
}

void check_nothing(int fd)
{
    uint8_t byte;

    ck_assert_int_eq(recv(fd, &byte, 1, 0), -1);
    ck_assert_int_eq(errno, EAGAIN);
}
