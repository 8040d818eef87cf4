/* SPDX-License-Identifier: MIT */
/*
 * An agent that misbehaves, for the tests: one behaviour, given by name.
 *
 * Each connection is served by a child of its own, so a behaviour is straight-line code that may
 * block and sleep. The listener stays in the parent: it is what SO_PEERCRED names, and killing it
 * is the death of the agent as a relay sees it.
 */
#include "config.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
    FAILURE = 5,
    SUCCESS = 6,
    LIST = 11,
    LIST_ANSWER = 12,
    SIGN = 13,
    SIGN_ANSWER = 14,
    EXTENSION = 27,
    EXTENSION_ANSWER = 29,
    FRAME_MAX = 262144,
    BACKLOG = 128,
    FILLERS = 4, /* more than a backlog of 0 takes */
};

static const char usage[] =
    "usage: fake-agent [-a SECONDS] [-c FILE] [-f SECONDS] [-k KEYS] [-n NAME] [-p] BEHAVIOUR SOCKET";

static long answer_after;         /* ms; -a, in seconds */
static long *first_after;         /* the first listing of all; shared by the children; -f */
static int count_fd = -1;         /* a line for each question: its type and length; -c */
static unsigned keys = 1;         /* how many a listing shows; -k */
static const char *name = "fake"; /* their comment; -n */
static bool answers_pings;        /* at once; the behaviour is for the other questions; -p */
static sigset_t old_mask;         /* without the two that change the behaviour */
static volatile sig_atomic_t is_good;

static void nap(long ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    while (nanosleep(&t, &t) < 0 && errno == EINTR)
        ;
}

/* The peer may go at any time; then this connection's child is done. */
static void put(int fd, const void *bytes, size_t length)
{
    for (const char *at = bytes; length > 0;) {
        ssize_t n = write(fd, at, length);

        if (n <= 0)
            _exit(0);
        at += n;
        length -= (size_t)n;
    }
}

static void get(int fd, void *bytes, size_t length)
{
    for (char *at = bytes; length > 0;) {
        ssize_t n = read(fd, at, length);

        if (n <= 0)
            _exit(0);
        at += n;
        length -= (size_t)n;
    }
}

static uint32_t get_u32(int fd)
{
    unsigned char b[4];

    get(fd, b, sizeof(b));
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* Reads one question, counts it, returns its type. */
static int any_question(int fd)
{
    static unsigned char body[FRAME_MAX];
    uint32_t length = get_u32(fd);

    if (length == 0 || length > sizeof(body))
        _exit(1);
    get(fd, body, length);
    if (count_fd >= 0)
        dprintf(count_fd, "%d %u\n", body[0], (unsigned)length);
    return body[0];
}

static void answer(int fd, int type);

static int question(int fd)
{
    int type = any_question(fd);

    for (; answers_pings && type == EXTENSION; type = any_question(fd))
        answer(fd, type);
    return type;
}

/* A frame under construction; the length goes in front when it is put. */
struct frame {
    unsigned char bytes[4 + FRAME_MAX];
    size_t length;
};

static void add_u8(struct frame *f, unsigned value)
{
    f->bytes[4 + f->length++] = (unsigned char)value;
}

static void add_u32(struct frame *f, uint32_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        add_u8(f, value >> shift & 0xff);
}

static void add_string(struct frame *f, const void *bytes, size_t length)
{
    add_u32(f, (uint32_t)length);
    memcpy(f->bytes + 4 + f->length, bytes, length);
    f->length += length;
}

static size_t seal(struct frame *f)
{
    for (int i = 0; i < 4; i++)
        f->bytes[i] = (unsigned char)(f->length >> (24 - 8 * i));
    return 4 + f->length;
}

static const struct frame *listing(void)
{
    static struct frame f;
    unsigned char blob[4 + 11 + 4 + 32] = "\0\0\0\013ssh-ed25519\0\0\0\040";

    f.length = 0;
    add_u8(&f, LIST_ANSWER);
    add_u32(&f, keys);
    for (unsigned i = 0; i < keys; i++) {
        blob[sizeof(blob) - 2] = (unsigned char)(i >> 8);
        blob[sizeof(blob) - 1] = (unsigned char)i;
        add_string(&f, blob, sizeof(blob));
        add_string(&f, name, strlen(name));
    }
    seal(&f);
    return &f;
}

/* How long an answer takes. */
static long delay_of(int type)
{
    long first = type == LIST ? __atomic_exchange_n(first_after, 0, __ATOMIC_RELAXED) : 0;

    if (answers_pings && type == EXTENSION)
        return 0;
    return first > 0 ? first : answer_after;
}

/* The answer that an agent with one idea of each question gives. */
static void answer(int fd, int type)
{
    static struct frame f;

    nap(delay_of(type));
    if (type == LIST) {
        put(fd, listing()->bytes, 4 + listing()->length);
        return;
    }
    f.length = 0;
    if (type == SIGN) {
        add_u8(&f, SIGN_ANSWER);
        add_string(&f, name, strlen(name));
    } else {
        add_u8(&f, type == EXTENSION ? FAILURE : SUCCESS);
    }
    put(fd, f.bytes, seal(&f));
}

static void serve_good(int fd)
{
    for (;;)
        answer(fd, question(fd));
}

static void serve_windows(int fd)
{
    for (;;) {
        int type = question(fd);

        if (type == EXTENSION)
            return;
        answer(fd, type);
    }
}

static void serve_silent(int fd)
{
    for (;;)
        question(fd);
}

static void serve_once(int fd)
{
    answer(fd, question(fd));
    serve_silent(fd);
}

static void serve_half(int fd)
{
    question(fd);
    put(fd, listing()->bytes, 7);
    for (;;)
        pause();
}

static void serve_closing(int fd)
{
    question(fd);
    nap(answer_after);
}

static void serve_closed(int fd)
{
    (void)fd;
}

static void serve_nonsense(int fd)
{
    static const char text[] = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";

    question(fd);
    put(fd, text, sizeof(text) - 1);
    for (;;)
        pause();
}

static void serve_wrong(int fd)
{
    static const char pong[] = {0, 0, 0, 1, 99};

    for (;;) {
        question(fd);
        put(fd, pong, sizeof(pong));
    }
}

static void serve_oversized(int fd)
{
    static const char header[] = {0x7f, 0x7f, 0x7f, 0x7f, LIST_ANSWER};

    question(fd);
    put(fd, header, sizeof(header));
    for (;;)
        put(fd, listing()->bytes, 4);
}

static void serve_endless(int fd)
{
    static struct frame f;

    add_u8(&f, EXTENSION_ANSWER);
    f.length = FRAME_MAX;
    seal(&f);
    for (question(fd);;)
        put(fd, f.bytes, 4 + f.length);
}

static void serve_drip(int fd)
{
    for (;;) {
        question(fd);
        for (size_t i = 0; i < 4 + listing()->length; i++) {
            nap(1000);
            put(fd, listing()->bytes + i, 1);
        }
    }
}

static const struct behaviour {
    const char *name;
    void (*serve)(int fd); /* NULL: connections are never accepted */
} behaviours[] = {
    {"good", serve_good},           /* as OpenSSH's: unknown extensions fail, the rest is answered */
    {"windows", serve_windows},     /* closes on any extension */
    {"silent", serve_silent},       /* reads, never answers */
    {"once", serve_once},           /* answers one question of each connection */
    {"half", serve_half},           /* the first bytes of an answer, then nothing */
    {"closing", serve_closing},     /* reads one question, closes */
    {"closed", serve_closed},       /* closes at once */
    {"nonsense", serve_nonsense},   /* another protocol */
    {"wrong", serve_wrong},         /* a well-formed answer to no question there is */
    {"oversized", serve_oversized}, /* announces two gigabytes, and sends them */
    {"endless", serve_endless},     /* the largest answers to extensions, without end */
    {"drip", serve_drip},           /* a byte a second */
    {"full", NULL},                 /* a backlog with no room */
};

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    if (fd < 0)
        err(1, "socket");
    if (strlen(path) + 1 >= sizeof(address.sun_path))
        errx(1, "%s: too long for a socket", path);
    /* Who waits for path to appear must not find a socket that does not listen yet. */
    snprintf(address.sun_path, sizeof(address.sun_path), "%s~", path);
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, BACKLOG) < 0 ||
        rename(address.sun_path, path) < 0)
        err(1, "%s", path);
    return fd;
}

/* Fills the backlog, and keeps it full until it is to be good. */
static void never_accept(int listener, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fillers[FILLERS], n;

    strcpy(address.sun_path, path);
    listen(listener, 0);
    for (n = 0; n < FILLERS; n++) {
        fillers[n] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connect(fillers[n], (struct sockaddr *)&address, sizeof(address));
    }
    sigsuspend(&old_mask);
    while (n > 0)
        close(fillers[--n]);
    listen(listener, BACKLOG);
}

static void serve_one(int listener, const struct behaviour *behaviour)
{
    int fd = accept(listener, NULL, NULL);

    if (fd >= 0 && fork() == 0) {
        close(listener);
        sigprocmask(SIG_SETMASK, &old_mask, NULL);
        if (is_good)
            answer_after = 0;
        behaviour->serve(fd);
        _exit(0);
    }
    close(fd);
}

static const struct behaviour *current(const struct behaviour *bad)
{
    sigset_t blocked;

    sigprocmask(SIG_SETMASK, &old_mask, &blocked);
    sigprocmask(SIG_SETMASK, &blocked, NULL);
    return is_good ? &behaviours[0] : bad;
}

/* A signal counts for every connection that is made after it was sent. */
static void serve_all(int listener, const struct behaviour *bad, const char *path)
{
    struct pollfd p = {.fd = listener, .events = POLLIN};

    for (;;) {
        const struct behaviour *now = current(bad);

        if (now->serve == NULL)
            never_accept(listener, path);
        else if (ppoll(&p, 1, NULL, &old_mask) == 1 && current(bad) == now)
            serve_one(listener, now);
    }
}

static void on_signal(int number)
{
    is_good = number == SIGUSR2;
}

static const struct behaviour *behaviour_by_name(const char *wanted)
{
    for (size_t i = 0; i < sizeof(behaviours) / sizeof(behaviours[0]); i++)
        if (strcmp(behaviours[i].name, wanted) == 0)
            return &behaviours[i];
    errx(64, "%s: no such behaviour", wanted);
}

int main(int argc, char **argv)
{
    const struct behaviour *behaviour;
    sigset_t changes;
    int option;

    first_after = mmap(NULL, sizeof(*first_after), PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (first_after == MAP_FAILED)
        err(1, "mmap");
    while ((option = getopt(argc, argv, "a:c:f:k:n:p")) != -1)
        switch (option) {
        case 'a':
            answer_after = (long)(atof(optarg) * 1000);
            break;
        case 'c':
            count_fd = open(optarg, O_WRONLY | O_CREAT | O_APPEND, 0666);
            if (count_fd < 0)
                err(1, "%s", optarg);
            break;
        case 'f':
            *first_after = (long)(atof(optarg) * 1000);
            break;
        case 'k':
            keys = (unsigned)atoi(optarg);
            break;
        case 'n':
            name = optarg;
            break;
        case 'p':
            answers_pings = true;
            break;
        default:
            errx(64, "%s", usage);
        }
    if (argc - optind != 2)
        errx(64, "%s", usage);
    behaviour = behaviour_by_name(argv[optind]);

    signal(SIGCHLD, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&changes);
    sigaddset(&changes, SIGUSR1);
    sigaddset(&changes, SIGUSR2);
    sigprocmask(SIG_BLOCK, &changes, &old_mask);
    signal(SIGUSR1, on_signal);
    signal(SIGUSR2, on_signal);
    serve_all(listen_at(argv[optind + 1]), behaviour, argv[optind + 1]);
}
