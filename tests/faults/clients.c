/* SPDX-License-Identifier: MIT */
/* Clients of the agent socket and of the control socket. A socket that is missing or refuses is
 * tried again while patience lasts: it may be about to be made again. */
#include "config.h"

#include "tests/faults/stage.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define AGAIN_SECONDS 0.005
#define LARGE 24000 /* more than is read at once */
#define FRAME_MAX 65536

static int try_open(const struct stage *stage, const char *name, int type)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%.90s/d/%s", stage->dir, name);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    close(fd);
    return -1;
}

static int open_until(struct stage *stage, const char *name, int type)
{
    double until = monotonic_now() + stage->patience;
    int fd;

    while ((fd = try_open(stage, name, type)) < 0 && monotonic_now() < until &&
           !stage_wait_end(stage, 0))
        stage_sleep(stage, AGAIN_SECONDS);
    return fd;
}

int client_open(struct stage *stage)
{
    return open_until(stage, "agent.sock", SOCK_STREAM);
}

static size_t put_u32(uint8_t *out, size_t n)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(n >> (24 - 8 * i));
    return 4;
}

static size_t put_string(uint8_t *out, const char *text)
{
    size_t n = strlen(text);

    put_u32(out, n);
    memcpy(out + 4, text, n);
    return 4 + n;
}

/* As much of each as an agent or a relay looks at. */
static size_t make_question(uint8_t *out, int type)
{
    size_t n = 5;

    out[4] = (uint8_t)type;
    if (type == ASK_BIND) {
        n += put_string(out + n, "session-bind@openssh.com");
        for (int i = 0; i < 3; i++)
            n += put_string(out + n, "key");
        out[n++] = 0;
    } else if (type == ASK_ADD) {
        memset(out + n, 0, LARGE);
        n += LARGE;
    } else if (type == ASK_SIGN) {
        n += put_string(out + n, "key") + put_string(out + n, "key");
    }
    put_u32(out, n - 4);
    return n;
}

void client_say(struct stage *stage, int fd, int type)
{
    static uint8_t question[FRAME_MAX];
    size_t n = make_question(question, type), done = 0;
    double until = monotonic_now() + stage->patience;

    while (fd >= 0 && done < n) {
        ssize_t sent = send(fd, question + done, n - done, MSG_NOSIGNAL);

        if (sent > 0)
            done += (size_t)sent;
        else if (errno != EAGAIN || !inject_wait(&stage->inject, fd, POLLOUT, until))
            return;
    }
}

static void keep(struct answer *answer, const char *bytes, size_t n)
{
    size_t room = sizeof(answer->bytes) - answer->size;

    memcpy(answer->bytes + answer->size, bytes, n < room ? n : room);
    answer->size += n < room ? n : room;
}

static bool is_whole(const struct answer *answer)
{
    const uint8_t *b = (const uint8_t *)answer->bytes;

    return answer->size >= 5 && answer->size >= 4U + ((size_t)b[2] << 8 | b[3]);
}

/* Reads one answer and not a byte more: all are short. */
struct answer client_hear(struct stage *stage, int fd)
{
    struct answer answer = {.heard = fd < 0 ? HEARD_END : HEARD_NOTHING};
    double until = monotonic_now() + stage->patience;

    while (answer.heard == HEARD_NOTHING) {
        const uint8_t *b = (const uint8_t *)answer.bytes;
        size_t wanted = answer.size < 4 ? 4 - answer.size
                                        : 4U + ((size_t)b[2] << 8 | b[3]) - answer.size;
        char bytes[1024];
        ssize_t n = recv(fd, bytes, wanted < sizeof(bytes) ? wanted : sizeof(bytes), 0);

        if (n > 0)
            keep(&answer, bytes, (size_t)n);
        if (is_whole(&answer))
            answer.heard = HEARD_ANSWER;
        else if (n == 0 || (n < 0 && errno != EAGAIN))
            answer.heard = HEARD_END;
        else if (n < 0 && !inject_wait(&stage->inject, fd, POLLIN, until))
            break;
    }
    answer.type = answer.heard == HEARD_ANSWER ? (uint8_t)answer.bytes[4] : 0;
    return answer;
}

struct answer client_ask(struct stage *stage, int type)
{
    int fd = client_open(stage);
    struct answer answer;

    client_say(stage, fd, type);
    answer = client_hear(stage, fd);
    if (fd >= 0)
        close(fd);
    return answer;
}

bool answer_is(const struct answer *answer, int type, const char *name)
{
    return answer->heard == HEARD_ANSWER && answer->type == type &&
           (name[0] == '\0' || memmem(answer->bytes, answer->size, name, strlen(name)) != NULL);
}

int control_open(struct stage *stage, const char *request)
{
    int fd = open_until(stage, "control.sock", SOCK_SEQPACKET);

    if (fd >= 0)
        send(fd, request, strlen(request), MSG_NOSIGNAL);
    return fd;
}

static bool starts_with(const char *text, const char *word)
{
    size_t n = strlen(word);

    return strncmp(text, word, n) == 0 && (text[n] == '\n' || text[n] == '\0');
}

struct reply control_hear(struct stage *stage, int fd)
{
    struct reply reply = {.heard = fd < 0 ? HEARD_END : HEARD_NOTHING};
    double until = monotonic_now() + stage->patience;
    size_t have = 0;

    while (reply.heard == HEARD_NOTHING) {
        char *packet = reply.text + have;
        ssize_t n = recv(fd, packet, sizeof(reply.text) - 1 - have, 0);

        if (n == 0 || (n < 0 && errno != EAGAIN))
            reply.heard = HEARD_END;
        else if (n < 0 && !inject_wait(&stage->inject, fd, POLLIN, until))
            break;
        if (n <= 0)
            continue;
        have += (size_t)n;
        reply.text[have] = '\0';
        reply.is_ok = starts_with(packet, "ok");
        if (reply.is_ok || starts_with(packet, "error"))
            reply.heard = HEARD_ANSWER;
    }
    return reply;
}

struct reply control_ask(struct stage *stage, const char *format, ...)
{
    char request[512];
    struct reply reply;
    va_list ap;
    int fd;

    va_start(ap, format);
    vsnprintf(request, sizeof(request), format, ap);
    va_end(ap);
    fd = control_open(stage, request);
    reply = control_hear(stage, fd);
    if (fd >= 0)
        close(fd);
    return reply;
}
