/* SPDX-License-Identifier: MIT */
/*
 * Agents that cost next to nothing: they answer at once, from memory, all in one process, so that what
 * is measured is the way to them. `agents PREFIX COUNT` listens at PREFIX0, PREFIX1 and so on. What they
 * do is told them on stdin, a line at a time: a behaviour, the first and the last agent that it is for;
 * each line is answered by `done`. They end when stdin does.
 */
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { AGENTS_MAX = 256, FRAME_MAX = 4 + 262144 };

enum behaviour {
    GOOD,    /* answers: a listing, a signature; an extension by as many bytes as it had */
    MUTE,    /* takes questions, answers none */
    CLOSING, /* closes at the first question */
    REFUSED, /* no longer listens; the file is still there */
    MISSING, /* nor is the file */
};

static const char *const behaviours[] = {"good", "mute", "closing", "refused", "missing"};

/* An agent that listens, or a connection to one. */
struct conn {
    int fd;
    bool is_listener;
    struct conn *agent;
    enum behaviour behaviour; /* an agent's */
    unsigned char *question;
    size_t have, room;
};

static struct conn agents[AGENTS_MAX];
static const char *prefix;
static int epoll;
static unsigned char listing[256], signature[256], extended[FRAME_MAX];

static void watch(struct conn *c)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};

    if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event) < 0)
        err(1, "epoll_ctl");
}

static struct sockaddr_un address_of(long number)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (snprintf(address.sun_path, sizeof(address.sun_path), "%s%ld", prefix, number) >=
        (int)sizeof(address.sun_path))
        errx(64, "%s: too long for a socket", prefix);
    return address;
}

static void listen_at(long number)
{
    struct sockaddr_un address = address_of(number);
    struct conn *c = &agents[number];

    *c = (struct conn){.fd = socket(AF_UNIX, SOCK_STREAM, 0), .is_listener = true};
    if (c->fd < 0 || bind(c->fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(c->fd, SOMAXCONN) < 0)
        err(1, "%s", address.sun_path);
    watch(c);
}

static void accept_at(struct conn *agent)
{
    struct conn *c = calloc(1, sizeof(*c));

    if (c == NULL)
        err(1, "calloc");
    c->fd = accept(agent->fd, NULL, NULL);
    if (c->fd < 0)
        err(1, "accept");
    c->agent = agent;
    watch(c);
}

static void end(struct conn *c)
{
    close(c->fd);
    free(c->question);
    free(c);
}

/* One question at a time is asked on a connection, so an answer that does not fit may wait here. */
static bool put(int fd, const unsigned char *bytes, size_t size)
{
    for (size_t at = 0; at < size;) {
        ssize_t n = send(fd, bytes + at, size - at, MSG_NOSIGNAL);

        if (n < 0)
            return false;
        at += (size_t)n;
    }
    return true;
}

static void put_length(unsigned char *frame, size_t length)
{
    for (int i = 0; i < 4; i++)
        frame[i] = (unsigned char)(length >> (24 - 8 * i));
}

static size_t frame_size(const unsigned char *f)
{
    return 4 + ((size_t)f[0] << 24 | (size_t)f[1] << 16 | (size_t)f[2] << 8 | f[3]);
}

static bool answer(struct conn *c, const unsigned char *q)
{
    static const unsigned char failure[] = {0, 0, 0, 1, 5};
    size_t size = frame_size(q);

    if (q[4] == 11)
        return put(c->fd, listing, frame_size(listing));
    if (q[4] == 13)
        return put(c->fd, signature, frame_size(signature));
    if (q[4] != 27 || size < 21 || memcmp(q + 9, "echo@bench.local", 12) != 0)
        return put(c->fd, failure, sizeof(failure));
    put_length(extended, size - 4);
    extended[4] = 29;
    return put(c->fd, extended, size);
}

/* Answers what is whole. Returns false when the connection is over. */
static bool serve(struct conn *c)
{
    size_t at = 0;

    if (c->agent->behaviour == MUTE)
        c->have = 0;
    while (c->have - at >= 5 && c->have - at >= frame_size(c->question + at)) {
        if (c->agent->behaviour == CLOSING || !answer(c, c->question + at))
            return false;
        at += frame_size(c->question + at);
    }
    c->have -= at;
    memmove(c->question, c->question + at, c->have);
    return true;
}

static void hear(struct conn *c)
{
    ssize_t n;

    if (c->have == c->room) {
        c->room = c->room == 0 ? 1024 : c->room * 2;
        c->question = realloc(c->question, c->room);
        if (c->question == NULL)
            err(1, "realloc");
    }
    n = recv(c->fd, c->question + c->have, c->room - c->have, 0);
    if (n > 0)
        c->have += (size_t)n;
    if (n <= 0 || !serve(c))
        end(c);
}

static void behave(long number, enum behaviour wanted)
{
    struct conn *c = &agents[number];

    c->behaviour = wanted;
    if (wanted != REFUSED && wanted != MISSING)
        return;
    if (wanted == MISSING)
        unlink(address_of(number).sun_path);
    close(c->fd);
}

static void obey(const char *line)
{
    char word[16];
    long first, last;

    if (sscanf(line, "%15s %ld %ld", word, &first, &last) != 3 || first < 0 || last >= AGENTS_MAX)
        errx(64, "%s: no such word", line);
    for (size_t i = 0; i < sizeof(behaviours) / sizeof(behaviours[0]); i++)
        if (strcmp(word, behaviours[i]) == 0)
            for (long number = first; number <= last; number++)
                behave(number, (enum behaviour)i);
    puts("done");
}

/* Both as OpenSSH's agent makes them for one ed25519 key. */
static void make_answers(void)
{
    static const char key[] = "\0\0\0\013ssh-ed25519\0\0\0\040";

    memcpy(listing + 4, "\014\0\0\0\001\0\0\0\063", 9);
    memcpy(listing + 13, key, sizeof(key) - 1);
    memcpy(listing + 13 + 51, "\0\0\0\010somebody", 12);
    put_length(listing, 9 + 51 + 12);
    memcpy(signature + 4, "\016\0\0\0\123\0\0\0\013ssh-ed25519\0\0\0\100", 24);
    put_length(signature, 5 + 83);
}

int main(int argc, char **argv)
{
    static struct epoll_event events[1024];
    static struct conn words = {.fd = STDIN_FILENO};
    char line[64];
    long count = argc == 3 ? atol(argv[2]) : 0;

    if (count < 1 || count > AGENTS_MAX)
        errx(64, "usage: agents PREFIX COUNT (1 to %d)", AGENTS_MAX);
    prefix = argv[1];
    make_answers();
    setlinebuf(stdout);
    epoll = epoll_create1(0);
    for (long number = 0; number < count; number++)
        listen_at(number);
    watch(&words);
    puts("done");
    for (;;) {
        int n = epoll_wait(epoll, events, 1024, -1);

        for (int i = 0; i < n; i++) {
            struct conn *c = events[i].data.ptr;

            if (c->is_listener)
                accept_at(c);
            else if (c != &words)
                hear(c);
            else if (fgets(line, sizeof(line), stdin) != NULL)
                obey(line);
            else
                return 0;
        }
    }
}
