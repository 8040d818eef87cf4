/* SPDX-License-Identifier: MIT */
/* Listening. A listener is known by the inode that it is bound to: its name may be another's by
 * now, or may have been removed, and clients that hold the file still reach it. */
#include "config.h"

#include "relayd/upstream/listening.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* What the kernel tells of one listener. */
struct listener_info {
    const struct unix_diag_vfs *vfs; /* NULL: bound to no file */
    const char *name;                /* as it was bound, not terminated */
    size_t name_size;
};

/* The kernel's own form of a dev_t, which is not the C library's. */
static uint32_t kernel_dev(dev_t dev)
{
    return (uint32_t)(major(dev) << 20 | minor(dev));
}

static const char *last_part(const char *path, size_t size, size_t *part_size)
{
    const char *slash = memrchr(path, '/', size);
    const char *part = slash == NULL ? path : slash + 1;

    *part_size = size - (size_t)(part - path);
    return part;
}

static bool has_same_name(const struct listener_info *info, const char *path)
{
    size_t size, own_size;
    const char *name = last_part(info->name, strnlen(info->name, info->name_size), &size);
    const char *own = last_part(path, strlen(path), &own_size);

    return size == own_size && memcmp(name, own, size) == 0;
}

/* On btrfs, and on some overlays, stat(2) tells of another device than the one that the kernel
 * means here; the inode number is right there too, and with the file's name it is enough. */
static bool is_it(const struct listener_info *info, const struct listening *it)
{
    if (info->vfs == NULL || info->vfs->udiag_vfs_ino != (uint32_t)it->pin->ino)
        return false;
    return info->vfs->udiag_vfs_dev == kernel_dev(it->pin->dev) ||
           (info->name != NULL && has_same_name(info, it->path));
}

static struct listener_info read_info(const struct nlmsghdr *head)
{
    const struct unix_diag_msg *diag = NLMSG_DATA(head);
    const struct rtattr *attr = (const struct rtattr *)(diag + 1);
    struct listener_info info = {0};
    int left; /* below 0 behind a last attribute that is not padded */

    if (head->nlmsg_len < NLMSG_LENGTH(sizeof(*diag)))
        return info;
    left = (int)(head->nlmsg_len - NLMSG_LENGTH(sizeof(*diag)));
    for (; RTA_OK(attr, left); attr = RTA_NEXT(attr, left)) {
        if (attr->rta_type == UNIX_DIAG_VFS && RTA_PAYLOAD(attr) >= sizeof(*info.vfs)) {
            info.vfs = RTA_DATA(attr);
        } else if (attr->rta_type == UNIX_DIAG_NAME) {
            info.name = RTA_DATA(attr);
            info.name_size = RTA_PAYLOAD(attr);
        }
    }
    return info;
}

static void note(const struct nlmsghdr *head, struct listening *all, unsigned n)
{
    struct listener_info info = read_info(head);

    for (unsigned i = 0; i < n; i++)
        all[i].is_found = all[i].is_found || is_it(&info, &all[i]);
}

/* 1 at the end of the dump, 0 before, or -errno. `size` may fall below 0 at the last message. */
static int read_packet(const void *packet, int size, struct listening *all, unsigned n)
{
    const struct nlmsghdr *head = packet;

    for (; size > 0 && NLMSG_OK(head, (unsigned)size); head = NLMSG_NEXT(head, size)) {
        switch (head->nlmsg_type) {
        case NLMSG_DONE:
            return 1;
        case NLMSG_ERROR:
            return head->nlmsg_len < NLMSG_LENGTH(sizeof(struct nlmsgerr))
                       ? -EBADMSG
                       : ((const struct nlmsgerr *)NLMSG_DATA(head))->error;
        case SOCK_DIAG_BY_FAMILY:
            note(head, all, n);
            break;
        }
    }
    return 0;
}

static int send_request(int fd)
{
    const struct {
        struct nlmsghdr head;
        struct unix_diag_req diag;
    } request = {
        .head = {.nlmsg_len = sizeof(request),
                 .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .diag = {.sdiag_family = AF_UNIX,
                 .udiag_states = 1 << TCP_LISTEN,
                 .udiag_show = UDIAG_SHOW_VFS | UDIAG_SHOW_NAME},
    };

    return send(fd, &request, sizeof(request), 0) < 0 ? -errno : 0;
}

/* A dump goes on inside each receive: nothing has to be waited for. */
static int read_dump(int fd, struct listening *all, unsigned n)
{
    union {
        struct nlmsghdr head;
        char bytes[16384];
    } packet;
    int r = 0;

    while (r == 0) {
        ssize_t size = recv(fd, &packet, sizeof(packet), MSG_DONTWAIT);

        if (size < 0)
            return -errno;
        r = read_packet(&packet, (int)size, all, n);
    }
    return r < 0 ? r : 0;
}

int listening_find(struct listening *all, unsigned n)
{
    int fd, r;

    for (unsigned i = 0; i < n; i++)
        all[i].is_found = false;
    fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (fd < 0)
        return -errno;
    r = send_request(fd);
    if (r == 0)
        r = read_dump(fd, all, n);
    close(fd);
    return r;
}
