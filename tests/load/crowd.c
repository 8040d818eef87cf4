/* SPDX-License-Identifier: MIT */
/*
 * Clients of the relay, by the thousand, in one process. Each asks, and holds each answer against
 * its question: the one that is due, of the fitting type, with its own number, client and noise, and
 * all signatures of one connection by one login.
 *
 * It says `asking` once each has had an answer, and at the end, which is when all sessions are over or
 * at SIGTERM, one line of counts. What is wrong is told of as it is seen. The exit status is 0 when
 * nothing was wrong or late.
 */
#include "config.h"

#include "tests/load/wire.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>

static const char usage[] =
    "usage: crowd [OPTION...] KIND SOCKET\n"
    "kinds: list sign    ask for that, one question after the other\n"
    "       both         in turn for one and the other\n"
    "       odd          in turn for a listing and for what no agent knows\n"
    "       any          at random: short and long, in twos and threes, large, slow; some vanish\n"
    "       slow         as both, a byte at a time\n"
    "       deaf         ask and ask, and never read\n"
    "       mute         never ask\n"
    "  -n  clients at once (1)             -s  sessions in all (as many as clients)\n"
    "  -q  questions of a session (2; 0: on and on)\n"
    "  -e  milliseconds between the questions of a client (0), or between the bytes of a slow one\n"
    "  -b  seconds that an answer may take; one that takes longer is late\n"
    "  -f  an end of the connection is no failure: go on with another\n"
    "  -j  threads that connect at the start (1)\n"
    "  -l  the ledger that numbers come from      -S  the seed of what is done at random\n"
    "  -w  each client stays when it has asked all";

enum { OWED_MAX = 4, EVENTS = 512, FAST_US = 1 << 14, SLOTS = FAST_US + 4096, GONE_US = 20000, SAY_US = 50000 };

/* A question that was sent and not answered. */
struct owed {
    unsigned type;
    uint64_t number; /* of a signature */
    size_t noise;
    int64_t since;
};

struct client {
    int fd;           /* -1: none */
    uint32_t index;
    bool is_given_up; /* there are no more sessions for it */
    bool has_begun;   /* it has had an answer */
    unsigned turn;    /* questions that it has asked */
    long left;        /* questions that it is still to ask in this session */
    unsigned at_once; /* so many may be owed */
    unsigned login;   /* that has signed in this session; 0: none yet */
    bool vanishes, shuts_down, is_slow;
    bool is_refused; /* it goes, and tries again */
    bool is_armed_to_write;
    int64_t next;     /* when it may write again, or connect */
    struct owed owed[OWED_MAX];
    unsigned owes;
    size_t out_at, out_size, in_size;
    unsigned char out[QUESTION_MAX], in[ANSWER_MAX];
};

static enum { BOTH, LISTS, SIGNS, ODD, ANY, SLOW, DEAF, MUTE } kind;
static const char *const kinds[] = {"both", "list", "sign", "odd", "any", "slow", "deaf", "mute"};
static struct client *all;
static int n_clients = 1, n_threads = 1, epoll;
static long sessions, questions = 2, pause_ms, bound_s;
static bool ends_are_fine; /* -f */
static bool stays;         /* -w */
static uint32_t seed = 1;
static const char *path;
static struct ledger *ledger, own_ledger;
static long living;
static int begun;
static unsigned long asked, answered, failed, wrong, lost, closed, late, refused;
static unsigned slots[SLOTS]; /* answers by how long they took: to 16 ms in us, then in 4 ms */
static int64_t worst;
static volatile sig_atomic_t is_told;

static uint32_t at_random(uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed % below;
}

static void complain(const struct client *c, const char *what)
{
    wrong++;
    printf("client %u, question %u of its session: %s\n", c->index, c->turn, what);
}

static int64_t median(void)
{
    unsigned long below = 0;
    int slot = 0;

    while (slot < SLOTS - 1 && (below += slots[slot]) * 2 < answered + failed)
        slot++;
    return slot < FAST_US ? slot : FAST_US + (int64_t)(slot - FAST_US) * 4000;
}

static void note_time(int64_t us)
{
    int64_t slot = us < FAST_US ? us : FAST_US + (us - FAST_US) / 4000;

    slots[slot < SLOTS ? slot : SLOTS - 1]++;
    if (us > worst)
        worst = us;
}

/* --- a session */

static void arm(struct client *c, bool writes, int operation)
{
    struct epoll_event event = {.events = (kind == DEAF ? 0 : EPOLLIN) | (writes ? EPOLLOUT : 0),
                                .data.ptr = c};

    if (operation == EPOLL_CTL_MOD && writes == c->is_armed_to_write)
        return;
    c->is_armed_to_write = writes;
    if (epoll_ctl(epoll, operation, c->fd, &event) < 0)
        err(1, "epoll_ctl");
}

static void draw(struct client *c)
{
    c->left = questions == 0 || kind == DEAF ? -1 : questions;
    c->at_once = 1;
    c->is_slow = kind == SLOW;
    if (kind != ANY)
        return;
    c->left = 1 + (long)at_random(at_random(8) == 0 ? 200 : 6);
    c->at_once = 1 + at_random(OWED_MAX);
    c->is_slow = at_random(50) == 0;
    c->vanishes = at_random(20) == 0;
    c->shuts_down = at_random(4) == 0;
}

/* Connects, and waits for room where the backlog is full, as any client does. */
static int dial(void)
{
    struct sockaddr_un address;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    if (fd < 0)
        err(1, "socket");
    address_of(&address, path);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    close(fd);
    return -1;
}

static void settle(struct client *c, int fd)
{
    if (fd < 0) {
        refused++;
        if (!ends_are_fine)
            err(1, "%s", path);
        c->next = now_us() + GONE_US;
        return;
    }
    c->fd = fd;
    draw(c);
    arm(c, true, EPOLL_CTL_ADD);
}

static void begin(struct client *c)
{
    *c = (struct client){.fd = -1, .index = c->index, .has_begun = c->has_begun};
    settle(c, dial());
}

/* The next session of the client, if there is to be one. */
static void leave(struct client *c)
{
    close(c->fd);
    c->fd = -1;
    lost += c->owes;
    c->owes = 0;
    if (sessions > 0 && !is_told) {
        sessions--;
        begin(c);
    } else {
        c->is_given_up = true;
        living--;
    }
}

/* The relay has closed. To ask again is all that a client can do. */
static void lose(struct client *c)
{
    closed++;
    sessions += ends_are_fine;
    leave(c);
}

/* --- questions */

static void make_plain(struct client *c, struct owed *owed, unsigned type)
{
    static const unsigned char list[] = {0, 0, 0, 1, LIST};
    static const unsigned char unknown[] = {0, 0, 0, 17, EXTENSION, 0, 0, 0, 12, 'n', 'o',
                                            'n', 'e', '@', 't', 'h', 'e', 'r', 'e', '.', '.'};

    *owed = (struct owed){.type = type};
    c->out_size = type == LIST ? sizeof(list) : sizeof(unknown);
    memcpy(c->out, type == LIST ? list : unknown, c->out_size);
}

static void make_sign(struct client *c, struct owed *owed)
{
    size_t noise = kind == DEAF                        ? NOISE_MAX
                   : kind != ANY                       ? 0
                   : at_random(10) == 0 ? at_random(NOISE_MAX)
                                        : at_random(64);
    size_t data = DATA_MIN + noise;
    unsigned char *out = c->out;

    *owed = (struct owed){.type = SIGN, .number = ledger_next(ledger), .noise = noise};
    c->out_size = QUESTION_HEAD + data + 4;
    put_number(out, c->out_size - 4, 4);
    out[4] = SIGN;
    put_number(out + 5, 4, 4);
    memcpy(out + 9, "load", 4);
    put_number(out + 13, data, 4);
    put_data(out + QUESTION_HEAD, c->index, owed->number, noise);
    put_number(out + QUESTION_HEAD + data, 0, 4);
}

static unsigned next_type(const struct client *c)
{
    if (kind == ANY)
        return at_random(3) > 0 ? SIGN : LIST;
    if (kind == SIGNS || kind == DEAF)
        return SIGN;
    if (kind == LISTS || c->turn % 2 == 0)
        return LIST;
    return kind == ODD ? EXTENSION : SIGN;
}

static void make_question(struct client *c)
{
    struct owed *owed = &c->owed[c->owes % OWED_MAX];

    unsigned type = next_type(c);

    c->out_at = 0;
    if (type == SIGN)
        make_sign(c, owed);
    else
        make_plain(c, owed, type);
    owed->since = now_us();
    c->turn++;
    if (kind != DEAF)
        c->owes++;
    if (c->left > 0)
        c->left--;
    asked++;
}

static bool may_ask(const struct client *c)
{
    return kind != MUTE && !is_told && c->left != 0 && c->owes < c->at_once && now_us() >= c->next;
}

/* Writes what there is to write. Returns false when the other end has gone. */
static bool write_some(struct client *c)
{
    size_t size = c->is_slow && c->out_size - c->out_at > 1 ? 1 : c->out_size - c->out_at;
    ssize_t n;

    if (size == 0 || now_us() < c->next)
        return true;
    n = send(c->fd, c->out + c->out_at, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0)
        return errno == EAGAIN;
    c->out_at += (size_t)n;
    /* The clock of an answer starts with the whole question. */
    if (c->is_slow && c->owes > 0)
        c->owed[c->owes - 1].since = now_us();
    if (c->is_slow || c->out_at == c->out_size)
        c->next = pause_ms == 0 ? 0 : now_us() + pause_ms * 1000;
    return true;
}

static bool is_written(const struct client *c)
{
    return c->out_at == c->out_size;
}

/* --- answers */

static bool check_sign(struct client *c, const struct owed *owed, size_t size)
{
    unsigned char data[DATA_MIN + NOISE_MAX];
    size_t wanted = DATA_MIN + owed->noise;
    unsigned login;

    put_data(data, c->index, owed->number, owed->noise);
    if (size != 13 + wanted || memcmp(c->in + 13, data, wanted) != 0) {
        complain(c, "the answer is to another question, or was changed");
        return false;
    }
    login = (unsigned)get_number(c->in + 9, 4);
    if (c->login != 0 && c->login != login)
        complain(c, "another login answers in the same session");
    c->login = login;
    return true;
}

/* Says since when and when, for whoever knows at which times there is nobody to ask. */
static void note_failure(struct client *c, int64_t since)
{
    static int64_t said;
    int64_t now = now_us();

    failed++;
    c->is_refused = ends_are_fine;
    if (now - said < SAY_US)
        return;
    said = now;
    printf("refused between %.6f and %.6f\n", (double)since / 1e6, (double)now / 1e6);
}

static bool fits(unsigned question, unsigned answer)
{
    return question == LIST   ? answer == LIST_ANSWER
           : question == SIGN ? answer == SIGN_ANSWER
                              : answer == FAILURE || answer == EXTENSION_FAILURE;
}

static void check_answer(struct client *c, size_t size)
{
    const struct owed owed = c->owed[0];
    int64_t took = now_us() - owed.since;

    if (c->owes == 0) {
        complain(c, "an answer that was not asked for");
        return;
    }
    c->owes--;
    memmove(c->owed, c->owed + 1, c->owes * sizeof(c->owed[0]));
    note_time(took);
    if (c->in[4] == FAILURE && owed.type != EXTENSION) {
        note_failure(c, owed.since);
        return;
    }
    answered++;
    if (!fits(owed.type, c->in[4]))
        complain(c, "the answer is of another type");
    else if (owed.type == SIGN)
        check_sign(c, &owed, size);
    if (!c->has_begun) {
        c->has_begun = true;
        begun++;
    }
}

/* Returns false when a frame is none. */
static bool check_answers(struct client *c)
{
    while (c->in_size >= 5) {
        size_t size = 4 + (size_t)get_number(c->in, 4);

        if (size > ANSWER_MAX || size < 5) {
            complain(c, "the answer is no frame");
            return false;
        }
        if (c->in_size < size)
            return true;
        check_answer(c, size);
        c->in_size -= size;
        memmove(c->in, c->in + size, c->in_size);
    }
    return true;
}

static bool hear(struct client *c)
{
    ssize_t n = recv(c->fd, c->in + c->in_size, sizeof(c->in) - c->in_size, MSG_DONTWAIT);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    c->in_size += (size_t)n;
    return n > 0 && check_answers(c) && !c->is_refused;
}

/* --- the loop */

/* One step: asks, and goes when it has all its answers. */
static void step(struct client *c)
{
    if (is_written(c) && may_ask(c))
        make_question(c);
    if (!write_some(c)) {
        lose(c);
        return;
    }
    if (is_written(c) && c->vanishes && c->left == 0) {
        c->owes = 0;
        leave(c);
        return;
    }
    if (is_written(c) && c->left == 0 && c->shuts_down) {
        shutdown(c->fd, SHUT_WR);
        c->shuts_down = false;
    }
    if (c->left == 0 && c->owes == 0 && is_written(c) && !stays) {
        leave(c);
        return;
    }
    arm(c, (!is_written(c) || may_ask(c)) && now_us() >= c->next, EPOLL_CTL_MOD);
}

static void serve(struct client *c, uint32_t events)
{
    if (c->fd < 0)
        return;
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && kind != DEAF && !hear(c))
        lose(c);
    else if (kind == DEAF && (events & (EPOLLHUP | EPOLLERR)) != 0)
        lose(c);
    else
        step(c);
}

static void check_lateness(struct client *c, int64_t now)
{
    if (bound_s == 0 || c->owes == 0 || now - c->owed[0].since < bound_s * 1000000)
        return;
    late++;
    printf("client %u: question %u of its session, asked at %.3f, has no answer after %ld s\n", c->index,
           c->turn - c->owes + 1, (double)c->owed[0].since / 1e6, bound_s);
    c->owes = 0;
    leave(c);
}

/* Those whose time has come, and those who wait in vain. */
static void look_at_all(void)
{
    int64_t now = now_us();

    for (int i = 0; i < n_clients; i++) {
        struct client *c = &all[i];

        if (c->fd >= 0 && pause_ms > 0 && now >= c->next)
            step(c);
        if (c->fd >= 0)
            check_lateness(c, now);
        if (c->fd < 0 && !c->is_given_up && now >= c->next && !is_told)
            settle(c, dial());
        else if (c->fd < 0 && !c->is_given_up && is_told) {
            c->is_given_up = true;
            living--;
        }
    }
}

static void *connect_share(void *first)
{
    for (int i = *(int *)first; i < n_clients; i += n_threads)
        all[i].fd = dial();
    return NULL;
}

static void connect_all(void)
{
    pthread_t *threads = calloc((size_t)n_threads, sizeof(*threads));
    int *firsts = calloc((size_t)n_threads, sizeof(*firsts));

    for (int i = 0; i < n_threads; i++) {
        firsts[i] = i;
        if (pthread_create(&threads[i], NULL, connect_share, &firsts[i]) != 0)
            errx(1, "no more threads");
    }
    for (int i = 0; i < n_threads; i++)
        pthread_join(threads[i], NULL);
    free(threads);
    free(firsts);
    for (int i = 0; i < n_clients; i++) {
        int fd = all[i].fd;

        all[i].fd = -1;
        settle(&all[i], fd);
    }
    living = n_clients;
}

static bool is_anything_owed(void)
{
    for (int i = 0; i < n_clients; i++)
        if (all[i].fd >= 0 && (all[i].owes > 0 || !is_written(&all[i])))
            return true;
    return false;
}

static void turn(void)
{
    static struct epoll_event events[EVENTS];
    static int64_t looked;
    int n = epoll_wait(epoll, events, EVENTS, pause_ms > 0 ? 1 : 20);

    for (int i = 0; i < n; i++)
        serve(events[i].data.ptr, events[i].events);
    if (now_us() - looked < (pause_ms > 0 ? 1000 : 20000))
        return;
    looked = now_us();
    look_at_all();
}

static void run(void)
{
    bool is_said = false;
    int64_t last;

    for (int i = 0; i < n_clients; i++)
        if (all[i].fd >= 0)
            step(&all[i]);
    while (!is_told && living > 0) {
        turn();
        if (!is_said && (begun == n_clients || kind == DEAF || kind == MUTE)) {
            puts("asking");
            is_said = true;
        }
    }
    /* What is owed is waited for, unless nobody reads. */
    for (last = now_us() + (bound_s > 0 ? bound_s : 20) * 1000000;
         kind != DEAF && kind != MUTE && is_anything_owed() && now_us() < last;)
        turn();
    for (int i = 0; i < n_clients; i++)
        lost += kind == MUTE || kind == DEAF ? 0 : all[i].owes;
}

static void on_signal(int number)
{
    (void)number;
    is_told = 1;
}

static int parse_options(int argc, char **argv)
{
    int option;

    while ((option = getopt(argc, argv, "b:e:fj:l:n:q:s:S:w")) != -1)
        switch (option) {
        case 'b':
            bound_s = atol(optarg);
            break;
        case 'e':
            pause_ms = atol(optarg);
            break;
        case 'f':
            ends_are_fine = true;
            break;
        case 'j':
            n_threads = atoi(optarg);
            break;
        case 'l':
            ledger = ledger_open(optarg);
            break;
        case 'n':
            n_clients = atoi(optarg);
            break;
        case 'q':
            questions = atol(optarg);
            break;
        case 's':
            sessions = atol(optarg);
            break;
        case 'S':
            seed = (uint32_t)atol(optarg) * 2654435761u | 1;
            break;
        case 'w':
            stays = true;
            break;
        default:
            errx(64, "%s", usage);
        }
    return optind;
}

int main(int argc, char **argv)
{
    int first = parse_options(argc, argv);

    if (argc - first != 2 || n_clients < 1 || n_threads < 1)
        errx(64, "%s", usage);
    for (kind = BOTH; strcmp(kinds[kind], argv[first]) != 0; kind++)
        if (kind == MUTE)
            errx(64, "%s: no such kind", argv[first]);
    path = argv[first + 1];
    if (ledger == NULL)
        ledger = &own_ledger;
    sessions = sessions > n_clients ? sessions - n_clients : 0;
    all = calloc((size_t)n_clients, sizeof(*all));
    epoll = epoll_create1(0);
    if (all == NULL || epoll < 0)
        err(1, "start");
    for (int i = 0; i < n_clients; i++)
        all[i].index = (uint32_t)i;

    signal(SIGTERM, on_signal);
    setvbuf(stdout, NULL, _IOLBF, 0);
    connect_all();
    run();
    printf("%lu asked, %lu answered, %lu failed, %lu wrong, %lu lost, %lu closed, %lu late, "
           "%lu refused; median %lld us, worst %lld us\n",
           asked, answered, failed, wrong, lost, closed, late, refused, (long long)median(),
           (long long)worst);
    return wrong > 0 || late > 0 || (!ends_are_fine && (failed > 0 || lost > 0));
}
