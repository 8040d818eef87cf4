/* SPDX-License-Identifier: MIT */
/*
 * The link: the TCP connection of the login behind an upstream, from its
 * SSH_CONNECTION, as the kernel sees it.
 *
 * The kernel is asked by NETLINK_SOCK_DIAG, which any user may
 * (linux/inet_diag.h, linux/tcp.h: struct tcp_info). It cannot tell about
 * connections of other network namespaces, and behind a jump host it speaks of
 * the jump host's link. Where it cannot tell, or cannot be asked, the link is unknown,
 * which is no failure.
 */
#ifndef RELAYD_LINK_H
#define RELAYD_LINK_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

enum link_state {
    LINK_UNKNOWN,
    LINK_UP,
    LINK_DOWN,
};

/* One TCP connection, seen from this host. */
struct link_tuple {
    int family; /* AF_INET or AF_INET6; 0: no tuple, the link stays unknown */
    uint16_t local_port, remote_port;
    uint32_t scope; /* interface index of a scoped IPv6 address, else 0 */
    struct in6_addr local, remote; /* IPv4 in the first four bytes */
};

/* What the kernel says of it, times in seconds. */
struct link_report {
    unsigned retransmits;  /* or probes, in a row, that went unanswered */
    unsigned unacked;      /* segments sent and not acknowledged */
    unsigned unsent;       /* bytes that the other side would take, and that are not sent */
    double since_ack;      /* since the last acknowledgement came in */
    double since_data;     /* since the last data came in */
};

/* Reads SSH_CONNECTION ("client port server port", ssh(1)). Anything else, and a connection
 * from this host to itself, gives a tuple of family 0. */
void link_parse(struct link_tuple *tuple, const char *ssh_connection);

/* Asks the kernel. Returns 0; -ENOENT where it has no such connection; or another -errno,
 * why it cannot be asked. Takes some 10 microseconds and never waits. */
int link_ask(const struct link_tuple *tuple, struct link_report *report);

/* What a report means to someone who asked a question `waited` seconds ago. The link is down
 * after two retransmissions in a row; or where something is unacknowledged or unsent, and for
 * `patience` seconds since the question nothing was acknowledged. */
enum link_state link_judge(const struct link_report *report, double waited, double patience);

const char *link_state_name(enum link_state state);

#endif
