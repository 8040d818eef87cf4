/* SPDX-License-Identifier: MIT */
/* The kernel's answers about links and listeners. The first byte says what is asked; then come the
 * answers, each behind two bytes that say how long it is. However they are cut and whatever lengths
 * they claim, nothing behind them is read, and they mean what a second reading of netlink(7) finds.
 * Or the rest is SSH_CONNECTION, which comes out of a round trip the same. */
#include "config.h"

#include "relayd/base/util.h"
#include "relayd/upstream/link.h"
#include "relayd/upstream/listening.h"
#include "tests/fuzz/fuzz.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <linux/unix_diag.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define FAKE_FD 200

/* --- the kernel is played */

static struct fuzz_input answers;
static int open_fds, questions;

int __wrap_socket(int domain, int type, int protocol);
ssize_t __wrap_send(int fd, const void *data, size_t size, int flags);
ssize_t __wrap_recv(int fd, void *data, size_t size, int flags);
int __wrap_close(int fd);
int __real_close(int fd);

int __wrap_socket(int domain, int type, int protocol)
{
    fuzz_must(domain == AF_NETLINK);
    open_fds++;
    return FAKE_FD;
}

ssize_t __wrap_send(int fd, const void *data, size_t size, int flags)
{
    struct nlmsghdr head;

    fuzz_open();
    fuzz_must(fd == FAKE_FD && open_fds == 1 && size > sizeof(head));
    memcpy(&head, data, sizeof(head));
    fuzz_must(head.nlmsg_len == size && head.nlmsg_type == SOCK_DIAG_BY_FAMILY);
    questions++;
    return (ssize_t)size;
}

static struct fuzz_input next_answer(void)
{
    return fuzz_take(&answers, fuzz_number(&answers, 2));
}

ssize_t __wrap_recv(int fd, void *data, size_t size, int flags)
{
    fuzz_must(fd == FAKE_FD);
    if (answers.n == 0) {
        errno = EAGAIN;
        return -1;
    }
    return (ssize_t)fuzz_fill(data, size, next_answer());
}

int __wrap_close(int fd)
{
    if (fd != FAKE_FD)
        return __real_close(fd);
    fuzz_open();
    open_fds--;
    return 0;
}

/* --- a second reading */

static uint32_t number_at(struct fuzz_input in, size_t at, size_t bytes)
{
    uint32_t wide;
    uint16_t narrow;

    if (in.n < at + bytes)
        return 0;
    memcpy(&wide, in.p + at, bytes == 4 ? 4 : 0);
    memcpy(&narrow, in.p + at, 2);
    return bytes == 4 ? wide : narrow;
}

static size_t align(size_t n)
{
    return (n + 3) / 4 * 4;
}

/* Takes the next message off a packet: its type, and what is behind its header. */
static bool next_message(struct fuzz_input *packet, uint32_t *type, struct fuzz_input *body)
{
    uint32_t length = number_at(*packet, 0, 4);

    if (length < 16 || length > packet->n)
        return false;
    *type = number_at(*packet, 4, 2);
    *body = fuzz_take(packet, length);
    fuzz_take(packet, align(length) - length);
    fuzz_take(body, 16);
    return true;
}

static bool next_attribute(struct fuzz_input *in, uint32_t *type, struct fuzz_input *value)
{
    uint32_t length = number_at(*in, 0, 2);

    if (in->n < 4 || length < 4 || length > in->n)
        return false;
    *type = number_at(*in, 2, 2);
    *value = fuzz_take(in, length);
    fuzz_take(in, align(length) - length);
    fuzz_take(value, 4);
    return true;
}

/* --- links */

static int read_link(struct fuzz_input packet, struct link_report *report)
{
    struct fuzz_input body, value;
    struct tcp_info info = {0};
    uint32_t type;
    int error;

    packet.n = packet.n < 4096 ? packet.n : 4096;
    if (!next_message(&packet, &type, &body))
        return -EBADMSG;
    error = (int)number_at(body, 0, 4);
    if (type == NLMSG_ERROR)
        return body.n >= sizeof(struct nlmsgerr) && error < 0 ? error : -EBADMSG;
    if (type != SOCK_DIAG_BY_FAMILY || body.n < sizeof(struct inet_diag_msg))
        return -EBADMSG;
    fuzz_take(&body, sizeof(struct inet_diag_msg));
    while (next_attribute(&body, &type, &value)) {
        if (type != INET_DIAG_INFO)
            continue;
        memcpy(&info, value.p, value.n < sizeof(info) ? value.n : sizeof(info));
        report->retransmits = (unsigned)info.tcpi_retransmits + info.tcpi_probes;
        report->unacked = info.tcpi_unacked;
        report->unsent = info.tcpi_snd_wnd > 0 ? info.tcpi_notsent_bytes : 0;
        report->since_ack = info.tcpi_last_ack_recv / 1000.0;
        report->since_data = info.tcpi_last_data_recv / 1000.0;
        return 0;
    }
    return -ENODATA;
}

/* An IPv4 connection is asked for again where there is none by that name. */
static int wanted_answer(struct fuzz_input in, bool is_ipv4, struct link_report *report)
{
    int r;

    answers = in;
    r = in.n == 0 ? -EAGAIN : read_link(next_answer(), report);
    if (r != -ENOENT || !is_ipv4)
        return r;
    return answers.n == 0 ? -EAGAIN : read_link(next_answer(), report);
}

static void check_link(struct fuzz_input in, bool is_ipv4)
{
    struct link_report report = {0}, wanted = {0};
    struct link_tuple tuple = {.family = is_ipv4 ? AF_INET : AF_INET6, .local_port = 22};
    int r = wanted_answer(in, is_ipv4, &wanted);
    enum link_state state;

    answers = in;
    fuzz_must(link_ask(&tuple, &report) == r && open_fds == 0);
    fuzz_must(questions == 1 || (questions == 2 && is_ipv4));
    if (r < 0)
        return;
    fuzz_must(report.retransmits == wanted.retransmits && report.unacked == wanted.unacked &&
              report.unsent == wanted.unsent && report.since_ack == wanted.since_ack &&
              report.since_data == wanted.since_data);
    state = link_judge(&report, 0.5, 1);
    fuzz_must(state == (report.retransmits >= 2 ? LINK_DOWN : LINK_UP));
}

/* --- listeners */

#define PINS 2
static const struct pin pins[PINS] = {
    {.fd = -1, .dev = 0x801, .ino = 77},
    {.fd = -1, .dev = 0x1a, .ino = 0x100000042},
};
static const char *const paths[PINS] = {"/tmp/ssh-a/agent.1", "s"};

/* Whether name, up to its first NUL, ends as path does. */
static bool has_name_of(struct fuzz_input name, const char *path)
{
    const char *own = strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;
    struct fuzz_input last = {name.p, name.n == 0 ? 0 : strnlen((const char *)name.p, name.n)};

    for (size_t i = last.n; i > 0; i--) {
        if (last.p[i - 1] == '/') {
            fuzz_take(&last, i);
            break;
        }
    }
    return last.n == strlen(own) && memcmp(last.p, own, last.n) == 0;
}

static void note_listener(struct fuzz_input body, bool found[PINS])
{
    struct fuzz_input value, name = {NULL, 0}, vfs = {NULL, 0};
    bool is_named = false;
    uint32_t type;

    if (body.n < sizeof(struct unix_diag_msg))
        return;
    fuzz_take(&body, sizeof(struct unix_diag_msg));
    while (next_attribute(&body, &type, &value)) {
        if (type == UNIX_DIAG_VFS && value.n >= 8)
            vfs = value;
        if (type == UNIX_DIAG_NAME) {
            name = value;
            is_named = true;
        }
    }
    for (int i = 0; i < PINS && vfs.n > 0; i++) {
        uint32_t dev = (uint32_t)(major(pins[i].dev) << 20 | minor(pins[i].dev));

        if (number_at(vfs, 0, 4) == (uint32_t)pins[i].ino &&
            (number_at(vfs, 4, 4) == dev || (is_named && has_name_of(name, paths[i]))))
            found[i] = true;
    }
}

/* 1 at the end, 0 before, or -errno. */
static int read_listeners(struct fuzz_input packet, bool found[PINS])
{
    struct fuzz_input body;
    uint32_t type;

    packet.n = packet.n < 16384 ? packet.n : 16384;
    while (next_message(&packet, &type, &body)) {
        if (type == NLMSG_DONE)
            return 1;
        if (type == NLMSG_ERROR)
            return body.n < sizeof(struct nlmsgerr) ? -EBADMSG : (int)number_at(body, 0, 4);
        if (type == SOCK_DIAG_BY_FAMILY)
            note_listener(body, found);
    }
    return 0;
}

static void check_listeners(struct fuzz_input in)
{
    struct listening all[PINS];
    bool found[PINS] = {false};
    int r = 0;

    answers = in;
    while (r == 0)
        r = answers.n == 0 ? -EAGAIN : read_listeners(next_answer(), found);
    for (int i = 0; i < PINS; i++)
        all[i] = (struct listening){.pin = &pins[i], .path = paths[i], .is_found = true};
    answers = in;
    fuzz_must(listening_find(all, PINS) == (r < 0 ? r : 0) && open_fds == 0 && questions == 1);
    for (int i = 0; i < PINS; i++)
        fuzz_must(all[i].is_found == found[i]);
}

/* --- SSH_CONNECTION */

static bool is_same_tuple(const struct link_tuple *a, const struct link_tuple *b)
{
    return a->family == b->family && a->local_port == b->local_port &&
           a->remote_port == b->remote_port &&
           memcmp(&a->local, &b->local, sizeof(a->local)) == 0 &&
           memcmp(&a->remote, &b->remote, sizeof(a->remote)) == 0;
}

/* The address that the text begins with, as the C library reads it; a zone may stand behind it. */
static void check_remote(const char *text, const struct link_tuple *tuple)
{
    char word[80];
    struct in6_addr address;

    if (sscanf(text, "%79s", word) != 1)
        return;
    if (inet_pton(AF_INET, word, &address) == 1) {
        fuzz_must(tuple->family == AF_INET && memcmp(&tuple->remote, &address, 4) == 0);
        return;
    }
    word[strcspn(word, "%")] = '\0';
    if (inet_pton(AF_INET6, word, &address) == 1 && IN6_IS_ADDR_V4MAPPED(&address))
        fuzz_must(tuple->family == AF_INET && memcmp(&tuple->remote, address.s6_addr + 12, 4) == 0);
    else
        fuzz_must(tuple->family == AF_INET6);
}

static void check_connection(struct fuzz_input in)
{
    char *text = fuzz_string(in), again[160], remote[INET6_ADDRSTRLEN], local[INET6_ADDRSTRLEN];
    struct link_tuple tuple, other;

    link_parse(&tuple, text);
    fuzz_must(tuple.family == 0 || tuple.family == AF_INET || tuple.family == AF_INET6);
    if (tuple.family != 0) {
        check_remote(text, &tuple);
        fuzz_must(memcmp(&tuple.local, &tuple.remote, sizeof(tuple.local)) != 0);
        inet_ntop(tuple.family, &tuple.remote, remote, sizeof(remote));
        inet_ntop(tuple.family, &tuple.local, local, sizeof(local));
        snprintf(again, sizeof(again), "%s %u %s %u", remote, tuple.remote_port, local,
                 tuple.local_port);
        link_parse(&other, again);
        fuzz_must(is_same_tuple(&tuple, &other));
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    uint8_t what = fuzz_byte(&in) % 4;

    open_fds = questions = 0;
    if (what < 2)
        check_link(in, what == 0);
    else if (what == 2)
        check_listeners(in);
    else
        check_connection(in);
    return 0;
}
