/* SPDX-License-Identifier: MIT */
/* The link: reading SSH_CONNECTION, judging a report, and asking the kernel about
 * real connections. */
#include "config.h"

#include "relayd/upstream/link.h"
#include "relayd/base/util.h"
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void check_address(int family, const struct in6_addr *address, const char *wanted)
{
    char text[INET6_ADDRSTRLEN];

    ck_assert_ptr_nonnull(inet_ntop(family, address, text, sizeof(text)));
    ck_assert_str_eq(text, wanted);
}

START_TEST(a_connection_is_read)
{
    static const struct { const char *text; int family; const char *remote, *local; } good[] = {
        {"10.0.0.5 50022 10.0.0.9 22", AF_INET, "10.0.0.5", "10.0.0.9"},
        {"2001:db8::5 50022 2001:db8::9 22", AF_INET6, "2001:db8::5", "2001:db8::9"},
        {"::ffff:10.0.0.5 50022 ::ffff:10.0.0.9 22", AF_INET, "10.0.0.5", "10.0.0.9"},
        {"10.0.0.5 50022 ::ffff:10.0.0.9 22", AF_INET, "10.0.0.5", "10.0.0.9"},
    };
    struct link_tuple tuple;

    link_parse(&tuple, good[_i].text);
    ck_assert_int_eq(tuple.family, good[_i].family);
    ck_assert_uint_eq(tuple.remote_port, 50022);
    ck_assert_uint_eq(tuple.local_port, 22);
    ck_assert_uint_eq(tuple.scope, 0);
    check_address(tuple.family, &tuple.remote, good[_i].remote);
    check_address(tuple.family, &tuple.local, good[_i].local);
}
END_TEST

START_TEST(a_v4_address_is_in_the_first_four_bytes)
{
    static const uint8_t wanted[16] = {10, 0, 0, 5};
    struct link_tuple tuple;

    link_parse(&tuple, "::ffff:10.0.0.5 50022 ::ffff:10.0.0.9 22");
    ck_assert_mem_eq(&tuple.remote, wanted, 16);
}
END_TEST

START_TEST(a_scoped_address_has_its_interface)
{
    struct link_tuple tuple;

    link_parse(&tuple, "fe80::5%lo 50022 fe80::9%lo 22");
    ck_assert_int_eq(tuple.family, AF_INET6);
    ck_assert_uint_eq(tuple.scope, if_nametoindex("lo"));
    check_address(AF_INET6, &tuple.remote, "fe80::5");
    check_address(AF_INET6, &tuple.local, "fe80::9");
}
END_TEST

START_TEST(anything_else_is_no_tuple)
{
    static const char *const bad[] = {
        NULL, "", " ", "UNKNOWN", "UNKNOWN 65535 UNKNOWN 65535", "10.0.0.5 50022 10.0.0.9",
        "10.0.0.5 50022 2001:db8::9 22", "10.0.0 50022 10.0.0.9 22", "laptop 50022 server 22",
        "10.0.0.5 65536 10.0.0.9 22", "10.0.0.5 50022 10.0.0.9 99999", "10.0.0.5 x 10.0.0.9 22",
        "10.0.0.5 -1 10.0.0.9 22", "10.0.0.5 50022 10.0.0.9 123456",
        "10.0.0.5 50022 10.0.0.9 22 more", "10.0.0.5 50022 10.0.0.9 22x",
        "fe80::5%nosuchif 50022 fe80::9%nosuchif 22x",
        "2001:db8::5%a-very-long-name-of-an-interface-that-cannot-be-one 1 2001:db8::9 22",
    };
    struct link_tuple tuple;

    memset(&tuple, 0xff, sizeof(tuple));
    link_parse(&tuple, bad[_i]);
    ck_assert_int_eq(tuple.family, 0);
}
END_TEST

START_TEST(a_login_from_this_host_has_no_link)
{
    static const char *const same[] = {
        "127.0.0.1 50022 127.0.0.1 22", "::1 50022 ::1 22", "10.0.0.9 50022 10.0.0.9 22",
        "::ffff:10.0.0.9 50022 10.0.0.9 22",
    };
    struct link_tuple tuple;

    link_parse(&tuple, same[_i]);
    ck_assert_int_eq(tuple.family, 0);
}
END_TEST

START_TEST(a_report_is_judged)
{
    static const struct {
        struct link_report report;
        double waited;
        enum link_state state;
    } rows[] = {
        {{.since_ack = 0}, 0, LINK_UP},
        {{.since_ack = 5000}, 100, LINK_UP}, /* idle is not dead */
        {{.retransmits = 1, .since_ack = 0.5}, 0.5, LINK_UP},
        {{.retransmits = 2}, 0, LINK_DOWN},
        {{.retransmits = 3, .unacked = 1, .since_ack = 0.1}, 0.1, LINK_DOWN},
        {{.unacked = 1, .since_ack = 0.99}, 5, LINK_UP},
        {{.unacked = 1, .since_ack = 1}, 0.99, LINK_UP}, /* it was sent just now */
        {{.unacked = 1, .since_ack = 1}, 1, LINK_DOWN},
        {{.unsent = 36, .since_ack = 0.99}, 5, LINK_UP},
        {{.unsent = 36, .since_ack = 1}, 0.99, LINK_UP},
        {{.unsent = 36, .since_ack = 1}, 1, LINK_DOWN},
        {{.retransmits = 1, .unacked = 7, .since_ack = 3600}, 1, LINK_DOWN},
        {{.retransmits = 1, .since_ack = 3600}, 1, LINK_UP},
    };

    ck_assert_int_eq(link_judge(&rows[_i].report, rows[_i].waited, 1), rows[_i].state);
}
END_TEST

START_TEST(a_state_has_its_word)
{
    ck_assert_str_eq(link_state_name(LINK_UP), "up");
    ck_assert_str_eq(link_state_name(LINK_DOWN), "down");
    ck_assert_str_eq(link_state_name(LINK_UNKNOWN), "unknown");
}
END_TEST

/* One TCP connection over loopback, and its server's side as a tuple. */
struct connection {
    int server, client;
    struct link_tuple tuple;
};

static int listen_on(int family, struct sockaddr_storage *address, socklen_t *size)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = in6addr_any};
    int fd = socket(family, SOCK_STREAM, 0), off = 0;

    *size = family == AF_INET ? sizeof(v4) : sizeof(v6);
    if (family == AF_INET)
        memcpy(address, &v4, sizeof(v4));
    else
        memcpy(address, &v6, sizeof(v6));
    if (family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    if (bind(fd, (struct sockaddr *)address, *size) < 0 || listen(fd, 1) < 0 ||
        getsockname(fd, (struct sockaddr *)address, size) < 0)
        return close_fd(fd);
    return fd;
}

/* The IPv4 client of a listener, dual-stack or not. Returns false where the host
 * has no such loopback. */
static bool connect_v4(struct connection *c, int family)
{
    struct sockaddr_storage address;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size;
    int listener = listen_on(family, &address, &size);

    memset(c, 0, sizeof(*c));
    if (listener < 0)
        return false;
    to.sin_port = family == AF_INET ? ((struct sockaddr_in *)&address)->sin_port
                                    : ((struct sockaddr_in6 *)&address)->sin6_port;
    c->client = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(c->client, (struct sockaddr *)&to, sizeof(to)) < 0)
        return false;
    c->server = accept(listener, NULL, NULL);
    close(listener);
    c->tuple = (struct link_tuple){.family = AF_INET, .local_port = ntohs(to.sin_port)};
    size = sizeof(to);
    getsockname(c->client, (struct sockaddr *)&to, &size);
    c->tuple.remote_port = ntohs(to.sin_port);
    memcpy(&c->tuple.local, &to.sin_addr, 4);
    memcpy(&c->tuple.remote, &to.sin_addr, 4);
    return c->server >= 0;
}

static const int families[] = {AF_INET, AF_INET6};

START_TEST(the_kernel_knows_a_connection)
{
    struct connection c;
    struct link_report report;
    char byte;

    ck_assert(connect_v4(&c, families[_i]));
    ck_assert_int_eq(write(c.client, "x", 1), 1);
    ck_assert_int_eq(read(c.server, &byte, 1), 1);
    memset(&report, 0xff, sizeof(report));
    ck_assert_int_eq(link_ask(&c.tuple, &report), 0);
    ck_assert_uint_eq(report.retransmits, 0);
    ck_assert_uint_eq(report.unacked, 0);
    ck_assert(report.since_ack >= 0 && report.since_ack < 60);
    ck_assert(report.since_data >= 0 && report.since_data < 60);
    ck_assert_int_eq(link_judge(&report, 10, 60), LINK_UP);
}
END_TEST

START_TEST(each_part_of_the_tuple_counts)
{
    struct connection c;
    struct link_report report;
    struct link_tuple other;

    ck_assert(connect_v4(&c, families[_i]));
    other = c.tuple;
    other.local_port ^= 1;
    ck_assert_int_eq(link_ask(&other, &report), -ENOENT);
    other = c.tuple;
    other.remote_port ^= 1;
    ck_assert_int_eq(link_ask(&other, &report), -ENOENT);
    other = c.tuple;
    other.local.s6_addr[3] = 77;
    ck_assert_int_eq(link_ask(&other, &report), -ENOENT);
    other = c.tuple;
    other.remote.s6_addr[3] = 77;
    ck_assert_int_eq(link_ask(&other, &report), -ENOENT);
}
END_TEST

START_TEST(who_takes_no_more_is_alive)
{
    static const char much[65536];
    struct connection c;
    struct link_tuple *t = &c.tuple;
    struct link_report report = {.unsent = 1};
    double until = monotonic_seconds() + 20;

    ck_assert(connect_v4(&c, families[_i]));
    /* What the server is sent, and does not read. */
    c.tuple = (struct link_tuple){.family = t->family, .local = t->remote, .remote = t->local,
                                  .local_port = t->remote_port, .remote_port = t->local_port};
    while (send(c.client, much, sizeof(much), MSG_DONTWAIT) > 0)
        continue;
    while ((report.unsent > 0 || report.unacked > 0) && monotonic_seconds() < until) {
        usleep(10000);
        ck_assert_int_eq(link_ask(&c.tuple, &report), 0);
    }
    ck_assert_int_eq(link_judge(&report, 3600, 0), LINK_UP);
}
END_TEST

START_TEST(no_tuple_is_not_asked)
{
    struct link_tuple none = {0};
    struct link_report report;

    ck_assert_int_eq(link_ask(&none, &report), -ENOENT);
}
END_TEST

/* What the kernel is made to say: an attribute without its padding, and what would be read by
 * whoever went on behind it. */
static struct {
    struct nlmsghdr head;
    struct inet_diag_msg diag;
    struct rtattr odd;
    char value[4]; /* one byte of it is the attribute's */
    struct rtattr behind;
    struct tcp_info info;
} forged;
static size_t forged_size; /* 0: the kernel speaks itself */

ssize_t __real_recv(int fd, void *data, size_t size, int flags);
ssize_t __wrap_recv(int fd, void *data, size_t size, int flags);

ssize_t __wrap_recv(int fd, void *data, size_t size, int flags)
{
    if (forged_size == 0)
        return __real_recv(fd, data, size, flags);
    memcpy(data, &forged, sizeof(forged));
    return (ssize_t)forged_size;
}

START_TEST(nothing_behind_an_answer_is_read)
{
    struct link_tuple tuple = {.family = AF_INET6};
    struct link_report report;

    forged_size = offsetof(typeof(forged), value) + 1;
    forged.head = (struct nlmsghdr){.nlmsg_len = (uint32_t)forged_size, .nlmsg_type = SOCK_DIAG_BY_FAMILY};
    forged.odd = (struct rtattr){.rta_len = sizeof(forged.odd) + 1, .rta_type = INET_DIAG_CONG};
    forged.behind = (struct rtattr){.rta_len = sizeof(forged.behind) + sizeof(forged.info),
                                    .rta_type = INET_DIAG_INFO};
    ck_assert_int_eq(link_ask(&tuple, &report), -ENODATA);
    forged_size = 0;
}
END_TEST

/* A build host may have no loopback, and a sandbox no netlink. */
static bool can_ask(int family)
{
    struct connection c;
    struct link_report report;
    bool can = connect_v4(&c, family);

    if (can)
        can = link_ask(&c.tuple, &report) != -EPROTONOSUPPORT;
    close_fd(c.client);
    close_fd(c.server);
    return can;
}

static void add(TCase *tcase)
{
    int n = !can_ask(AF_INET) ? 0 : !can_ask(AF_INET6) ? 1 : 2;

    tcase_add_loop_test(tcase, a_connection_is_read, 0, 4);
    tcase_add_test(tcase, a_v4_address_is_in_the_first_four_bytes);
    tcase_add_test(tcase, a_scoped_address_has_its_interface);
    tcase_add_loop_test(tcase, anything_else_is_no_tuple, 0, 18);
    tcase_add_loop_test(tcase, a_login_from_this_host_has_no_link, 0, 4);
    tcase_add_loop_test(tcase, a_report_is_judged, 0, 13);
    tcase_add_test(tcase, a_state_has_its_word);
    tcase_add_test(tcase, no_tuple_is_not_asked);
    tcase_add_loop_test(tcase, the_kernel_knows_a_connection, 0, n);
    tcase_add_loop_test(tcase, each_part_of_the_tuple_counts, 0, n);
    tcase_add_loop_test(tcase, who_takes_no_more_is_alive, 0, n > 0);
    tcase_add_loop_test(tcase, nothing_behind_an_answer_is_read, 0, n > 0);
}

int main(void)
{
    return run_tests("link", add);
}
