/* SPDX-License-Identifier: MIT */
/* The agents of the cast. Each connection hears whole questions; what becomes of one depends on how
 * its agent is at the moment. */
#include "config.h"

#include "relayd/session/relay.h"
#include "tests/fuzz/cast.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/kernel.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define A_PING (-1)
#define A_LISTING (-2)

static void hang_up(struct cast_conn *conn)
{
    struct cast_client *client = conn->client < 0 ? NULL : &cast.clients[conn->client];

    if (conn->fd < 0)
        return;
    close(conn->fd);
    conn->fd = -1;
    conn->is_over = true;
    /* Whose it was to be is not known, or what was on its way. */
    if (client == NULL)
        cast_allow_end(false);
    else
        client->may_end |= client->chosen < 0 && client->committed < 0;
}

/* Sends at most n bytes of what it has said. */
static bool send_said(struct cast_conn *conn, size_t n)
{
    size_t left = conn->said - conn->sent;
    ssize_t sent;

    if (conn->fd < 0 || left == 0 || n == 0)
        return false;
    sent = send(conn->fd, conn->out + conn->sent, left < n ? left : n, 0);
    if (sent < 0 && errno == EPIPE)
        conn->sent = conn->said;
    else if (sent > 0)
        conn->sent += (size_t)sent;
    return sent > 0;
}

/* Room, the connection and the answer in it, by which it is known; behind four bytes that are 0, or
 * how many keys there are. */
static bool say(struct cast_conn *conn, int question, uint8_t type, uint8_t keys, bool is_oversize)
{
    uint8_t *p = conn->out + conn->said;
    size_t size = CAST_ANSWER_SIZE;

    if (conn->n_answers == CAST_ANSWERS || conn->said + size > sizeof(conn->out))
        return false;
    memset(p, 0, size);
    p[1] = is_oversize ? 255 : 0;
    p[3] = (uint8_t)(size - 4);
    p[4] = type;
    p[AGENT_HEADER + 3] = keys;
    p[AGENT_HEADER + 4] = (uint8_t)(conn - cast.conns);
    p[AGENT_HEADER + 5] = (uint8_t)conn->n_answers;
    conn->answers[conn->n_answers++] =
        (struct cast_answer){.question = question, .start = conn->said, .size = size};
    conn->said += size;
    return true;
}

static bool is_unsafe(int question)
{
    return question >= 0 && !agent_kind_is_safe(cast.questions[question].kind);
}

static enum agent_kind kind_of(int question)
{
    return question == A_PING      ? AGENT_KIND_PING
           : question == A_LISTING ? AGENT_KIND_LIST
                                   : cast.questions[question].kind;
}

static uint8_t fitting(enum agent_kind kind, enum cast_mode mode)
{
    if (mode == CAST_FAILS)
        return AGENT_FAILURE;
    if (mode == CAST_TALKS_NONSENSE)
        return kind == AGENT_KIND_LIST ? AGENT_SIGN_RESPONSE : AGENT_IDENTITIES_ANSWER;
    return kind == AGENT_KIND_LIST   ? AGENT_IDENTITIES_ANSWER
           : kind == AGENT_KIND_SIGN ? AGENT_SIGN_RESPONSE
                                     : AGENT_SUCCESS;
}

static void give_answer(struct cast_conn *conn, enum cast_mode mode)
{
    int question = conn->waiting[0] < 0 ? A_PING : conn->waiting[0];
    enum agent_kind kind = kind_of(conn->waiting[0]);
    size_t before = conn->said;

    if (conn->n_waiting == 0 || conn->fd < 0 || conn->is_over)
        return;
    if (!say(conn, question, fitting(kind, mode), mode != CAST_IS_EMPTY, mode == CAST_IS_OVERSIZE))
        return;
    memmove(conn->waiting, conn->waiting + 1, --conn->n_waiting * sizeof(conn->waiting[0]));
    /* After the choice a frame of whatever type is an answer. */
    conn->answers[conn->n_answers - 1].is_unfit =
        mode == CAST_TALKS_NONSENSE &&
        (conn->client < 0 || (cast.clients[conn->client].chosen < 0 &&
                              cast.clients[conn->client].committed < 0));
    conn->is_over = conn->answers[conn->n_answers - 1].is_unfit || mode == CAST_IS_OVERSIZE;
    if (mode == CAST_STOPS_HALFWAY || mode == CAST_CLOSES_HALFWAY)
        send_said(conn, (conn->said - before) / 2);
    else
        send_said(conn, mode == CAST_SAYS_ONE_BYTE ? 1 : SIZE_MAX);
    if (mode == CAST_CLOSES_HALFWAY)
        hang_up(conn);
    if (mode == CAST_SHUTS_DOWN) {
        shutdown(conn->fd, SHUT_WR);
        conn->is_over = true;
        if (conn->client < 0)
            cast_allow_end(false);
    }
}

/* What the agent does with its oldest question; some do nothing yet. */
static void treat(struct cast_conn *conn)
{
    enum cast_mode mode = cast.modes[conn->agent];
    int question = conn->waiting[0];

    /* Raw, it would only be the client that does not understand. */
    if (cast.is_raw && (mode == CAST_TALKS_NONSENSE || mode == CAST_IS_OVERSIZE))
        mode = CAST_ANSWERS_ALL;

    switch (mode) {
    case CAST_MUTE:
    case CAST_DOES_NOT_READ:
        return;
    case CAST_CLOSES:
        hang_up(conn);
        return;
    case CAST_CLOSES_ON_PING:
        if (kind_of(question) == AGENT_KIND_PING) {
            hang_up(conn);
            return;
        }
        break;
    case CAST_MUTE_BUT_FOR_PINGS:
        if (question != A_PING)
            return;
        break;
    case CAST_MUTE_TO_UNSAFE:
        if (is_unsafe(question))
            return;
        break;
    case CAST_ANSWERS_ALL:
    case CAST_IS_EMPTY:
    case CAST_FAILS:
    case CAST_TALKS_NONSENSE:
    case CAST_IS_OVERSIZE:
    case CAST_STOPS_HALFWAY:
    case CAST_CLOSES_HALFWAY:
    case CAST_SHUTS_DOWN:
    case CAST_DOES_NOT_ACCEPT:
    case CAST_SAYS_ONE_BYTE:
        break;
    }
    give_answer(conn, mode);
}

/* --- what it hears */

/* Which question that is, or a ping. */
static int identify(const uint8_t *frame, size_t size)
{
    uint64_t nonce;

    if (agent_ping_is_own(frame, size, cast.instance, &nonce)) {
        memcpy(cast.ping, frame, size);
        return A_PING;
    }
    if (size == sizeof(agent_list_question) && frame[4] == AGENT_REQUEST_IDENTITIES)
        return A_LISTING;
    for (int i = 0; i < cast.n_questions; i++) {
        const struct cast_question *q = &cast.questions[i];

        if (q->size == size && memcmp(q->bytes, frame, size) == 0)
            return i;
    }
    fuzz_must(!"somebody asked that");
    return 0;
}

/* The client's questions go only there from now on: it is none that may go to several. */
static bool commits(const struct cast_conn *conn, const struct cast_question *q)
{
    return cast.is_raw || conn->has_first || !agent_kind_is_safe(q->kind) ||
           q->size > RELAY_WHOLE_MAX;
}

/* A connection hears all that its client asks, but for what was answered FAILURE; the binds first
 * that were answered before there was one, for an unbound agent would do for any host. */
static void check_all_before(const struct cast_conn *conn, int i)
{
    const struct cast_client *client = &cast.clients[conn->client];

    for (unsigned at = 0; at < client->n_asked && client->asked[at] < i; at++) {
        struct cast_question *q = &cast.questions[client->asked[at]];

        if (client->asked[at] <= conn->last || q->is_refused || q->is_own_ping)
            continue;
        fuzz_must(!cast.is_raw && !conn->has_first && q->kind != AGENT_KIND_BIND);
        fuzz_must(q->is_failed || at >= client->n_answered);
        q->must_fail = true;
    }
}

static void check_client(struct cast_conn *conn, const struct cast_question *q)
{
    struct cast_client *client = &cast.clients[q->client];
    int at = (int)(conn - cast.conns);

    fuzz_must(conn->client < 0 || conn->client == q->client);
    conn->client = q->client;
    /* What was sent to one that lost, and closed, may be read later. */
    if (commits(conn, q) || kernel_get(conn->fd)->peer >= 0) {
        fuzz_must(client->chosen < 0 || client->chosen == at);
        fuzz_must(client->committed < 0 || client->committed == at);
    }
    if (client->committed < 0 && commits(conn, q)) {
        client->committed = at;
        client->committed_by = (int)(q - cast.questions);
    }
}

static void check_question(struct cast_conn *conn, int i)
{
    struct cast_question *q = &cast.questions[i];

    fuzz_must(!q->is_bad && !q->is_refused && !q->is_own_ping);
    fuzz_must(i > conn->last);
    if (q->client >= 0) {
        check_client(conn, q);
        check_all_before(conn, i);
    }
    conn->last = i;
    conn->has_first |= q->kind != AGENT_KIND_BIND;
    if (!agent_kind_is_safe(q->kind)) {
        fuzz_must(q->conn < 0);
        q->conn = (int)(conn - cast.conns);
    }
    /* A bind goes ahead of each first question, of a later choice too. */
    fuzz_must(q->kind == AGENT_KIND_BIND || cast.is_lacking || cast.is_renewed ||
              (q->agents & 1U << conn->agent) == 0);
    q->agents |= 1U << conn->agent;
}

static void take_question(struct cast_conn *conn, const uint8_t *frame, size_t size)
{
    int question = identify(frame, size);

    if (question >= 0)
        check_question(conn, question);
    fuzz_must(conn->n_waiting < CAST_ANSWERS);
    conn->waiting[conn->n_waiting++] = question;
}

static bool read_conn(struct cast_conn *conn)
{
    struct agent_frame frame;
    ssize_t n = recv(conn->fd, conn->in + conn->n, sizeof(conn->in) - conn->n, 0);
    size_t at = 0;

    if (n < 0 && errno == EAGAIN)
        return false;
    if (n <= 0) {
        close(conn->fd);
        conn->fd = -1;
        return true;
    }
    conn->n += (size_t)n;
    while (agent_frame_read(&frame, conn->in + at, conn->n - at) == 1 &&
           conn->n - at >= frame.size) {
        take_question(conn, conn->in + at, frame.size);
        at += frame.size;
    }
    memmove(conn->in, conn->in + at, conn->n - at);
    conn->n -= at;
    return true;
}

/* --- its turns */

static bool turn_conn(struct cast_conn *conn)
{
    enum cast_mode mode = cast.modes[conn->agent];
    bool is_moving = mode != CAST_DOES_NOT_READ && read_conn(conn);
    unsigned before = conn->n_waiting;

    if (conn->fd >= 0 && mode != CAST_STOPS_HALFWAY && mode != CAST_MUTE)
        is_moving |= send_said(conn, mode == CAST_SAYS_ONE_BYTE ? 1 : SIZE_MAX);
    if (conn->fd >= 0 && conn->n_waiting > 0 && conn->sent == conn->said)
        treat(conn);
    return is_moving || conn->n_waiting != before;
}

static bool accept_one(int a)
{
    struct cast_conn *conn = &cast.conns[cast.n_conns];
    int fd = cast.n_conns == CAST_CONNS || cast.modes[a] == CAST_DOES_NOT_ACCEPT
                 ? -1
                 : kernel_accept((unsigned)a);

    if (fd < 0)
        return false;
    conn->fd = fd;
    conn->agent = a;
    conn->client = conn->last = -1;
    conn->is_over = conn->has_first = false;
    conn->n_waiting = conn->n_answers = 0;
    conn->said = conn->sent = conn->n = 0;
    cast.n_conns++;
    return true;
}

bool cast_turn_agents(void)
{
    bool is_moving = false;

    for (int a = 0; a < CAST_AGENTS; a++) {
        while (accept_one(a))
            is_moving = true;
    }
    for (int i = 0; i < cast.n_conns; i++) {
        if (cast.conns[i].fd >= 0)
            is_moving |= turn_conn(&cast.conns[i]);
    }
    return is_moving;
}

void cast_answer_late(int a)
{
    for (int i = 0; i < cast.n_conns; i++) {
        if (cast.conns[i].agent != a)
            continue;
        give_answer(&cast.conns[i], CAST_ANSWERS_ALL);
    }
}

void cast_hang_up(int a)
{
    for (int i = 0; i < cast.n_conns; i++) {
        if (cast.conns[i].agent == a)
            hang_up(&cast.conns[i]);
    }
}

void cast_hang_up_broken(void)
{
    for (int i = 0; i < cast.n_conns; i++) {
        if (cast.conns[i].is_over)
            hang_up(&cast.conns[i]);
    }
}

void cast_say_unasked(int a)
{
    for (int i = 0; i < cast.n_conns; i++) {
        struct cast_conn *conn = &cast.conns[i];

        if (conn->agent != a || conn->fd < 0 || conn->client < 0 || conn->is_over ||
            cast.clients[conn->client].chosen != i)
            continue;
        cast.clients[conn->client].is_unasked = true;
        say(conn, A_PING, 99, 0, false);
        send_said(conn, SIZE_MAX);
    }
}
