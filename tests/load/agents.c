/* SPDX-License-Identifier: MIT */
/*
 * Many agents in one process, for the load: each as a login's, quick, and with thousands of
 * connections at once. Number N listens at PREFIXN, lists one key whose comment is that number,
 * and brings back what a signature was asked for (wire.h). What it sees is noted in the ledger:
 * a question that comes a second time, to whichever agent, is told of.
 */
#include "config.h"

#include "tests/load/wire.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>

static const char usage[] =
    "usage: agents [-a MILLISECONDS] [-c DESCRIPTOR] [-i FIRST] [-l LEDGER] PREFIX COUNT\n"
    "  -a  how long each answer takes   -i  the number of the first agent\n"
    "  -l  the file where questions are noted\n"
    "  -c  a connection to a place that sends back what it gets: an answer waits for its byte";

enum { IN_MAX = 8192, EVENTS = 256 };

/* A listener, or a connection to one. */
struct end {
    int fd;
    bool is_listener;
    unsigned agent;
    int64_t due;             /* when the question that is here is answered; 0: none is */
    struct end *next_late;   /* in `late` */
    size_t in_size, out_size;
    size_t noted;            /* so many bytes of what is here are in the ledger */
    unsigned char *in, *out; /* only while there is something in them */
};

static int epoll;
static long answer_after_us; /* -a */
static struct ledger *ledger; /* -l */
static struct end far = {.fd = -1}; /* -c */
static struct end *late, **late_end = &late; /* in the order in which they are due */

static void *must(void *memory)
{
    if (memory == NULL)
        err(1, "malloc");
    return memory;
}

static void arm(struct end *e, int operation)
{
    struct epoll_event event = {.events = e->out_size > 0 ? EPOLLOUT : e->due > 0 ? 0 : EPOLLIN,
                                .data.ptr = e};

    if (epoll_ctl(epoll, operation, e->fd, &event) < 0)
        err(1, "epoll_ctl");
}

/* One that is late is only freed once it is due. */
static void end_close(struct end *e)
{
    if (e->fd >= 0)
        close(e->fd);
    e->fd = -1;
    if (e->due > 0)
        return;
    free(e->in);
    free(e->out);
    free(e);
}

/* Returns the size of the frame that begins there in what has come in, or 0 when it is not whole. */
static size_t frame_size(const struct end *e, size_t at)
{
    size_t left = e->in_size - at;
    size_t size = left < 4 ? 0 : 4 + (size_t)get_number(e->in + at, 4);

    if (size > IN_MAX || (left >= 4 && size == 4))
        errx(1, "agent %u: a frame of %zu bytes", e->agent, size);
    return left >= size ? size : 0;
}

static void put(struct end *e, const unsigned char *bytes, size_t size)
{
    e->out = must(realloc(e->out, e->out_size + size));
    memcpy(e->out + e->out_size, bytes, size);
    e->out_size += size;
}

static void answer_list(struct end *e)
{
    static const unsigned char key[] = "\0\0\0\001\0\0\0\063\0\0\0\013ssh-ed25519\0\0\0\040";
    unsigned char frame[4 + 1 + 4 + 4 + 51 + 4 + 16] = {[4] = LIST_ANSWER};
    char name[16];
    int n = snprintf(name, sizeof(name), "%u", e->agent);

    memcpy(frame + 5, key, sizeof(key) - 1);
    put_number(frame + 64, (uint64_t)n, 4);
    memcpy(frame + 68, name, (size_t)n);
    put_number(frame, 64 + (uint64_t)n, 4);
    put(e, frame, 68 + (size_t)n);
}

static void note(const struct end *e, uint64_t number)
{
    unsigned before = ledger_see(ledger, number, e->agent);

    if (before > 0)
        printf("question %llu was seen by login %u, and again by login %u\n",
               (unsigned long long)number, before, e->agent);
}

/* Notes what has come in, at once: who is killed before it answers has seen it too. */
static void note_all(struct end *e)
{
    size_t size;

    while (ledger != NULL && (size = frame_size(e, e->noted)) > 0) {
        if (e->in[e->noted + 4] == SIGN && size >= QUESTION_HEAD + DATA_MIN)
            note(e, get_number(e->in + e->noted + QUESTION_HEAD + 4, 8));
        e->noted += size;
    }
}

static void answer_sign(struct end *e, size_t size)
{
    unsigned char frame[ANSWER_MAX] = {[4] = SIGN_ANSWER};
    size_t data = size < QUESTION_HEAD ? 0 : (size_t)get_number(e->in + QUESTION_HEAD - 4, 4);

    if (data < DATA_MIN || data > DATA_MIN + NOISE_MAX || size != QUESTION_HEAD + data + 4) {
        printf("login %u was asked for a signature of %zu bytes in a frame of %zu\n", e->agent,
               data, size);
        return;
    }
    put_number(frame, 1 + 4 + 4 + data, 4);
    put_number(frame + 5, 4 + data, 4);
    put_number(frame + 9, e->agent, 4);
    memcpy(frame + 13, e->in + QUESTION_HEAD, data);
    put(e, frame, 13 + data);
}

static void answer(struct end *e, size_t size)
{
    unsigned char word[] = {0, 0, 0, 1, e->in[4] == EXTENSION ? FAILURE : SUCCESS};

    if (e->in[4] == LIST)
        answer_list(e);
    else if (e->in[4] == SIGN)
        answer_sign(e, size);
    else
        put(e, word, sizeof(word));
    e->in_size -= size;
    e->noted -= e->noted < size ? e->noted : size;
    memmove(e->in, e->in + size, e->in_size);
}

static void be_late(struct end *e)
{
    e->due = far.fd >= 0 ? INT64_MAX : now_us() + answer_after_us;
    if (far.fd >= 0 && write(far.fd, "?", 1) != 1)
        errx(1, "the connection takes no more");
    e->next_late = NULL;
    *late_end = e;
    late_end = &e->next_late;
}

/* Answers what is here, or one question of it after a while. */
static void think(struct end *e)
{
    size_t size;

    while (e->due == 0 && (size = frame_size(e, 0)) > 0) {
        if (answer_after_us == 0 && far.fd < 0)
            answer(e, size);
        else
            be_late(e);
    }
    if (e->in_size == 0) {
        free(e->in);
        e->in = NULL;
    }
}

/* Returns false when the other end has gone. */
static bool speak(struct end *e)
{
    ssize_t n = e->out_size == 0 ? 0 : send(e->fd, e->out, e->out_size, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (n < 0)
        return errno == EAGAIN;
    e->out_size -= (size_t)n;
    if (e->out_size > 0) {
        memmove(e->out, e->out + n, e->out_size);
    } else {
        free(e->out);
        e->out = NULL;
    }
    return true;
}

static bool hear(struct end *e)
{
    ssize_t n;

    if (e->in == NULL)
        e->in = must(malloc(IN_MAX));
    n = recv(e->fd, e->in + e->in_size, IN_MAX - e->in_size, MSG_DONTWAIT);
    if (n < 0)
        return errno == EAGAIN;
    e->in_size += (size_t)n;
    note_all(e);
    return n > 0;
}

static void serve(struct end *e, uint32_t events)
{
    if ((events & EPOLLIN) != 0 && e->out_size == 0 && e->due == 0 && !hear(e)) {
        end_close(e);
        return;
    }
    think(e);
    if (!speak(e) || (events & (EPOLLHUP | EPOLLERR)) != 0)
        end_close(e);
    else
        arm(e, EPOLL_CTL_MOD);
}

static void end_new(int fd, unsigned agent, bool is_listener)
{
    struct end *e = must(calloc(1, sizeof(*e)));

    *e = (struct end){.fd = fd, .agent = agent, .is_listener = is_listener};
    arm(e, EPOLL_CTL_ADD);
}

static void take(const struct end *listener)
{
    int fd;

    while ((fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK)) >= 0)
        end_new(fd, listener->agent, false);
}

static void serve_first_late(void)
{
    struct end *e = late;

    late = e->next_late;
    if (late == NULL)
        late_end = &late;
    e->due = 0;
    if (e->fd < 0) {
        end_close(e);
        return;
    }
    answer(e, frame_size(e, 0));
    serve(e, 0);
}

/* Returns in how many milliseconds the next is due; -1: none is. */
static int serve_late(void)
{
    while (late != NULL && late->due <= now_us())
        serve_first_late();
    return late == NULL || far.fd >= 0 ? -1 : (int)((late->due - now_us()) / 1000) + 1;
}

/* As many have their answer as bytes have come back. */
static void hear_far(void)
{
    char bytes[256];
    ssize_t n = recv(far.fd, bytes, sizeof(bytes), MSG_DONTWAIT);

    if (n == 0)
        exit(0);
    for (; n > 0 && late != NULL; n--)
        serve_first_late();
}

static void listen_at(const char *prefix, unsigned agent)
{
    struct sockaddr_un address;
    char path[108], made[120];
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

    snprintf(path, sizeof(path), "%s%u", prefix, agent);
    snprintf(made, sizeof(made), "%s~", path);
    address_of(&address, made);
    /* Who waits for path to appear must not find a socket that does not listen yet. */
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(fd, 4096) < 0 || rename(made, path) < 0)
        err(1, "%s", path);
    end_new(fd, agent, true);
}

static void run(void)
{
    for (;;) {
        struct epoll_event events[EVENTS];
        int n = epoll_wait(epoll, events, EVENTS, serve_late());
        bool is_far_heard = false;

        for (int i = 0; i < n; i++) {
            struct end *e = events[i].data.ptr;

            if (e == &far)
                is_far_heard = true;
            else if (e->is_listener)
                take(e);
            else
                serve(e, events[i].events);
        }
        /* Last: it serves, and may free, others that had events too. */
        if (is_far_heard)
            hear_far();
    }
}

int main(int argc, char **argv)
{
    unsigned first = 1;
    int option;

    while ((option = getopt(argc, argv, "a:c:i:l:")) != -1)
        switch (option) {
        case 'a':
            answer_after_us = atol(optarg) * 1000;
            break;
        case 'c':
            far.fd = atoi(optarg);
            break;
        case 'i':
            first = (unsigned)atoi(optarg);
            break;
        case 'l':
            ledger = ledger_open(optarg);
            break;
        default:
            errx(64, "%s", usage);
        }
    if (argc - optind != 2)
        errx(64, "%s", usage);
    setvbuf(stdout, NULL, _IOLBF, 0);
    epoll = epoll_create1(0);
    if (epoll < 0)
        err(1, "epoll_create1");
    if (far.fd >= 0)
        arm(&far, EPOLL_CTL_ADD);
    for (unsigned i = 0; i < (unsigned)atoi(argv[optind + 1]); i++)
        listen_at(argv[optind], first + i);
    run();
}
