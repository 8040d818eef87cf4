/* SPDX-License-Identifier: MIT */
/*
 * A client that says exactly what it is told to, for the tests.
 *
 * It connects, sends the questions one after the other, each in its frame, and prints a line for
 * what comes back: the type and length of each answer, then `end` when the other side closes or
 * `nothing` when it has said nothing for the timeout. The exit status is 0 when every question was
 * answered.
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
#include <sys/wait.h>
#include <unistd.h>

static const char usage[] =
    "usage: ask [-bhkpsw] [-n CLIENTS] [-t SECONDS] SOCKET QUESTION...\n"
    "  -b  write byte by byte            -h  shut down the writing side after the last question\n"
    "  -k  read on until the other end   -p  send all questions before reading an answer\n"
    "  -s  seqpacket: send each question as a packet, print the replies\n"
    "  -w  only write: never read an answer, and stay\n"
    "  -n  that many clients, all connected before the first of them asks\n"
    "questions: list sign add lock remove-all extension:NAME type:NUMBER\n"
    "  frame:TYPE:LENGTH (of noise) hex:BODY (framed), raw:HEX, text:PACKET, noise:LENGTH";

static bool byte_by_byte, half_close, read_on, pipelined, packets, only_writes;
static int clients = 1;
static int timeout_ms = 20000;

struct question {
    unsigned char *bytes;
    size_t length;
};

static struct question framed(const void *body, size_t length)
{
    struct question q = {.bytes = malloc(4 + length), .length = 4 + length};

    if (q.bytes == NULL)
        err(1, "malloc");
    for (int i = 0; i < 4; i++)
        q.bytes[i] = (unsigned char)(length >> (24 - 8 * i));
    memcpy(q.bytes + 4, body, length);
    return q;
}

static struct question plain(const void *bytes, size_t length)
{
    struct question q = framed(bytes, length);

    q.length = length;
    memmove(q.bytes, q.bytes + 4, length);
    return q;
}

static struct question from_hex(const char *hex,
                                struct question (*make)(const void *bytes, size_t length))
{
    size_t length = strlen(hex) / 2;
    unsigned char *bytes = malloc(length + 1);
    struct question q;

    if (bytes == NULL)
        err(1, "malloc");
    for (size_t i = 0; i < length; i++) {
        unsigned byte;

        if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
            errx(64, "%s: not hexadecimal", hex);
        bytes[i] = (unsigned char)byte;
    }
    q = make(bytes, length);
    free(bytes);
    return q;
}

/* The same noise each time, so that a failure can be repeated. */
static struct question noise(size_t length)
{
    struct question q = {.bytes = malloc(length + 1), .length = length};
    uint32_t state = 2463534242u;

    if (q.bytes == NULL)
        err(1, "malloc");
    for (size_t i = 0; i < length; i++) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        q.bytes[i] = (unsigned char)state;
    }
    return q;
}

static struct question noise_framed(const char *type_and_length)
{
    const char *length = strchr(type_and_length, ':');
    struct question bytes, q;

    if (length == NULL || atol(length + 1) < 1)
        errx(64, "%s: not a type and a length", type_and_length);
    bytes = noise((size_t)atol(length + 1));
    bytes.bytes[0] = (unsigned char)atoi(type_and_length);
    q = framed(bytes.bytes, bytes.length);
    free(bytes.bytes);
    return q;
}

static struct question extension(const char *extension_name)
{
    unsigned char body[256] = {27};
    size_t length = strlen(extension_name);

    if (length > sizeof(body) - 5)
        errx(64, "%s: too long", extension_name);
    body[4] = (unsigned char)length;
    memcpy(body + 5, extension_name, length);
    return framed(body, 5 + length);
}

static bool has_prefix(const char **text, const char *prefix)
{
    if (strncmp(*text, prefix, strlen(prefix)) != 0)
        return false;
    *text += strlen(prefix);
    return true;
}

static struct question question_parse(const char *text)
{
    static const struct {
        const char *name, *body;
    } known[] = {
        {"list", "0b"},
        {"sign", "0d000000000000000000000000"},
        {"add", "1100000000"},
        {"lock", "1600000000"},
        {"remove-all", "13"},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(text, known[i].name) == 0)
            return from_hex(known[i].body, framed);
    if (has_prefix(&text, "extension:"))
        return extension(text);
    if (has_prefix(&text, "type:"))
        return framed(&(unsigned char){(unsigned char)atoi(text)}, 1);
    if (has_prefix(&text, "frame:"))
        return noise_framed(text);
    if (has_prefix(&text, "hex:"))
        return from_hex(text, framed);
    if (has_prefix(&text, "raw:"))
        return from_hex(text, plain);
    if (has_prefix(&text, "text:"))
        return plain(text, strlen(text));
    if (has_prefix(&text, "noise:"))
        return noise((size_t)atol(text));
    errx(64, "%s: no such question", text);
}

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, packets ? SOCK_SEQPACKET : SOCK_STREAM, 0);

    if (fd < 0)
        err(1, "socket");
    if (strlen(path) >= sizeof(address.sun_path))
        errx(1, "%s: too long for a socket", path);
    strcpy(address.sun_path, path);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        err(1, "%s", path);
    return fd;
}

/* A refused write is no failure here: what matters is what the other side says. */
static void put(int fd, const struct question *q)
{
    size_t at = 0;

    /* An empty packet is one too. */
    do {
        ssize_t n = send(fd, q->bytes + at, byte_by_byte ? 1 : q->length - at, MSG_NOSIGNAL);

        if (n < 0) {
            printf("unsent: %s\n", strerror(errno));
            return;
        }
        at += (size_t)n;
        if (byte_by_byte)
            usleep(1000);
    } while (at < q->length);
}

/* Returns 1, or 0 at the end or the timeout, having said which. */
static int get(int fd, void *bytes, size_t length)
{
    for (char *at = bytes; length > 0;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        ssize_t n = poll(&p, 1, timeout_ms) == 1 ? read(fd, at, length) : -2;

        if (n <= 0) {
            puts(n == -2 ? "nothing" : n == 0 ? "end" : strerror(errno));
            return 0;
        }
        at += n;
        length -= (size_t)n;
    }
    return 1;
}

static int get_answer(int fd)
{
    static unsigned char body[262144];
    unsigned char b[4];
    uint32_t length;

    if (!get(fd, b, sizeof(b)))
        return 0;
    length = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    if (length == 0 || length > sizeof(body)) {
        printf("frame of %u\n", (unsigned)length);
        return 0;
    }
    if (!get(fd, body, length))
        return 0;
    printf("%d %u\n", body[0], (unsigned)length);
    return 1;
}

static int get_packet(int fd)
{
    static char packet[65536];
    struct pollfd p = {.fd = fd, .events = POLLIN};
    ssize_t n = poll(&p, 1, timeout_ms) == 1 ? read(fd, packet, sizeof(packet)) : -2;

    if (n <= 0) {
        puts(n == -2 ? "nothing" : n == 0 ? "end" : strerror(errno));
        return 0;
    }
    printf("%.*s\n", (int)n, packet);
    return 1;
}

static bool converse(int fd, const struct question *questions, int count)
{
    int (*get_one)(int) = packets ? get_packet : get_answer;
    int answered = 0;

    for (int i = 0; i < count; i++) {
        put(fd, &questions[i]);
        if (i == count - 1 && half_close)
            shutdown(fd, SHUT_WR);
        if (!pipelined && get_one(fd) == 0)
            return false;
        answered += !pipelined;
    }
    while (only_writes)
        pause();
    while (answered < count && get_one(fd))
        answered++;
    while (read_on && get_one(fd))
        ;
    return answered == count;
}

/* One of many: says that it is connected, waits for the word, asks, all in silence. */
static void be_one_of_many(const char *path, const struct question *questions, int count,
                           int ready, int go)
{
    int fd = connect_to(path);
    char byte = 0;

    if (freopen("/dev/null", "w", stdout) == NULL || write(ready, &byte, 1) != 1 ||
        read(go, &byte, 1) != 0)
        _exit(1);
    _exit(!converse(fd, questions, count));
}

static int ask_many(const char *path, const struct question *questions, int count)
{
    int ready[2], go[2], status, connected = 0, answered = 0;
    char byte;

    if (pipe(ready) < 0 || pipe(go) < 0)
        err(1, "pipe");
    for (int i = 0; i < clients; i++)
        if (fork() == 0) {
            close(go[1]);
            be_one_of_many(path, questions, count, ready[1], go[0]);
        }
    close(ready[1]);
    while (connected < clients && read(ready[0], &byte, 1) == 1)
        connected++;
    close(go[1]);
    while (wait(&status) > 0)
        answered += status == 0;
    printf("%d of %d answered\n", answered, clients);
    return answered != clients;
}

static int parse_options(int argc, char **argv)
{
    int option;

    while ((option = getopt(argc, argv, "bhkpswn:t:")) != -1)
        switch (option) {
        case 'b':
            byte_by_byte = true;
            break;
        case 'h':
            half_close = true;
            break;
        case 'k':
            read_on = true;
            break;
        case 'p':
            pipelined = true;
            break;
        case 's':
            packets = true;
            break;
        case 'w':
            pipelined = only_writes = true;
            break;
        case 'n':
            clients = atoi(optarg);
            break;
        case 't':
            timeout_ms = (int)(atof(optarg) * 1000);
            break;
        default:
            errx(64, "%s", usage);
        }
    return optind;
}

int main(int argc, char **argv)
{
    int first = parse_options(argc, argv);
    int count = argc - first - 1;
    static struct question *questions; /* static: no leak to a sanitizer */

    if (count < 0)
        errx(64, "%s", usage);
    questions = calloc((size_t)count + 1, sizeof(*questions));
    if (questions == NULL)
        err(1, "calloc");
    for (int i = 0; i < count; i++)
        questions[i] = question_parse(argv[first + 1 + i]);

    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (clients > 1)
        return ask_many(argv[first], questions, count);
    return !converse(connect_to(argv[first]), questions, count);
}
