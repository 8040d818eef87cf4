/* SPDX-License-Identifier: MIT */
/* Preloaded into relayd where what it costs is counted: whoever it talks to is quicker than it. The
 * question of a client is there when it is accepted; and when something was sent, what follows from
 * it, an answer, the next question or the end. So each count is of the same steps, however busy the
 * machine is. To wait for that takes select(2), which relayd itself does not call; and SWIFT_MS at most,
 * a second unless that is set.
 *
 * With SWIFT_EVERY=N that holds for one question in N. The answer to any other is not there before the
 * loop has slept. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
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

static int hidden = -1; /* on which nothing is there yet */

/* A question is sent, and then its answer. */
static bool is_late(void)
{
    static int every, n_sent;

    if (every == 0)
        every = getenv("SWIFT_EVERY") == NULL ? 1 : atoi(getenv("SWIFT_EVERY"));
    return n_sent++ / 2 % every != 0;
}

ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
    ssize_t n = sendto(fd, bytes, size, flags, NULL, 0);

    if (n > 0)
        wait_for_peer(fd);
    if (n > 0 && is_late())
        hidden = fd;
    return n;
}

ssize_t recv(int fd, void *bytes, size_t size, int flags)
{
    /* A call in vain is one all the same. */
    ssize_t n = recvfrom(fd != hidden ? fd : -1, bytes, size, flags, NULL, NULL);

    if (fd == hidden)
        errno = EAGAIN;
    return n;
}

int epoll_pwait(int epoll, struct epoll_event *events, int n, int milliseconds, const sigset_t *mask)
{
    hidden = -1;
    return (int)syscall(SYS_epoll_pwait, epoll, events, n, milliseconds, mask, _NSIG / 8);
}
