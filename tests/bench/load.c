/* SPDX-License-Identifier: MIT */
/*
 * Clients whose time is taken where they are, so that no other program's start is part of it.
 *
 * Each mode says one line of names and numbers, or `failed` and what happened, and then the exit
 * status is 1. Times are of CLOCK_MONOTONIC.
 */
#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static const char usage[] =
    "usage: load [-t SECONDS] MODE SOCKET COUNT QUESTION [CLIENTS]\n"
    "  session   so many times: connect, ask, close\n"
    "  question  so many questions on one connection, on which a listing was the first\n"
    "  crowd     the same by CLIENTS, each of which asks when it has its answer\n"
    "  connected, asking, asked   COUNT clients that connect; then ask for a listing; then have it:\n"
    "            they stay until stdin ends\n"
    "  wave      COUNT threads that connect, ask and close, all of them at the same time\n"
    "questions: list, frame:SIZE (an extension, answered by as much), hex:BODY\n"
    "  -t  how long to wait for an answer; 3 s";

enum { FRAME_MAX = 4 + 262144 };

static struct sockaddr_un address = {.sun_family = AF_UNIX};
struct question {
    unsigned char bytes[FRAME_MAX];
    size_t size;
};

static struct question asked = {.size = 0};
/* The first on each connection that has more, as ssh's own clients do. */
static const struct question listing = {.bytes = {0, 0, 0, 1, 11}, .size = 5};
static int patience = 3;
static long clients = 1; /* of a crowd */

static long long now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

__attribute__((noreturn, format(printf, 1, 2))) static void failed(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    printf("failed ");
    vprintf(format, arguments);
    putchar('\n');
    va_end(arguments);
    exit(1);
}

/* What a call that failed says about the other side. */
static const char *why(void)
{
    return errno == EAGAIN ? "hung" : errno == ECONNRESET || errno == EPIPE ? "closed" : strerror(errno);
}

/* Returns the connection, or -1 and errno. */
static int dial(void)
{
    struct timeval limit = {.tv_sec = patience};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    if (fd < 0)
        err(1, "socket");
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    close(fd);
    return -1;
}

static int must_dial(void)
{
    int fd = dial();

    if (fd < 0)
        failed("%s", why());
    return fd;
}

/* Returns 0, or -1 and errno. */
static int put_question(int fd, const struct question *q)
{
    for (size_t at = 0; at < q->size;) {
        ssize_t n = send(fd, q->bytes + at, q->size - at, MSG_NOSIGNAL);

        if (n < 0)
            return -1;
        at += (size_t)n;
    }
    return 0;
}

static void ask(int fd, const struct question *q)
{
    if (put_question(fd, q) < 0)
        failed("%s", why());
}

/* An answer on its way, of which only the head is kept. */
struct answer {
    unsigned char head[5];
    size_t have;
};

static unsigned answer_type(const struct question *q)
{
    unsigned type = q->bytes[4];

    return type == 11 || type == 13 ? type + 1 : 29;
}

/* Takes what has come, and waits for it if the socket does. Returns 1 when the answer is whole and is
 * one to the question, 0 when there is more to come, -1 and errno. */
static int take(int fd, struct answer *a, const struct question *q, int flags)
{
    static __thread unsigned char bytes[65536];
    ssize_t n = recv(fd, bytes, sizeof(bytes), flags);
    const unsigned char *h = a->head;

    if (n <= 0) {
        errno = n == 0 ? ECONNRESET : errno;
        return -1;
    }
    for (ssize_t i = 0; i < n && a->have + (size_t)i < sizeof(a->head); i++)
        a->head[a->have + (size_t)i] = bytes[i];
    a->have += (size_t)n;
    if (a->have < sizeof(a->head) ||
        a->have < 4 + ((size_t)h[0] << 24 | (size_t)h[1] << 16 | (size_t)h[2] << 8 | h[3]))
        return 0;
    a->have = 0;
    errno = EBADMSG;
    return a->head[4] == answer_type(q) ? 1 : -1;
}

static int get_answer(int fd, const struct question *q)
{
    struct answer a = {.have = 0};
    int r;

    do
        r = take(fd, &a, q, 0);
    while (r == 0);
    return r < 0 ? -1 : 0;
}

static void hear(int fd, const struct question *q)
{
    if (get_answer(fd, q) < 0)
        failed("%s", why());
}

static void say_each(long long ns, long count)
{
    printf("ns %.1f\n", (double)ns / (double)count);
}

static void run_sessions(long count)
{
    long long began = now_ns();

    for (long i = 0; i < count; i++) {
        int fd = must_dial();

        ask(fd, &asked);
        hear(fd, &asked);
        close(fd);
    }
    say_each(now_ns() - began, count);
}

static void run_questions(long count)
{
    int fd = must_dial();
    long long began;

    ask(fd, &listing);
    hear(fd, &listing);
    began = now_ns();
    for (long i = 0; i < count; i++) {
        ask(fd, &asked);
        hear(fd, &asked);
    }
    say_each(now_ns() - began, count);
}

static int *connect_all(long count)
{
    int *fd = calloc((size_t)count, sizeof(*fd));

    if (fd == NULL)
        err(1, "calloc");
    for (long i = 0; i < count; i++)
        fd[i] = must_dial();
    return fd;
}

static void ask_and_hear_all(const int *fd, long count)
{
    for (long i = 0; i < count; i++)
        ask(fd[i], &listing);
    for (long i = 0; i < count; i++)
        hear(fd[i], &listing);
}

/* Each asks again when it has its answer, until count questions were asked. */
static void ask_on(int epoll, const int *fd, struct answer *answers, long count)
{
    static struct epoll_event events[4096];
    long begun = 0;

    for (; begun < clients && begun < count; begun++)
        ask(fd[begun], &asked);
    for (long answered = 0; answered < count;) {
        int n = epoll_wait(epoll, events, 4096, patience * 1000);

        if (n <= 0)
            failed("hung");
        for (int i = 0; i < n; i++) {
            long who = (long)events[i].data.u64;
            int r = take(fd[who], &answers[who], &asked, MSG_DONTWAIT);

            if (r < 0)
                failed("%s", why());
            answered += r;
            if (r == 1 && begun < count) {
                ask(fd[who], &asked);
                begun++;
            }
        }
    }
}

static void run_crowd(long count)
{
    struct answer *answers = calloc((size_t)clients, sizeof(*answers));
    int epoll = epoll_create1(0);
    long long began = now_ns(), connected;
    int *fd = connect_all(clients);

    if (answers == NULL || epoll < 0)
        err(1, "epoll");
    for (long i = 0; i < clients; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)i};

        if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd[i], &event) < 0)
            err(1, "epoll_ctl");
    }
    ask_and_hear_all(fd, clients);
    connected = now_ns();
    ask_on(epoll, fd, answers, count);
    printf("ns %.1f first %.1f\n", (double)(now_ns() - connected) / (double)count,
           (double)(connected - began) / (double)clients);
}

static void stay(long count)
{
    char byte;

    printf("here %ld\n", count);
    fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0)
        ;
}

static void run_connected(long count)
{
    connect_all(count);
    stay(count);
}

static void run_asking(long count)
{
    int *fd = connect_all(count);

    for (long i = 0; i < count; i++)
        ask(fd[i], &listing);
    stay(count);
}

static void run_asked(long count)
{
    ask_and_hear_all(connect_all(count), count);
    stay(count);
}

static pthread_barrier_t start;

/* Returns NULL, or what happened. */
static void *be_one_of_a_wave(void *unused)
{
    const char *happened = NULL;
    int fd;

    (void)unused;
    pthread_barrier_wait(&start);
    fd = dial();
    if (fd < 0 || put_question(fd, &asked) < 0 || get_answer(fd, &asked) < 0)
        happened = why();
    if (fd >= 0)
        close(fd);
    return (void *)happened;
}

static void run_wave(long count)
{
    pthread_t *threads = calloc((size_t)count, sizeof(*threads));
    pthread_attr_t small;
    long answered = 0;
    long long began;
    void *happened, *last = NULL;

    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 128 << 10);
    pthread_barrier_init(&start, NULL, (unsigned)count + 1);
    for (long i = 0; i < count; i++)
        if (threads == NULL || pthread_create(&threads[i], &small, be_one_of_a_wave, NULL) != 0)
            failed("only %ld threads can be had", i);
    pthread_barrier_wait(&start);
    began = now_ns();
    for (long i = 0; i < count; i++) {
        pthread_join(threads[i], &happened);
        answered += happened == NULL;
        last = happened != NULL ? happened : last;
    }
    printf("ns %.1f answered %ld\n", (double)(now_ns() - began) / (double)count, answered);
    if (last != NULL)
        warnx("%ld were not answered: %s", count - answered, (const char *)last);
}

static void make_frame(size_t size)
{
    if (size < 1 || size > FRAME_MAX - 4)
        errx(64, "a frame has 1 to 262144 bytes");
    for (int i = 0; i < 4; i++)
        asked.bytes[i] = (unsigned char)(size >> (24 - 8 * i));
    asked.size = 4 + size;
}

static void make_question(const char *text)
{
    static const unsigned char extension[] = "\033\0\0\0\020echo@bench.local";
    size_t size;

    if (strcmp(text, "list") == 0) {
        make_frame(1);
        asked.bytes[4] = 11;
    } else if (strncmp(text, "frame:", 6) == 0) {
        make_frame((size_t)atol(text + 6));
        memcpy(asked.bytes + 4, extension, sizeof(extension));
    } else if (strncmp(text, "hex:", 4) == 0) {
        size = strlen(text + 4) / 2;
        make_frame(size);
        for (size_t i = 0; i < size; i++)
            if (sscanf(text + 4 + 2 * i, "%2hhx", &asked.bytes[4 + i]) != 1)
                errx(64, "%s: not hexadecimal", text);
    } else {
        errx(64, "%s: no such question", text);
    }
}

static const struct {
    const char *name;
    void (*run)(long count);
} modes[] = {
    {"session", run_sessions}, {"question", run_questions}, {"crowd", run_crowd},
    {"connected", run_connected}, {"asking", run_asking}, {"asked", run_asked}, {"wave", run_wave},
};

int main(int argc, char **argv)
{
    int at = 1;

    if (argc > 2 && strcmp(argv[1], "-t") == 0) {
        patience = atoi(argv[2]);
        at = 3;
    }
    if (argc - at < 4 || argc - at > 5 || atol(argv[at + 2]) < 1)
        errx(64, "%s", usage);
    if (strlen(argv[at + 1]) >= sizeof(address.sun_path))
        errx(64, "%s: too long for a socket", argv[at + 1]);
    strcpy(address.sun_path, argv[at + 1]);
    make_question(argv[at + 3]);
    if (argc - at == 5)
        clients = atol(argv[at + 4]);
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
        if (strcmp(modes[i].name, argv[at]) == 0) {
            modes[i].run(atol(argv[at + 2]));
            return 0;
        }
    errx(64, "%s", usage);
}
