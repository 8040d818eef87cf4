/* The handover. Descriptors come back in any order, and both of a session with the same
 * name: the inodes in its record tell which is which. */
#include "config.h"

#include "relayd/handover.h"

#include "relayd/log.h"
#include "relayd/record.h"
#include "relayd/systemd.h"
#include "relayd/util.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static uint64_t inode(int fd)
{
    struct stat st;

    return fd >= 0 && fstat(fd, &st) == 0 ? st.st_ino : 0;
}

static uint64_t to_ms(double seconds)
{
    return seconds > 0 ? (uint64_t)(seconds * 1000) : 0;
}

static uint64_t flags_of(const struct session *s)
{
    const struct relay *relay = &s->relay;

    return (s->sessions->options->is_raw ? RECORD_RAW : 0) |
           (relay->is_unsafe ? RECORD_UNSAFE : 0) |
           (relay->is_client_done ? RECORD_CLIENT_DONE : 0) |
           (relay->is_upstream_done ? RECORD_UPSTREAM_DONE : 0) |
           (relay->is_upstream_deaf ? RECORD_UPSTREAM_DEAF : 0) |
           (relay->is_client_shut ? RECORD_CLIENT_SHUT : 0) |
           (relay->is_upstream_shut ? RECORD_UPSTREAM_SHUT : 0);
}

static void fill(struct record *record, const struct session *s, uint64_t number)
{
    const struct relay *relay = &s->relay;

    *record = (struct record){
        .number = number,
        .client = inode(s->client.fd),
        .upstream = inode(s->upstream.fd),
        .upstream_id = s->upstream_id,
        .began_ms = to_ms(s->began),
        .waiting_ms = to_ms(s->waiting_since),
        .flags = flags_of(s),
        .skip_left = relay->skip_left,
        .owed = relay->owed,
        .answered = relay->answered,
    };
    if (!s->sessions->options->is_raw) {
        record->up_left = relay->up_left;
        record->down_left = relay->down_left;
    }
    for (int kind = 0; kind < AGENT_KINDS; kind++)
        record->asked[kind] = relay->asked[kind];
}

static void restore(struct session *s, const struct record *record)
{
    s->upstream_id = record->upstream_id;
    s->began = (double)record->began_ms / 1000;
    s->waiting_since = (double)record->waiting_ms / 1000;
    s->relay.up_left = record->up_left;
    s->relay.down_left = record->down_left;
    s->relay.skip_left = record->skip_left;
    s->relay.owed = (uint32_t)record->owed;
    s->relay.answered = (uint32_t)record->answered;
    s->relay.is_unsafe = record->flags & RECORD_UNSAFE;
    s->relay.is_client_done = record->flags & RECORD_CLIENT_DONE;
    s->relay.is_upstream_done = record->flags & RECORD_UPSTREAM_DONE;
    s->relay.is_upstream_deaf = record->flags & RECORD_UPSTREAM_DEAF;
    s->relay.is_client_shut = record->flags & RECORD_CLIENT_SHUT;
    s->relay.is_upstream_shut = record->flags & RECORD_UPSTREAM_SHUT;
    for (int kind = 0; kind < AGENT_KINDS; kind++) {
        s->relay.asked[kind] = (uint32_t)record->asked[kind];
        if (record->asked[kind] > 0 && !agent_kind_is_safe((enum agent_kind)kind))
            audit_look_up(s->command, s->peer.pid);
    }
}

static bool give(const struct session *s, uint64_t number)
{
    const int fds[] = {s->client.fd, s->upstream.fd};
    char name[RECORD_NAME_SIZE];
    struct record record;

    fill(&record, s, number);
    return record_write(&record, name) == 0 &&
           systemd_store(name, fds, s->upstream.fd < 0 ? 1 : 2);
}

unsigned handover_give(struct sessions *sessions)
{
    struct session *s, *next;
    unsigned n = 0;

    list_for_each_safe(s, next, &sessions->list, link) {
        if (n == HANDOVER_MAX)
            break;
        if (!session_is_settled(s) || !give(s, n))
            continue;
        session_hand_over(s);
        n++;
    }
    return n;
}

void handover_note(void *arg, int fd, const char *name)
{
    struct handover *handover = arg;
    struct stored_fd *fds =
        reallocarray(handover->fds, handover->n + 1, sizeof(*handover->fds));
    char *copy = strdup(name);

    if (fds != NULL)
        handover->fds = fds;
    if (fds == NULL || copy == NULL) {
        free(copy);
        close(fd);
        return;
    }
    handover->fds[handover->n++] = (struct stored_fd){.fd = fd, .name = copy};
}

/* The descriptor with that name and inode, taken out; or -1. */
static int take(struct handover *handover, const char *name, uint64_t wanted)
{
    for (size_t i = 0; i < handover->n; i++) {
        struct stored_fd *it = &handover->fds[i];

        if (it->fd >= 0 && strcmp(it->name, name) == 0 && inode(it->fd) == wanted) {
            int fd = it->fd;

            it->fd = -1;
            return fd;
        }
    }
    return -1;
}

static bool resume(struct sessions *sessions, const struct record *record, int client,
                   int upstream)
{
    bool is_raw = record->flags & RECORD_RAW;
    struct sock_peer peer;
    struct session *s;

    if (client < 0 || (upstream < 0) != (record->upstream == 0) ||
        is_raw != sessions->options->is_raw || sock_peer(client, &peer) < 0 ||
        !sock_uid_is_trusted(peer.uid))
        return false;
    s = session_resume(sessions, client, upstream, &peer);
    if (s == NULL)
        return false;
    restore(s, record);
    session_rearm(s);
    return true;
}

static bool take_up(struct handover *handover, struct sessions *sessions, const char *name)
{
    struct record record;
    int client, upstream;

    if (record_read(&record, name) < 0) {
        log_warning("descriptor '%s' from systemd: not a session that we know", name);
        return false;
    }
    client = take(handover, name, record.client);
    upstream = record.upstream == 0 ? -1 : take(handover, name, record.upstream);
    if (resume(sessions, &record, client, upstream))
        return true;
    log_warning("a session could not be taken up: it is closed");
    close_fd(client);
    close_fd(upstream);
    return false;
}

unsigned handover_take_up(struct handover *handover, struct sessions *sessions)
{
    unsigned n = 0;

    for (size_t i = 0; i < handover->n; i++) {
        if (handover->fds[i].fd < 0)
            continue;
        systemd_unstore(handover->fds[i].name);
        n += take_up(handover, sessions, handover->fds[i].name);
    }
    handover_fini(handover);
    return n;
}

void handover_fini(struct handover *handover)
{
    for (size_t i = 0; i < handover->n; i++) {
        close_fd(handover->fds[i].fd);
        free(handover->fds[i].name);
    }
    free(handover->fds);
    *handover = (struct handover){0};
}
