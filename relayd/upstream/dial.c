/* SPDX-License-Identifier: MIT */
/* A dial. It reads what there is, and keeps what has come behind the answer: so one read does for
 * an answer, and nothing is lost where the connection is handed to a relay. */
#include "config.h"

#include "relayd/upstream/dial.h"

#include "relayd/base/log.h"
#include "relayd/base/util.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define RETRY_SECONDS 0.02

static const char *const state_names[] = {"idle", "connecting", "asking", "answering"};

static void set_state(struct dial *dial, enum dial_state state)
{
    log_debug("dial %d: %s -> %s", dial->fd, state_names[dial->state], state_names[state]);
    dial->state = state;
}

void dial_fini(struct dial *dial)
{
    if (dial->loop == NULL)
        return;
    ev_io_stop(dial->loop, &dial->io);
    ev_timer_stop(dial->loop, &dial->retry);
    flow_fini(&dial->answer);
    dial->fd = close_fd(dial->fd);
}

/* Ends a question. The caller must return at once: done() may have freed the dial. */
static void finish(struct dial *dial, enum dial_result result)
{
    ev_io_stop(dial->loop, &dial->io);
    ev_timer_stop(dial->loop, &dial->retry);
    if (result != DIAL_ANSWERED)
        dial_fini(dial);
    set_state(dial, DIAL_IDLE);
    dial->done(dial, result);
}

static void wait_for(struct dial *dial, int events)
{
    ev_io_stop(dial->loop, &dial->io);
    ev_io_set(&dial->io, dial->fd, events);
    ev_io_start(dial->loop, &dial->io);
}

static void begin(struct dial *dial, const uint8_t *question, size_t size, enum agent_kind kind)
{
    dial_drop_answer(dial);
    dial->question = question;
    dial->question_size = (uint32_t)size;
    dial->sent = 0;
    dial->kind = kind;
    dial->asked_at = monotonic_seconds();
    set_state(dial, dial->fd < 0 ? DIAL_CONNECTING : DIAL_ASKING);
    /* The first step is taken by the loop, so that done() is not called from here. */
    ev_feed_event(dial->loop, &dial->retry, EV_TIMER);
}

/* Nothing is ever said to a process of another user. */
static int check_peer(struct dial *dial)
{
    int r = sock_peer(dial->fd, &dial->peer);

    if (r < 0)
        return r;
    return sock_uid_is_trusted(dial->peer.uid) ? 1 : -EPERM;
}

/* 1 when connected, 0 for later, or -errno. */
static int step_connect(struct dial *dial)
{
    int r;

    if (dial->pin == NULL)
        return -ENOENT;
    if (dial->fd < 0) {
        dial->fd = sock_new(SOCK_STREAM);
        if (dial->fd < 0)
            return dial->fd;
    }
    /* Through the pin: the path may be another's by now, and may be too long. */
    r = sock_connect(dial->fd, dial->pin->path);
    if (r == 0)
        return check_peer(dial);
    if (r != -EAGAIN)
        return r;
    ev_timer_set(&dial->retry, RETRY_SECONDS, 0);
    ev_timer_start(dial->loop, &dial->retry);
    return 0;
}

/* 1 when the whole question is out, 0 for later, or -errno. */
static int step_ask(struct dial *dial)
{
    uint8_t ping[AGENT_PING_SIZE];
    const uint8_t *question = dial->question;
    ssize_t n;

    /* Of thousands that wait each would keep its own. */
    if (question == NULL) {
        agent_ping_make(ping, dial->instance, dial->nonce);
        question = ping;
    }
    n = send(dial->fd, question + dial->sent, dial->question_size - dial->sent, MSG_NOSIGNAL);
    if (n < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : -errno;
    dial->sent += (uint32_t)n;
    return dial->sent == dial->question_size;
}

/* 1 when one whole frame is here, 0 for later, or -errno: -EPROTO for nonsense. */
static int step_answer(struct dial *dial)
{
    for (;;) {
        struct agent_frame frame = {.size = AGENT_HEADER};
        size_t have = flow_size(&dial->answer);
        int known = agent_frame_read(&frame, flow_head(&dial->answer), have);
        ssize_t n;

        if (known < 0)
            return known;
        if (known == 1 && !agent_answer_fits(dial->kind, frame.type))
            return -EPROTO;
        if (known == 1 && have >= frame.size)
            return 1;
        n = flow_read(&dial->answer, dial->fd, frame.size < FLOW_SIZE ? FLOW_SIZE : frame.size);
        if (n == 0)
            return -ECONNRESET;
        if (n < 0)
            return n == -EAGAIN ? 0 : (int)n;
    }
}

static enum dial_result result_of(int error)
{
    switch (-error) {
    case ECONNREFUSED:
    case ENOENT:
        return DIAL_GONE;
    case EPERM:
        return DIAL_FOREIGN;
    case EPROTO:
    case EPROTOTYPE: /* no stream socket */
        return DIAL_NONSENSE;
    case ENOMEM:
    case ENOBUFS:
    case EMFILE:
    case ENFILE:
        return DIAL_FAILED;
    default:
        return DIAL_CLOSED;
    }
}

static void try_listing(struct dial *dial)
{
    dial_fini(dial);
    dial->has_no_ping = true;
    begin(dial, agent_list_question, sizeof(agent_list_question), AGENT_KIND_LIST);
}

static void fail(struct dial *dial, int error)
{
    enum dial_result result = result_of(error);

    if (result == DIAL_CLOSED && dial->is_ping && !dial->has_no_ping) {
        try_listing(dial);
        return;
    }
    finish(dial, result);
}

static void dial_step(struct dial *dial)
{
    int r = 1;

    if (dial->state == DIAL_CONNECTING) {
        r = step_connect(dial);
        if (r == 1)
            set_state(dial, DIAL_ASKING);
    }
    if (r == 1 && dial->question_size == 0) {
        finish(dial, DIAL_ANSWERED);
        return;
    }
    if (dial->state == DIAL_ASKING && r == 1) {
        r = step_ask(dial);
        if (r == 0)
            wait_for(dial, EV_WRITE);
        if (r == 1)
            set_state(dial, DIAL_ANSWERING);
    }
    if (dial->state == DIAL_ANSWERING && r == 1) {
        r = step_answer(dial);
        if (r == 0)
            wait_for(dial, EV_READ);
    }
    if (r < 0)
        fail(dial, r);
    else if (r == 1)
        finish(dial, DIAL_ANSWERED);
}

static void on_io(struct ev_loop *loop, ev_io *io, int events)
{
    struct dial *dial = container_of(io, struct dial, io);

    if ((events & EV_ERROR) == 0) {
        dial_step(dial);
        return;
    }
    if (!dial->is_told)
        log_warning("dial: a connection cannot be watched: another is made later");
    dial->is_told = true;
    finish(dial, DIAL_FAILED);
}

static void on_retry(struct ev_loop *loop, ev_timer *timer, int events)
{
    dial_step(container_of(timer, struct dial, retry));
}

void dial_init(struct dial *dial, struct ev_loop *loop, const struct pin *pin,
               void (*done)(struct dial *dial, enum dial_result result))
{
    memset(dial, 0, sizeof(*dial));
    dial->loop = loop;
    dial->pin = pin;
    dial->fd = -1;
    dial->done = done;
    ev_io_init(&dial->io, on_io, -1, 0);
    ev_timer_init(&dial->retry, on_retry, 0, 0);
}

void dial_connect(struct dial *dial)
{
    dial->is_ping = false;
    begin(dial, NULL, 0, AGENT_KIND_OTHER);
}

void dial_ask(struct dial *dial, const uint8_t *question, size_t size, enum agent_kind kind)
{
    dial->is_ping = false;
    begin(dial, question, size, kind);
}

void dial_ping(struct dial *dial, const uint8_t instance[AGENT_INSTANCE], uint64_t nonce,
                bool has_no_ping)
{
    dial->is_ping = true;
    dial->has_no_ping = has_no_ping;
    dial->instance = instance;
    dial->nonce = nonce;
    if (has_no_ping)
        begin(dial, agent_list_question, sizeof(agent_list_question), AGENT_KIND_LIST);
    else
        begin(dial, NULL, AGENT_PING_SIZE, AGENT_KIND_PING);
}

void dial_unpin(struct dial *dial)
{
    dial->pin = NULL;
}

void dial_drop_answer(struct dial *dial)
{
    struct agent_frame frame;

    if (agent_frame_read(&frame, flow_head(&dial->answer), flow_size(&dial->answer)) == 1)
        flow_drop(&dial->answer, frame.size);
}

double dial_waited(const struct dial *dial)
{
    return monotonic_seconds() - dial->asked_at;
}

int dial_take_fd(struct dial *dial)
{
    int fd = dial->fd;

    ev_io_stop(dial->loop, &dial->io);
    dial->fd = -1;
    return fd;
}
