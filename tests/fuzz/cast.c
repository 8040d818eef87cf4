/* SPDX-License-Identifier: MIT */
/* The cast around the sessions. */
#include "config.h"

#include "tests/fuzz/cast.h"

#include "relayd/session/relay.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/kernel.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

struct cast cast;

void cast_begin(void)
{
    cast.is_lacking = cast.is_renewed = false;
    cast.n_questions = cast.n_conns = 0;
    memset(cast.ping, 0, sizeof(cast.ping));
    for (int a = 0; a < CAST_AGENTS; a++)
        cast.modes[a] = CAST_ANSWERS_ALL;
    for (int c = 0; c < CAST_CLIENTS; c++)
        cast.clients[c].fd = -1;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* --- questions */

static size_t put_string(uint8_t *out, size_t at, const char *text, size_t n)
{
    out[at] = out[at + 1] = 0;
    out[at + 2] = (uint8_t)(n >> 8);
    out[at + 3] = (uint8_t)n;
    memcpy(out + at + 4, text, n);
    return at + 4 + n;
}

static size_t make_bind(uint8_t *out, uint8_t id, bool is_forwarding)
{
    static const char name[] = "session-bind@openssh.com";
    size_t at = put_string(out, AGENT_HEADER, name, strlen(name));

    at = put_string(out, at, (const char *)&id, 1);
    at = put_string(out, at, "", 0);
    at = put_string(out, at, "", 0);
    out[at] = is_forwarding;
    return at + 1;
}

static size_t make_extension(uint8_t *out, uint8_t id, const char *name)
{
    size_t at = put_string(out, AGENT_HEADER, name, strlen(name));

    out[at] = id;
    return at + 1;
}

static size_t make_plain(uint8_t *out, uint8_t id, size_t size)
{
    for (size_t i = AGENT_HEADER; i < size; i++)
        out[i] = (uint8_t)(id + i / 3);
    return size;
}

static size_t make_ping(struct cast_question *q, uint8_t id, bool is_own)
{
    static const uint8_t other[AGENT_INSTANCE] = "another relayd";

    agent_ping_make(q->bytes, other, id);
    q->is_own_ping = is_own && cast.ping[3] != 0 && !cast.is_raw;
    if (q->is_own_ping)
        memcpy(q->bytes, cast.ping, AGENT_PING_SIZE);
    return AGENT_PING_SIZE;
}

static size_t make_body(struct cast_question *q, uint8_t id, unsigned what)
{
    switch (what) {
    case 4: return make_bind(q->bytes, id, false);
    case 5: return make_bind(q->bytes, id, true);
    case 6: return make_extension(q->bytes, id, "query");
    case 7: return make_ping(q, id, false);
    case 8: return make_ping(q, id, true);
    case 9: return make_extension(q->bytes, id, "other@example.org");
    case 10: return make_plain(q->bytes, id, CAST_QUESTION_MAX);
    case 11: return make_plain(q->bytes, id, CAST_QUESTION_MAX);
    case 13: return make_plain(q->bytes, id, 4096);
    default: return make_plain(q->bytes, id, 8);
    }
}

static void make_question(struct cast_question *q, uint8_t id, unsigned what)
{
    static const uint8_t types[16] = {11, 13, 19, 11, 27, 27, 27, 27, 27, 27, 17, 11, 99, 11, 0, 22};

    q->is_own_ping = q->is_failed = q->must_fail = false;
    q->conn = -1;
    q->agents = 0;
    q->size = make_body(q, id, what);
    q->bytes[0] = q->bytes[1] = 0;
    q->bytes[2] = (uint8_t)((q->size - 4) >> 8);
    q->bytes[3] = (uint8_t)(q->size - 4);
    q->bytes[4] = types[what];
    q->is_bad = what == 14 && !cast.is_raw;
    if (q->is_bad)
        q->bytes[2] = q->bytes[3] = 0;
    q->kind = q->is_bad ? AGENT_KIND_OTHER : agent_kind(q->bytes, q->size);
    q->is_refused = cast.is_read_only && !cast.is_raw && !agent_kind_is_safe(q->kind) &&
                    q->kind != AGENT_KIND_SIGN;
}

/* --- clients */

void cast_come(int c, int fd)
{
    struct cast_client *client = &cast.clients[c];

    /* Whoever was there before is another. */
    for (int i = 0; i < cast.n_questions; i++)
        cast.questions[i].client = cast.questions[i].client == c ? -1 : cast.questions[i].client;
    for (int i = 0; i < cast.n_conns; i++)
        cast.conns[i].client = cast.conns[i].client == c ? -1 : cast.conns[i].client;
    memset(client, 0, offsetof(struct cast_client, in));
    client->fd = fd;
    client->chosen = client->committed = -1;
}

void cast_check_rest(void)
{
    for (int i = 0; i < cast.n_conns; i++) {
        const struct cast_conn *conn = &cast.conns[i];
        int chosen = conn->client < 0 ? -1 : cast.clients[conn->client].chosen;

        if (conn->fd >= 0 && chosen >= 0 && chosen != i)
            fuzz_must(kernel_get(conn->fd)->peer < 0);
    }
}

void cast_ask(int c, unsigned what, size_t n)
{
    struct cast_client *client = &cast.clients[c];
    struct cast_question *q = &cast.questions[cast.n_questions];

    if (client->fd < 0 || client->is_shut || cast.n_questions == CAST_QUESTIONS)
        return;
    make_question(q, (uint8_t)(cast.n_questions + 1), what & 15);
    q->client = c;
    client->asked[client->n_asked++] = cast.n_questions++;
    cast_send(c, n);
}

void cast_send(int c, size_t n)
{
    struct cast_client *client = &cast.clients[c];

    while (client->fd >= 0 && !client->is_shut && n > 0 && client->n_sent < client->n_asked) {
        const struct cast_question *q = &cast.questions[client->asked[client->n_sent]];
        ssize_t sent = send(client->fd, q->bytes + client->part, least(n, q->size - client->part), 0);

        if (sent <= 0)
            return;
        n -= (size_t)sent;
        client->part += (size_t)sent;
        client->may_end |= q->is_bad && client->part >= 4;
        if (client->part < q->size)
            return;
        client->part = 0;
        client->n_sent++;
    }
}

void cast_leave(int c)
{
    struct cast_client *client = &cast.clients[c];

    if (client->fd >= 0)
        close(client->fd);
    client->fd = -1;
}

bool cast_is_waiting(int c)
{
    const struct cast_client *client = &cast.clients[c];

    return client->fd >= 0 && !client->is_ended && !client->is_unasked &&
           client->n_answered < client->n_sent &&
           !cast.questions[client->asked[client->n_answered]].is_bad;
}

void cast_allow_end(bool is_for_all)
{
    for (int c = 0; c < CAST_CLIENTS; c++)
        cast.clients[c].may_end |=
            is_for_all || cast.clients[c].n_answered < cast.clients[c].n_asked;
}

/* Its next question without an answer; a large one need not be out whole. */
static struct cast_question *answerable(const struct cast_client *client)
{
    fuzz_must(client->n_answered < client->n_sent ||
              (client->n_answered == client->n_sent && client->part >= RELAY_WHOLE_MAX));
    return &cast.questions[client->asked[client->n_answered]];
}

/* A FAILURE that relayd made itself, or an empty list. */
static void hear_own(struct cast_client *client, bool is_list)
{
    struct cast_question *q;

    fuzz_must(!cast.is_raw);
    if (client->is_unasked)
        return;
    q = answerable(client);
    client->n_answered++;
    if (!is_list && (q->is_own_ping || q->is_refused))
        return;
    fuzz_must(client->chosen < 0);
    if (q->kind == AGENT_KIND_BIND)
        return;
    /* It may find somebody by a later one. */
    fuzz_must(client->committed < 0 || q < &cast.questions[client->committed_by]);
    fuzz_must(q->conn < 0);
    q->is_failed = true;
    if (is_list)
        fuzz_must(cast.is_none_empty && q->kind == AGENT_KIND_LIST);
    client->is_none = true;
}

/* The first answer of an agent: those before it on its connection were for others. */
static void note_choice(struct cast_client *client, const uint8_t *frame)
{
    int c = (int)(client - cast.clients), conn = frame[AGENT_HEADER + 4];
    struct cast_conn *chosen = &cast.conns[conn];

    fuzz_must(conn < cast.n_conns && chosen->client == c);
    fuzz_must(client->committed < 0 || client->committed == conn);
    client->chosen = conn;
    client->is_none = false;
    for (client->next = 0; client->next < chosen->n_answers; client->next++) {
        int q = chosen->answers[client->next].question;

        fuzz_must(!chosen->answers[client->next].is_unfit);
        if (chosen->out[chosen->answers[client->next].start + AGENT_HEADER + 5] ==
            frame[AGENT_HEADER + 5])
            return;
        fuzz_must(q == -1 || cast.questions[q].kind == AGENT_KIND_BIND);
    }
}

static void hear_answer(struct cast_client *client, const uint8_t *frame, size_t size)
{
    const struct cast_answer *answer;
    const struct cast_conn *conn;

    fuzz_must(size == CAST_ANSWER_SIZE);
    if (client->chosen < 0)
        note_choice(client, frame);
    conn = &cast.conns[client->chosen];
    answer = &conn->answers[client->next++];
    fuzz_must(client->next <= conn->n_answers && size == answer->size && !answer->is_unfit);
    fuzz_must(memcmp(frame, conn->out + answer->start, size) == 0);
    if (client->is_unasked)
        return;
    fuzz_must(answer->question >= 0);
    fuzz_must(answerable(client) == &cast.questions[answer->question]);
    fuzz_must(!cast.questions[answer->question].must_fail);
    client->n_answered++;
}

static void hear_frame(struct cast_client *client, const uint8_t *frame, size_t size)
{
    if (size == sizeof(agent_failure) && memcmp(frame, agent_failure, size) == 0)
        hear_own(client, false);
    else if (size == sizeof(agent_empty_list) && memcmp(frame, agent_empty_list, size) == 0)
        hear_own(client, true);
    else
        hear_answer(client, frame, size);
}

/* Whether an end is no wonder: it left off itself, or its agent did. With --raw that is also how it
 * is told that nobody is there. */
static bool is_end_due(const struct cast_client *client)
{
    int conn = client->chosen >= 0 ? client->chosen : client->committed;

    return client->may_end || client->is_shut || client->is_none || cast.is_lacking ||
           (conn >= 0 ? cast.conns[conn].is_over : cast.is_raw);
}

static bool turn_client(struct cast_client *client)
{
    struct agent_frame frame;
    size_t at = 0;
    ssize_t n;

    if (client->fd < 0 || client->is_deaf || client->is_ended)
        return false;
    n = recv(client->fd, client->in + client->n, sizeof(client->in) - client->n, 0);
    if (n < 0 && errno == EAGAIN)
        return false;
    if (n <= 0) {
        fuzz_must(is_end_due(client));
        client->is_ended = true;
        return true;
    }
    client->n += (size_t)n;
    while (agent_frame_read(&frame, client->in + at, client->n - at) == 1 &&
           client->n - at >= frame.size) {
        hear_frame(client, client->in + at, frame.size);
        at += frame.size;
    }
    memmove(client->in, client->in + at, client->n - at);
    client->n -= at;
    return true;
}

bool cast_turn(void)
{
    bool is_moving = cast_turn_agents();

    for (int c = 0; c < CAST_CLIENTS; c++)
        is_moving |= turn_client(&cast.clients[c]);
    return is_moving;
}
