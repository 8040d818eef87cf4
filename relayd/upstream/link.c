/* SPDX-License-Identifier: MIT */
/* The link. An agent that does not answer is either busy with its person or
 * unreachable, and only the kernel's view of the TCP connection tells which: what
 * we sent is acknowledged by a laptop that is there, whatever its agent does. */
#include "config.h"

#include "relayd/upstream/link.h"

#include "relayd/base/util.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* "fe80::1%eth0" names the interface of a link-local address. */
static int parse_address(const char *text, struct in6_addr *address, uint32_t *scope)
{
    char copy[INET6_ADDRSTRLEN + IF_NAMESIZE + 1];
    char *zone;

    memset(address, 0, sizeof(*address));
    if (inet_pton(AF_INET, text, address) == 1)
        return AF_INET;
    if (strlen(text) >= sizeof(copy))
        return 0;
    strcpy(copy, text);
    zone = strchr(copy, '%');
    if (zone != NULL) {
        *zone++ = '\0';
        *scope = if_nametoindex(zone);
    }
    return inet_pton(AF_INET6, copy, address) == 1 ? AF_INET6 : 0;
}

/* sshd writes a v4-mapped address as plain IPv4, but not every version did. */
static int unmap(int family, struct in6_addr *address)
{
    if (family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(address))
        return family;
    memmove(address->s6_addr, address->s6_addr + 12, 4);
    memset(address->s6_addr + 4, 0, 12);
    return AF_INET;
}

void link_parse(struct link_tuple *tuple, const char *ssh_connection)
{
    char remote[80], local[80];
    unsigned remote_port, local_port;
    int remote_family, local_family, end = 0;

    memset(tuple, 0, sizeof(*tuple));
    if (ssh_connection == NULL ||
        sscanf(ssh_connection, "%79s %5u %79s %5u%n", remote, &remote_port, local, &local_port,
               &end) != 4 ||
        ssh_connection[end] != '\0' || remote_port > UINT16_MAX || local_port > UINT16_MAX)
        return;
    remote_family = parse_address(remote, &tuple->remote, &tuple->scope);
    local_family = parse_address(local, &tuple->local, &tuple->scope);
    remote_family = unmap(remote_family, &tuple->remote);
    local_family = unmap(local_family, &tuple->local);
    /* A login from this very host has no link that could go down. */
    if (remote_family != local_family ||
        memcmp(&tuple->remote, &tuple->local, sizeof(tuple->local)) == 0)
        return;
    tuple->family = remote_family;
    tuple->remote_port = (uint16_t)remote_port;
    tuple->local_port = (uint16_t)local_port;
}

struct request {
    struct nlmsghdr head;
    struct inet_diag_req_v2 diag;
};

static void put_address(__be32 out[4], const struct in6_addr *address, bool is_mapped)
{
    uint8_t *p = (uint8_t *)out;

    if (!is_mapped) {
        memcpy(p, address, 16);
        return;
    }
    memset(p, 0, 10);
    memset(p + 10, 0xff, 2);
    memcpy(p + 12, address, 4);
}

static void make_request(struct request *request, const struct link_tuple *tuple, bool is_mapped)
{
    struct inet_diag_sockid *id = &request->diag.id;

    memset(request, 0, sizeof(*request));
    request->head.nlmsg_len = sizeof(*request);
    request->head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    request->head.nlmsg_flags = NLM_F_REQUEST;
    request->diag.sdiag_family = (uint8_t)(is_mapped ? AF_INET6 : tuple->family);
    request->diag.sdiag_protocol = IPPROTO_TCP;
    request->diag.idiag_ext = 1 << (INET_DIAG_INFO - 1);
    request->diag.idiag_states = ~0U;
    id->idiag_sport = htons(tuple->local_port);
    id->idiag_dport = htons(tuple->remote_port);
    id->idiag_if = tuple->scope;
    id->idiag_cookie[0] = id->idiag_cookie[1] = INET_DIAG_NOCOOKIE;
    put_address(id->idiag_src, &tuple->local, is_mapped);
    put_address(id->idiag_dst, &tuple->remote, is_mapped);
}

static int read_info(const struct nlmsghdr *head, struct link_report *report)
{
    const struct inet_diag_msg *diag = NLMSG_DATA(head);
    const struct rtattr *attr = (const struct rtattr *)(diag + 1);
    /* Below 0 behind a last attribute that is not padded; no size_t, which would be large then. */
    int left = (int)(head->nlmsg_len - NLMSG_LENGTH(sizeof(*diag)));
    struct tcp_info info;

    for (; RTA_OK(attr, left); attr = RTA_NEXT(attr, left)) {
        if (attr->rta_type != INET_DIAG_INFO)
            continue;
        memset(&info, 0, sizeof(info));
        memcpy(&info, RTA_DATA(attr),
               RTA_PAYLOAD(attr) < sizeof(info) ? RTA_PAYLOAD(attr) : sizeof(info));
        /* With its own interface down, or the other side's window closed, the kernel
         * probes instead of retransmitting. */
        report->retransmits = (unsigned)info.tcpi_retransmits + info.tcpi_probes;
        report->unacked = info.tcpi_unacked;
        /* Bytes that find no way out of this host are not in flight, and no probe goes before
         * the time for a retransmission, which is seconds after a link was bad. But where the
         * other side takes no more, it is alive. */
        report->unsent = info.tcpi_snd_wnd > 0 ? info.tcpi_notsent_bytes : 0;
        report->since_ack = info.tcpi_last_ack_recv / 1000.0;
        report->since_data = info.tcpi_last_data_recv / 1000.0;
        return 0;
    }
    return -ENODATA;
}

static int read_error(const struct nlmsghdr *head)
{
    const struct nlmsgerr *error = NLMSG_DATA(head);

    return head->nlmsg_len >= NLMSG_LENGTH(sizeof(*error)) && error->error < 0 ? error->error
                                                                              : -EBADMSG;
}

/* sock_diag answers inside the send: nothing has to be waited for. */
static int exchange(int fd, const struct request *request, struct link_report *report)
{
    union {
        struct nlmsghdr head;
        char bytes[4096];
    } answer;
    ssize_t n;

    if (send(fd, request, sizeof(*request), 0) < 0)
        return -errno;
    n = recv(fd, &answer, sizeof(answer), MSG_DONTWAIT);
    if (n < 0)
        return -errno;
    if (!NLMSG_OK(&answer.head, (size_t)n))
        return -EBADMSG;
    if (answer.head.nlmsg_type == NLMSG_ERROR)
        return read_error(&answer.head);
    if (answer.head.nlmsg_type != SOCK_DIAG_BY_FAMILY ||
        answer.head.nlmsg_len < NLMSG_LENGTH(sizeof(struct inet_diag_msg)))
        return -EBADMSG;
    return read_info(&answer.head, report);
}

int link_ask(const struct link_tuple *tuple, struct link_report *report)
{
    struct request request;
    int fd, r;

    if (tuple->family == 0)
        return -ENOENT;
    fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (fd < 0)
        return -errno;
    make_request(&request, tuple, false);
    r = exchange(fd, &request, report);
    if (r == -ENOENT && tuple->family == AF_INET) {
        /* A dual-stack sshd holds IPv4 connections as v4-mapped IPv6. */
        make_request(&request, tuple, true);
        r = exchange(fd, &request, report);
    }
    close(fd);
    return r;
}

enum link_state link_judge(const struct link_report *report, double waited, double patience)
{
    if (report->retransmits >= 2)
        return LINK_DOWN;
    if (report->unacked == 0 && report->unsent == 0)
        return LINK_UP;
    return waited >= patience && report->since_ack >= patience ? LINK_DOWN : LINK_UP;
}

const char *link_state_name(enum link_state state)
{
    switch (state) {
    case LINK_UNKNOWN: break;
    case LINK_UP: return "up";
    case LINK_DOWN: return "down";
    }
    return "unknown";
}
