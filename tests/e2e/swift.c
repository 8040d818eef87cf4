/* SPDX-License-Identifier: MIT */
/* Preloaded into relayd where what it costs is counted: whoever it talks to is quicker than it. The
 * question of a client is there when it is accepted; and when something was sent, what follows from
 * it, an answer, the next question or the end. So each count is of the same steps, however busy the
 * machine is. To wait for that takes select(2), which relayd itself does not call; and SWIFT_MS at most,
 * a second unless that is set. */
#include "config.h"

#include <stdlib.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static void wait_for_peer(int fd)
{
    static struct timeval longest;
    struct timeval most;
    fd_set set;

    if (longest.tv_usec == 0)
        longest.tv_usec = getenv("SWIFT_MS") == NULL ? 999999 : atoi(getenv("SWIFT_MS")) * 1000;
    most = longest;
    FD_ZERO(&set);
    FD_SET(fd, &set);
    select(fd + 1, &set, NULL, NULL, &most);
}

int accept4(int listener, struct sockaddr *address, socklen_t *size, int flags)
{
    int fd = (int)syscall(SYS_accept4, listener, address, size, flags);

    if (fd >= 0)
        wait_for_peer(fd);
    return fd;
}

ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
    ssize_t n = sendto(fd, bytes, size, flags, NULL, 0);

    if (n > 0)
        wait_for_peer(fd);
    return n;
}
