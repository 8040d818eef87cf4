/* SPDX-License-Identifier: MIT */
/* AF_UNIX sockets, with the few traps they have: the mode a new socket file is
 * born with, a backlog that is full, and half-close against close. */
#include "config.h"

#include "relayd/base/sock.h"

#include "relayd/base/util.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int sock_address(struct sockaddr_un *sun, const char *path)
{
    size_t length = strlen(path);

    if (length > SOCK_PATH_MAX)
        return -ENAMETOOLONG;
    memset(sun, 0, sizeof(*sun));
    sun->sun_family = AF_UNIX;
    memcpy(sun->sun_path, path, length);
    return 0;
}

int sock_new(int type)
{
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    return fd < 0 ? -errno : fd; /* NOLINT(resourceLeak): given to the caller. */
}

int sock_connect(int fd, const char *path)
{
    struct sockaddr_un sun;
    int r = sock_address(&sun, path);

    if (r < 0)
        return r;
    return connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0 ? -errno : 0;
}

int sock_open(const char *path, int type)
{
    int fd = sock_new(type);
    int r;

    if (fd < 0)
        return fd;
    r = sock_connect(fd, path);
    if (r < 0) {
        close(fd);
        return r;
    }
    return fd;
}

int sock_open_address(const char *address, int type)
{
    struct sockaddr_un sun;
    int fd, r = address[0] == '/' || address[0] == '@' ? sock_address(&sun, address) : -EINVAL;
    bool is_abstract = address[0] == '@';

    if (r < 0)
        return r;
    fd = sock_new(type);
    if (fd < 0)
        return fd;
    if (is_abstract)
        sun.sun_path[0] = '\0';
    if (connect(fd, (struct sockaddr *)&sun,
                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(address) +
                            !is_abstract)) < 0) {
        r = -errno;
        close(fd);
        return r;
    }
    return fd;
}

int sock_listen(const char *path, int type, int backlog)
{
    struct sockaddr_un sun;
    int fd, r = sock_address(&sun, path);

    if (r < 0)
        return r;
    fd = sock_new(type);
    if (fd < 0)
        return fd;
    /* bind(2) gives the file the socket's own mode less the umask: set before,
     * there is no moment in which it is wider. */
    if (fchmod(fd, 0600) < 0 || bind(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0 ||
        listen(fd, backlog) < 0) {
        r = -errno;
        close(fd);
        return r;
    }
    return fd;
}

bool sock_is_live(const char *path, int type)
{
    int fd = sock_open(path, type);

    if (fd >= 0)
        close(fd);
    /* Other errors prove nothing: sock.h. */
    return fd != -ECONNREFUSED && fd != -ENOENT;
}

static bool sock_option_is(int fd, int option, int wanted)
{
    int value;
    socklen_t size = sizeof(value);

    return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 && value == wanted;
}

bool sock_is_listener(int fd, int type)
{
    return sock_option_is(fd, SO_DOMAIN, AF_UNIX) && sock_option_is(fd, SO_TYPE, type) &&
           sock_option_is(fd, SO_ACCEPTCONN, 1);
}

bool sock_is_bound_to(int fd, const char *path)
{
    struct sockaddr_un address = {0};
    socklen_t size = sizeof(address);

    return getsockname(fd, (struct sockaddr *)&address, &size) == 0 &&
           strncmp(address.sun_path, path, sizeof(address.sun_path)) == 0;
}

int sock_peer(int fd, struct sock_peer *peer)
{
    struct ucred cred;
    socklen_t size = sizeof(cred);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0)
        return -errno;
    peer->pid = cred.pid;
    peer->uid = cred.uid;
    return 0;
}

bool sock_uid_is_trusted(uid_t uid)
{
    /* Of the start, which nobody changes here: geteuid(2) is a system call for each client. */
    return uid == 0 || uid == getauxval(AT_EUID);
}

bool sock_has_hung_up(int fd)
{
    struct pollfd p = {.fd = fd};

    return poll(&p, 1, 0) == 1 && (p.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}
