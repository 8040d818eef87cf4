/* SPDX-License-Identifier: MIT */
/* Notifications. libsystemd would wait: its socket blocks once the manager has as many
 * messages unread as fit its queue, ten by default. Ours is connected, because one that
 * is not is always "writable" (unix(7)), and nothing would tell when there is room. */
#include "config.h"

#include "relayd/host/notify.h"

#include "relayd/base/log.h"
#include "relayd/base/sock.h"
#include "relayd/base/utf8.h"
#include "relayd/base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define STORED_MAX 2 /* descriptors in one message */
#define LATER_SECONDS 1.0

struct message {
    struct list link; /* notify::queue */
    int fds[STORED_MAX]; /* owned */
    unsigned n;
    char text[320];
};

static void message_free(struct message *message)
{
    for (unsigned i = 0; i < message->n; i++)
        close(message->fds[i]);
    free(message);
}

static int connect_anew(struct notify *notify)
{
    const char *address = getenv("NOTIFY_SOCKET");
    int fd = address == NULL ? -ENOENT : sock_open_address(address, SOCK_DGRAM);

    ev_io_stop(notify->loop, &notify->writable);
    close_fd(notify->writable.fd);
    ev_io_set(&notify->writable, fd < 0 ? -1 : fd, EV_WRITE);
    return fd < 0 ? fd : 0;
}

static int send_once(int fd, const char *text, const int *fds, unsigned n)
{
    union {
        char bytes[CMSG_SPACE(STORED_MAX * sizeof(int))];
        struct cmsghdr header;
    } control = {0};
    struct iovec iov = {.iov_base = (char *)text, .iov_len = strlen(text)};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

    if (n > 0) {
        msg.msg_control = control.bytes;
        msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
        control.header = (struct cmsghdr){
            .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(n * sizeof(int))};
        memcpy(CMSG_DATA(&control.header), fds, n * sizeof(int));
    }
    return sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

/* Returns -EAGAIN where there is no room. A manager that was started again has another
 * socket at the same place. */
static int send_text(struct notify *notify, const char *text, const int *fds, unsigned n)
{
    int r = send_once(notify->writable.fd, text, fds, n);

    if (r < 0 && r != -EAGAIN && connect_anew(notify) == 0)
        r = send_once(notify->writable.fd, text, fds, n);
    return r;
}

static bool flush_queue(struct notify *notify)
{
    while (!list_is_empty(&notify->queue)) {
        struct message *m = list_entry(notify->queue.next, struct message, link);

        if (send_text(notify, m->text, m->fds, m->n) == -EAGAIN)
            return false;
        list_remove(&m->link);
        message_free(m);
    }
    return true;
}

static bool flush_keepalive(struct notify *notify)
{
    notify->is_keepalive_due =
        notify->is_keepalive_due && send_text(notify, "WATCHDOG=1", NULL, 0) == -EAGAIN;
    return !notify->is_keepalive_due;
}

static bool flush_status(struct notify *notify)
{
    char text[NOTIFY_STATUS_MAX + 8];

    if (notify->status[0] == '\0')
        return true;
    snprintf(text, sizeof(text), "STATUS=%s", notify->status);
    if (send_text(notify, text, NULL, 0) == -EAGAIN)
        return false;
    notify->status[0] = '\0';
    return true;
}

/* Sends what there is room for, and waits, in the loop, for room for the rest. A manager that was
 * away when it was told something may be back; one that misses keepalives ends us. */
static void step(struct notify *notify)
{
    if (notify->loop == NULL || ev_is_active(&notify->later) ||
        (!notify_is_on(notify) && connect_anew(notify) < 0))
        return;
    if (flush_queue(notify) && flush_keepalive(notify) && flush_status(notify))
        ev_io_stop(notify->loop, &notify->writable);
    else
        ev_io_start(notify->loop, &notify->writable);
}

static void on_later(struct ev_loop *loop, ev_timer *timer, int events)
{
    step(container_of(timer, struct notify, later));
}

static void on_writable(struct ev_loop *loop, ev_io *io, int events)
{
    struct notify *notify = container_of(io, struct notify, writable);

    if ((events & EV_ERROR) != 0) {
        log_warning("the loop cannot watch the service manager's socket: tried again");
        ev_timer_set(&notify->later, LATER_SECONDS, 0);
        ev_timer_start(loop, &notify->later);
        return;
    }
    step(notify);
}

void notify_init(struct notify *notify, struct ev_loop *loop)
{
    int r;

    *notify = (struct notify){.loop = loop};
    list_init(&notify->queue);
    ev_io_init(&notify->writable, on_writable, -1, EV_WRITE);
    ev_timer_init(&notify->later, on_later, 0, 0);
    r = connect_anew(notify);
    if (r < 0 && getenv("NOTIFY_SOCKET") != NULL)
        log_warning("the service manager cannot be told anything: %s: %s",
                    getenv("NOTIFY_SOCKET"), strerror(-r));
}

/* This may wait: the loop has ended. */
static void flush_slowly(struct notify *notify, double seconds)
{
    const double until = monotonic_seconds() + seconds;

    while (!flush_queue(notify)) {
        struct pollfd p = {.fd = notify->writable.fd, .events = POLLOUT};
        double left = until - monotonic_seconds();

        if (left <= 0 || poll(&p, 1, (int)(left * 1000) + 1) == 0) {
            log_warning("the service manager takes no more: what it was to keep is lost");
            return;
        }
    }
}

void notify_fini(struct notify *notify, double seconds)
{
    struct message *it, *next;

    if (notify->loop == NULL)
        return;
    ev_timer_stop(notify->loop, &notify->later);
    flush_slowly(notify, seconds);
    list_for_each_safe(it, next, &notify->queue, link)
        message_free(it);
    ev_io_stop(notify->loop, &notify->writable);
    close_fd(notify->writable.fd);
    *notify = (struct notify){0};
}

bool notify_is_on(const struct notify *notify)
{
    return notify->loop != NULL && notify->writable.fd >= 0;
}

/* Keeps the message, and copies of its descriptors, until there is room. */
static bool queue(struct notify *notify, const char *text, const int *fds, unsigned n)
{
    struct message *m = calloc(1, sizeof(*m));

    if (m == NULL)
        return false;
    for (; m->n < n; m->n++) {
        m->fds[m->n] = fcntl(fds[m->n], F_DUPFD_CLOEXEC, 0);
        if (m->fds[m->n] < 0) {
            message_free(m);
            return false;
        }
    }
    snprintf(m->text, sizeof(m->text), "%s", text);
    list_append(&notify->queue, &m->link);
    step(notify);
    return true;
}

/* Sends it at once where it can be, so that what has to be kept is the exception. */
static bool tell(struct notify *notify, const char *text, const int *fds, unsigned n)
{
    int r = -EAGAIN;

    if (!notify_is_on(notify))
        return false;
    if (list_is_empty(&notify->queue))
        r = send_text(notify, text, fds, n);
    return r == -EAGAIN ? queue(notify, text, fds, n) : r == 0;
}

void notify_ready(struct notify *notify)
{
    tell(notify, "READY=1", NULL, 0);
}

/* It is not kept where there is no room: the manager sees the end anyway. */
void notify_stopping(struct notify *notify)
{
    if (notify_is_on(notify))
        send_text(notify, "STOPPING=1", NULL, 0);
}

void notify_keepalive(struct notify *notify)
{
    notify->is_keepalive_due = true;
    step(notify);
}

void notify_status(struct notify *notify, const char *status)
{
    utf8_copy(notify->status, sizeof(notify->status), status);
    step(notify);
}

/* The name must be printable: a newline in it would begin another field. */
static bool tell_of(struct notify *notify, const char *fields, const char *name, const int *fds,
                    unsigned n)
{
    char text[sizeof(((struct message *)NULL)->text)];
    int size = snprintf(text, sizeof(text), "%s\nFDNAME=%s", fields, name);

    return utf8_is_clean(name) && size < (int)sizeof(text) && tell(notify, text, fds, n);
}

/* Without FDPOLL=0 the manager would drop a socket whose other end has closed, with what is
 * still to be read from it. */
bool notify_store(struct notify *notify, const char *name, const int *fds, unsigned n)
{
    return tell_of(notify, "FDSTORE=1\nFDPOLL=0", name, fds, n);
}

void notify_unstore(struct notify *notify, const char *name)
{
    tell_of(notify, "FDSTOREREMOVE=1", name, NULL, 0);
}

unsigned notify_store_room(void)
{
    const char *room = getenv("FDSTORE");

    return room != NULL ? (unsigned)strtoul(room, NULL, 10) : UINT_MAX;
}
