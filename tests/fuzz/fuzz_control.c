/* SPDX-License-Identifier: MIT */
/* The control protocol, and what relayd does with it. The first byte says how many logins there are;
 * then come requests, each ended by a byte 0xff, of which some are followed by the end of a wait.
 * Each packet is read as a second reading of the protocol says, and comes out of a round trip the
 * same. Each request gets records of known form and one last packet, or waits; what is refused is
 * refused by name. The verbs are the real ones, on a real registry. What would ask the kernel or the
 * file system is played. */
#include "config.h"

#include "relayd/base/log.h"
#include "relayd/base/utf8.h"
#include "relayd/base/util.h"
#include "relayd/control/control.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUESTS_MAX 4
#define FIRST_FD 200 /* of connections that do not exist */

/* --- what is played */

/* What the connection under test was told. */
static struct {
    int fd, records, last;
    struct proto_msg msg; /* the last packet */
} told;
static bool is_deaf; /* sockets take nothing */
static bool is_pending;
static unsigned stops;

ssize_t __wrap_send(int fd, const void *data, size_t size, int flags);
int __wrap_close(int fd);
int __real_close(int fd);
int __wrap_sock_peer(int fd, struct sock_peer *peer);
void __wrap_look_at_all(struct registry *registry);
void __wrap_keyboard_look(struct registry *registry);
const char *__wrap_program_fate(void);
uint64_t __wrap_enrol_register(struct enrol *enrol, const struct enrol_request *request,
                               const char **reason);
struct upstream *__wrap_enrol_find(const struct enrol *enrol, const char *name);
bool __wrap_enrol_is_pending(const struct upstream *u);
int __wrap_link_ask(const struct link_tuple *tuple, struct link_report *report);

ssize_t __wrap_send(int fd, const void *data, size_t size, int flags)
{
    struct proto_msg msg;

    if (is_deaf) {
        errno = EAGAIN;
        return -1;
    }
    fuzz_must(size <= PROTO_PACKET_MAX && proto_parse(&msg, data, size) == 0);
    for (size_t i = 0; i < msg.n; i++)
        fuzz_must(strcmp(msg.pair[i].key, "path") == 0 || utf8_is_clean(msg.pair[i].value));
    if (fd != told.fd) {
        proto_msg_fini(&msg);
    } else if (strcmp(msg.verb, "ok") == 0 || strcmp(msg.verb, "error") == 0) {
        told.last++;
        proto_msg_fini(&told.msg);
        told.msg = msg;
    } else {
        told.records++;
        fuzz_must(told.last == 0);
        proto_msg_fini(&msg);
    }
    return (ssize_t)size;
}

int __wrap_close(int fd)
{
    return fd >= FIRST_FD ? 0 : __real_close(fd);
}

int __wrap_sock_peer(int fd, struct sock_peer *peer)
{
    *peer = (struct sock_peer){.uid = geteuid()};
    return 0;
}

void __wrap_look_at_all(struct registry *registry)
{
}

void __wrap_keyboard_look(struct registry *registry)
{
}

const char *__wrap_program_fate(void)
{
    return NULL;
}

int __wrap_link_ask(const struct link_tuple *tuple, struct link_report *report)
{
    return -EPERM;
}

static struct upstream *add(struct registry *registry, const struct enrol_request *request)
{
    struct upstream *u = upstream_new(request->path);

    fuzz_must(u != NULL);
    u->login.registered_at = monotonic_seconds();
    u->login.registrations = 1;
    u->login.is_fallback = request->is_fallback;
    fuzz_must(upstream_set_facts(u, request->label, request->connection, request->tty) == 0);
    registry_add(registry, u);
    return u;
}

uint64_t __wrap_enrol_register(struct enrol *enrol, const struct enrol_request *request,
                               const char **reason)
{
    *reason = "not a socket";
    is_pending = strchr(request->path, 'p') != NULL;
    return strchr(request->path, 'n') != NULL ? 0 : add(enrol->registry, request)->id;
}

struct upstream *__wrap_enrol_find(const struct enrol *enrol, const char *name)
{
    return registry_find_path(enrol->registry, name);
}

bool __wrap_enrol_is_pending(const struct upstream *u)
{
    return is_pending;
}

static void count_stop(void *arg)
{
    stops++;
}

/* --- the form of packets */

static bool is_word(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '\0' || strchr("abcdefghijklmnopqrstuvwxyz0123456789-_", p[i]) == NULL)
            return false;
    }
    return n > 0 && n <= 32;
}

static bool is_value(struct fuzz_input in)
{
    while (in.n > 0) {
        char hex[3] = "", *end;

        if (fuzz_byte(&in) != '%')
            continue;
        hex[0] = (char)fuzz_byte(&in);
        hex[1] = (char)fuzz_byte(&in);
        if (strspn(hex, "0123456789abcdefABCDEF") != 2 || strtol(hex, &end, 16) == 0)
            return false;
    }
    return true;
}

/* Whether a is the key b, by another spelling maybe. */
static bool is_same_key(struct fuzz_input a, struct fuzz_input b)
{
    for (size_t i = 0; i < a.n && i < b.n; i++) {
        if (a.p[i] != b.p[i] && !(strchr("-_", a.p[i]) != NULL && strchr("-_", b.p[i]) != NULL))
            return false;
    }
    return a.n == b.n;
}

/* Whether it is a packet, by the words of proto.h. */
static bool is_packet(struct fuzz_input in)
{
    struct fuzz_input verb, keys[PROTO_KEYS_MAX];
    size_t n = 0;

    if (in.n == 0 || memchr(in.p, '\0', in.n) != NULL)
        return false;
    verb = fuzz_until(&in, '\n');
    if (!is_word(verb.p, verb.n))
        return false;
    while (in.n > 0) {
        struct fuzz_input value = fuzz_until(&in, '\n'), key;

        if (value.n == 0 || memchr(value.p, '=', value.n) == NULL || n == PROTO_KEYS_MAX)
            return false;
        key = fuzz_until(&value, '=');
        if (!is_word(key.p, key.n) || !is_value(value))
            return false;
        for (size_t i = 0; i < n; i++) {
            if (is_same_key(keys[i], key))
                return false;
        }
        keys[n++] = key;
    }
    return true;
}

static void check_same(const struct proto_msg *a, const struct proto_msg *b)
{
    fuzz_must(strcmp(a->verb, b->verb) == 0 && a->n == b->n);
    for (size_t i = 0; i < a->n; i++) {
        fuzz_must(strcmp(a->pair[i].key, b->pair[i].key) == 0);
        fuzz_must(strcmp(a->pair[i].value, b->pair[i].value) == 0);
    }
}

/* Returns whether it is a packet; msg is the caller's then. */
static bool check_form(struct fuzz_input in, struct proto_msg *msg)
{
    static struct proto_buf buf;
    struct proto_msg again;
    int r = proto_parse(msg, (const char *)in.p, in.n);

    fuzz_must((r == 0) == is_packet(in));
    fuzz_must(r == 0 || r == -EBADMSG);
    if (r < 0)
        return false;
    proto_begin(&buf, msg->verb);
    for (size_t i = 0; i < msg->n; i++)
        proto_add(&buf, msg->pair[i].key, msg->pair[i].value);
    fuzz_must(!buf.is_full);
    fuzz_must(proto_parse(&again, buf.data, buf.size) == 0);
    check_same(msg, &again);
    proto_msg_fini(&again);
    return true;
}

/* --- the verbs */

/* All of it; begun and ended with each input. */
static struct {
    struct registry registry;
    struct enrol enrol;
    struct options options;
    struct sessions sessions;
    struct listener listener;
    struct control control;
} relayd = {.listener = {.is_stopped = true}};

static void begin(unsigned logins)
{
    static const struct enrol_request requests[] = {
        {.path = "/tmp/ssh-a/agent.1", .label = "lap\ntop", .connection = "10.0.0.1 1 10.0.0.2 22"},
        {.path = "/tmp/ssh-b/agent.2", .connection = "fe80::1%lo 1 fe80::2 22", .tty = "/dev/pts/\033[1m"},
        {.path = "/\001\xff", .label = "\xe2\x80\xae", .is_fallback = true},
    };
    static struct ev_loop *loop;

    if (loop == NULL)
        loop = ev_loop_new(0);
    fuzz_must(loop != NULL);
    log_set_level(LOG_LEVEL_ERROR);
    options_init(&relayd.options);
    registry_init(&relayd.registry);
    relayd.enrol = (struct enrol){.loop = loop, .registry = &relayd.registry};
    sessions_init(&relayd.sessions, &relayd.enrol, &relayd.options);
    control_init(&relayd.control, &relayd.sessions);
    relayd.control.stop = count_stop;
    relayd.control.daemon.listener = &relayd.listener;
    for (unsigned i = 0; i < logins % 4; i++) {
        struct upstream *u = add(&relayd.registry, &requests[i % 3]);

        if ((logins >> (2 + i) & 1) != 0)
            registry_set_silent(&relayd.registry, u, monotonic_seconds(), CAUSE_CLOSED, 1);
    }
}

static void end(void)
{
    control_fini(&relayd.control);
    sessions_fini(&relayd.sessions);
    registry_fini(&relayd.registry);
    proto_msg_fini(&told.msg);
}

static bool names(const char *reason, const char *what, const char *name)
{
    size_t n = strlen(what);

    return strncmp(reason, what, n) == 0 && strcmp(reason + n, name) == 0;
}

/* The verbs and their keys, each with a blank before it. */
static const struct { const char *name, *keys; } verbs[] = {
    {"register", " path label fallback keep connection tty wait"},
    {"unregister", " id path all"},
    {"use", " id path auto"},
    {"follow", " id path off"},
    {"pause", " for_ms"},
    {"gone", " id"},
    {"status", ""}, {"wait", ""}, {"resume", ""}, {"watch", ""}, {"why", ""}, {"stop", ""},
};

/* NULL where there is no such verb. */
static const char *keys_of(const char *verb)
{
    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
        if (strcmp(verbs[i].name, verb) == 0)
            return verbs[i].keys;
    }
    return NULL;
}

/* The first that the verb does not take, or NULL. */
static const char *strange_key(const struct proto_msg *msg, const char *keys)
{
    char known[80], blank[40];

    snprintf(known, sizeof(known), "%s ", keys);
    for (size_t i = 0; i < msg->n; i++) {
        snprintf(blank, sizeof(blank), " %s ", msg->pair[i].key);
        if (strstr(known, blank) == NULL)
            return msg->pair[i].key;
    }
    return NULL;
}

/* Of a request that is not understood the refusal says what it is. Returns whether it is one. */
static bool check_refusal(bool is_request, const struct proto_msg *msg)
{
    const char *reason = told.last == 1 ? proto_get(&told.msg, "reason") : NULL;
    bool is_error = told.last == 1 && strcmp(told.msg.verb, "error") == 0;
    const char *keys = is_request ? keys_of(msg->verb) : NULL;
    const char *key = keys != NULL ? strange_key(msg, keys) : NULL;

    fuzz_must(!is_error || reason != NULL);
    if (!is_request)
        fuzz_must(is_error);
    else if (keys == NULL)
        fuzz_must(is_error && names(reason, "unknown verb: ", msg->verb));
    else if (key != NULL)
        fuzz_must(is_error && names(reason, "unknown key: ", key));
    else if (told.last == 1)
        fuzz_must(strncmp(reason != NULL ? reason : "", "unknown ", 8) != 0);
    return is_request && keys != NULL && key == NULL;
}

/* What was asked is known already, or is waited for. */
static void check_wait(const struct proto_msg *msg, bool waits)
{
    const char *verb = msg->verb;

    if (strcmp(verb, "gone") == 0)
        fuzz_must(waits == (registry_find(&relayd.registry, proto_get_u64(msg, "id", 0)) != NULL));
    else if (strcmp(verb, "wait") == 0)
        fuzz_must(waits == !registry_is_usable(&relayd.registry));
    else if (strcmp(verb, "watch") == 0 || strcmp(verb, "stop") == 0)
        fuzz_must(waits);
    else if (strcmp(verb, "register") != 0)
        fuzz_must(!waits);
    if (strcmp(verb, "status") == 0)
        fuzz_must(told.records == 1 + (int)relayd.registry.n);
}

static struct conn *find(int fd)
{
    struct conn *it;

    list_for_each(it, &relayd.control.conns.list, link) {
        if (it->io.fd == fd)
            return it;
    }
    return NULL;
}

/* A connection that nobody can reach any more. Returns false where the request ended it. */
static void ask(int fd, struct fuzz_input in)
{
    struct proto_msg msg;
    bool is_request = check_form(in, &msg);
    uint8_t *packet = fuzz_copy(in.p, in.n);
    struct conn *conn;

    told.fd = fd;
    told.records = told.last = 0;
    conn_new(&relayd.control.conns, fd);
    conn = find(fd);
    fuzz_must(conn != NULL);
    relayd.control.conns.on_request(conn, (const char *)packet, in.n);
    free(packet);
    conn_flush(conn);
    conn = find(fd);
    /* Answered, and so gone; or it waits; or both, where the end of relayd is its end. */
    fuzz_must(told.last == (conn == NULL || conn->topic == WATCH_END));
    fuzz_must(conn == NULL || conn->state == CONN_WAITING);
    if (check_refusal(is_request, &msg))
        check_wait(&msg, conn != NULL);
    if (is_request)
        proto_msg_fini(&msg);
}

/* What has waited long enough is answered as well. */
static void time_out(int fd)
{
    struct conn *conn = find(fd);

    if (conn == NULL || !ev_is_active(&conn->timer))
        return;
    told.fd = fd;
    told.records = told.last = 0;
    relayd.control.conns.on_timeout(conn);
    conn_flush(conn);
    fuzz_must(told.last == 1 && find(fd) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};

    begin(fuzz_byte(&in));
    for (int i = 0; i < REQUESTS_MAX && in.n > 0; i++) {
        struct fuzz_input request = fuzz_until(&in, 0xff);

        ask(FIRST_FD + i, request);
        if (request.n % 2 == 1)
            time_out(FIRST_FD + i);
        fuzz_must(relayd.registry.n <= REGISTRY_MAX);
    }
    end();
    return 0;
}
