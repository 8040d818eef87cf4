/* SPDX-License-Identifier: MIT */
/* Bound. The kernel is asked (sock_diag(7)) and not the socket's path: a connection there would be a client's,
 * and one that the relay leaves unserved at its end has systemd start another. */
#include "config.h"

#include "relayd/host/bound.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int send_request(int netlink, ino_t socket_inode)
{
    const struct {
        struct nlmsghdr head;
        struct unix_diag_req diag;
    } request = {
        .head = {.nlmsg_len = sizeof(request),
                 .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                 .nlmsg_flags = NLM_F_REQUEST},
        .diag = {.sdiag_family = AF_UNIX,
                 .udiag_states = UINT32_MAX,
                 .udiag_ino = (uint32_t)socket_inode,
                 .udiag_show = UDIAG_SHOW_VFS,
                 .udiag_cookie = {UINT32_MAX, UINT32_MAX}},
    };

    return send(netlink, &request, sizeof(request), 0) < 0 ? -errno : 0;
}

static int read_inode(const struct nlmsghdr *head, uint32_t *inode)
{
    const struct unix_diag_msg *diag = NLMSG_DATA(head);
    const struct rtattr *attr = (const struct rtattr *)(diag + 1);
    size_t left;

    if (head->nlmsg_type != SOCK_DIAG_BY_FAMILY || head->nlmsg_len < NLMSG_LENGTH(sizeof(*diag)))
        return -ENOENT;
    left = head->nlmsg_len - NLMSG_LENGTH(sizeof(*diag));
    for (; RTA_OK(attr, left); attr = RTA_NEXT(attr, left)) {
        if (attr->rta_type == UNIX_DIAG_VFS && RTA_PAYLOAD(attr) >= sizeof(struct unix_diag_vfs)) {
            *inode = ((const struct unix_diag_vfs *)RTA_DATA(attr))->udiag_vfs_ino;
            return 0;
        }
    }
    return -ENOENT;
}

/* The answer is there when the request was sent. */
static int read_answer(int netlink, uint32_t *inode)
{
    union {
        struct nlmsghdr head;
        char bytes[1024];
    } packet;
    ssize_t size = recv(netlink, &packet, sizeof(packet), MSG_DONTWAIT);

    if (size < 0)
        return -errno;
    return NLMSG_OK(&packet.head, (size_t)size) ? read_inode(&packet.head, inode) : -EBADMSG;
}

int bound_inode(int fd, uint32_t *inode)
{
    struct stat st;
    int netlink, r;

    if (fstat(fd, &st) < 0)
        return -errno;
    netlink = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (netlink < 0)
        return -errno;
    r = send_request(netlink, st.st_ino);
    if (r == 0)
        r = read_answer(netlink, inode);
    close(netlink);
    return r;
}
