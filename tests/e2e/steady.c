/* SPDX-License-Identifier: MIT */
/*
 * Clients that stay and ask on and on, for the tests.
 *
 * All connect, then each asks every 20 ms, in turn for a listing and by an extension that no agent
 * knows, so that an answer to the question before is a wrong one. With -o each asks only once, all
 * of them at once. It says `asking` once each has had an answer, and at SIGTERM, when what is owed then has come, one line: how many questions were
 * asked and answered, how many answers were wrong (of another type, or not asked for), and how many
 * clients were closed. The exit status is 0 when every question was answered, and rightly.
 */
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { EVERY_MS = 20, LAST_MS = 20000, CLIENTS_MAX = 10000 };

static const unsigned char listing[] = {0, 0, 0, 1, 11};
static const unsigned char unknown[] = {0, 0, 0, 17, 27, 0, 0, 0, 12, 'n', 'o',
                                        'n', 'e', '@', 't', 'h', 'e', 'r', 'e', '.', '.'};

static const struct {
    const unsigned char *bytes;
    size_t size;
    unsigned char answer[2]; /* the types that it may have */
} questions[] = {{listing, sizeof(listing), {12, 12}}, {unknown, sizeof(unknown), {5, 28}}};

struct client {
    int fd; /* -1: closed */
    unsigned turn;
    bool is_owed;
    long next; /* when it asks, in ms */
    unsigned char head[5];
    size_t have; /* of the answer's head */
    size_t left; /* of its body */
};

static struct client all[CLIENTS_MAX];
static int n;
static unsigned long asked, answered, wrong, closed;
static bool asks_once; /* -o */
static volatile sig_atomic_t is_told;

static long now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void begin(struct client *c, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof(address.sun_path))
        errx(64, "%s: too long for a socket", path);
    strcpy(address.sun_path, path);
    c->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        err(1, "%s", path);
    c->next = now_ms();
}

static void end(struct client *c)
{
    close(c->fd);
    c->fd = -1;
    closed++;
}

static void ask(struct client *c)
{
    unsigned kind = c->turn % 2;

    if (send(c->fd, questions[kind].bytes, questions[kind].size, MSG_NOSIGNAL) !=
        (ssize_t)questions[kind].size) {
        end(c);
        return;
    }
    asked++;
    c->is_owed = true;
    c->next += EVERY_MS;
}

static void take_answer(struct client *c)
{
    const unsigned char *fits = questions[c->turn % 2].answer;

    if (!c->is_owed || (c->head[4] != fits[0] && c->head[4] != fits[1]))
        wrong++;
    if (c->is_owed)
        answered++;
    c->is_owed = false;
    c->have = 0;
    c->turn++;
}

static void hear(struct client *c)
{
    unsigned char body[4096];
    bool is_head = c->have < sizeof(c->head);
    size_t wanted = is_head ? sizeof(c->head) - c->have : c->left;
    ssize_t got = recv(c->fd, is_head ? c->head + c->have : body,
                       wanted < sizeof(body) ? wanted : sizeof(body), MSG_DONTWAIT);

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        end(c);
        return;
    }
    if (is_head) {
        c->have += (size_t)got;
        if (c->have == sizeof(c->head))
            c->left = ((size_t)c->head[1] << 16 | (size_t)c->head[2] << 8 | c->head[3]) - 1;
    } else {
        c->left -= (size_t)got;
    }
    if (c->have == sizeof(c->head) && c->left == 0)
        take_answer(c);
}

static bool may_ask(const struct client *c)
{
    return asks_once ? c->turn == 0 : now_ms() >= c->next;
}

/* One round: hears who has something to say, lets ask whose time has come. */
static void turn_all(void)
{
    static struct pollfd p[CLIENTS_MAX];

    for (int i = 0; i < n; i++)
        p[i] = (struct pollfd){.fd = all[i].fd, .events = POLLIN};
    poll(p, (nfds_t)n, 5);
    for (int i = 0; i < n; i++)
        if (p[i].fd >= 0 && p[i].revents != 0)
            hear(&all[i]);
    for (int i = 0; i < n; i++)
        if (all[i].fd >= 0 && !all[i].is_owed && !is_told && may_ask(&all[i]))
            ask(&all[i]);
}

static bool has_begun(void)
{
    for (int i = 0; i < n; i++)
        if (all[i].turn == 0)
            return false;
    return true;
}

static bool is_anything_owed(void)
{
    for (int i = 0; i < n; i++)
        if (all[i].fd >= 0 && all[i].is_owed)
            return true;
    return false;
}

static void on_signal(int number)
{
    (void)number;
    is_told = 1;
}

int main(int argc, char **argv)
{
    long last;
    bool is_said = false;

    asks_once = argc == 4 && strcmp(argv[1], "-o") == 0;
    n = argc == 3 + asks_once ? atoi(argv[1 + asks_once]) : 0;
    if (n < 1 || n > CLIENTS_MAX)
        errx(64, "usage: steady [-o] CLIENTS SOCKET");
    signal(SIGTERM, on_signal);
    for (int i = 0; i < n; i++)
        begin(&all[i], argv[2 + asks_once]);
    while (!is_told) {
        turn_all();
        if (!is_said && has_begun()) {
            puts("asking");
            fflush(stdout);
            is_said = true;
        }
    }
    for (last = now_ms() + LAST_MS; is_anything_owed() && now_ms() < last;)
        turn_all();
    /* Whatever else comes was not asked for. */
    turn_all();
    printf("%lu asked, %lu answered, %lu wrong, %lu closed\n", asked, answered, wrong, closed);
    return asked != answered || wrong > 0 || closed > 0;
}
