/* SPDX-License-Identifier: MIT */
/* What the fuzzers' kernel answers over netlink: of the link of agent N, whose remote port is
 * 1000 + N, what the script has made of it; of listeners, none. */
#include "config.h"

#include "tests/fuzz/kernel.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <stddef.h>
#include <string.h>

#define FIRST_PORT 1000

/* The kernel leaves no room between them. */
struct link_answer {
    struct nlmsghdr head;
    struct inet_diag_msg diag;
    struct rtattr attr;
    struct tcp_info info;
} __attribute__((packed));

_Static_assert(offsetof(struct link_answer, info) ==
                   NLMSG_LENGTH(sizeof(struct inet_diag_msg)) + RTA_LENGTH(0),
               "what follows the head of an attribute is its value");

struct error_answer {
    struct nlmsghdr head;
    struct nlmsgerr error;
};

static ssize_t put(struct kernel_fd *k, const void *answer, size_t size, ssize_t n)
{
    memcpy(k->bytes, answer, size);
    k->start = 0;
    k->n = size;
    return n;
}

static ssize_t tell_error(struct kernel_fd *k, int error, ssize_t n)
{
    struct error_answer answer = {
        .head = {.nlmsg_len = sizeof(answer), .nlmsg_type = NLMSG_ERROR},
        .error.error = -error,
    };

    return put(k, &answer, sizeof(answer), n);
}

static ssize_t tell_link(struct kernel_fd *k, const struct kernel_file *f, ssize_t n)
{
    struct link_answer answer = {
        .head = {.nlmsg_len = sizeof(answer), .nlmsg_type = SOCK_DIAG_BY_FAMILY},
        .attr = {.rta_len = sizeof(answer.attr) + sizeof(answer.info),
                 .rta_type = INET_DIAG_INFO},
    };
    double quiet = (kernel.now - f->data_at) * 1000;

    kernel.was_up |= f->link == KERNEL_LINK_UP;
    answer.info.tcpi_retransmits = f->link == KERNEL_LINK_DOWN ? 3 : 0;
    answer.info.tcpi_unacked = f->link == KERNEL_LINK_DOWN;
    answer.info.tcpi_last_data_recv = answer.info.tcpi_last_ack_recv = (uint32_t)quiet;
    return put(k, &answer, sizeof(answer), n);
}

ssize_t kernel_ask_netlink(struct kernel_fd *k, const void *bytes, size_t n)
{
    const struct nlmsghdr *head = bytes;
    const struct inet_diag_req_v2 *request = NLMSG_DATA(head);
    const struct nlmsghdr done = {.nlmsg_len = sizeof(done), .nlmsg_type = NLMSG_DONE};
    unsigned file;

    if ((head->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP)
        return put(k, &done, sizeof(done), (ssize_t)n);
    file = (unsigned)ntohs(request->id.idiag_dport) - FIRST_PORT;
    if (file >= KERNEL_FILES || kernel.files[file].link == KERNEL_LINK_UNKNOWN)
        return tell_error(k, ENOENT, (ssize_t)n);
    return tell_link(k, &kernel.files[file], (ssize_t)n);
}
