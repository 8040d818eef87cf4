/* SPDX-License-Identifier: MIT */
/* The handover. Descriptors come back in any order, the two of a session by one name. The inodes
 * in its record tell which is which. */
#include "config.h"

#include "relayd/handover.h"

#include "relayd/base/log.h"
#include "relayd/session/record.h"
#include "relayd/base/util.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static uint64_t inode(int fd)
{
    struct stat st;

    return fd >= 0 && fstat(fd, &st) == 0 ? st.st_ino : 0;
}

static uint64_t age_ms(double since)
{
    return since > 0 ? (uint64_t)((monotonic_seconds() - since) * 1000) : 0;
}

static double since_age(uint64_t ms)
{
    return monotonic_seconds() - (double)ms / 1000;
}

static void fill(struct record *record, const struct session *s)
{
    *record = (struct record){
        .client = inode(s->client.fd),
        .upstream = inode(s->upstream.fd),
        .upstream_id = session_login(s),
        .age_ms = age_ms(s->began),
        .waited_ms = age_ms(s->waiting_since),
        .is_raw = s->sessions->options->is_raw,
    };
    relay_save(&s->relay, record);
}

static void restore(struct session *s, const struct record *record)
{
    s->began = since_age(record->age_ms);
    if (record->waited_ms > 0)
        s->waiting_since = since_age(record->waited_ms);
    relay_restore(&s->relay, record);
    for (int kind = 0; kind < AGENT_KINDS; kind++) {
        if (s->relay.asked[kind] > 0 && !agent_kind_is_safe((enum agent_kind)kind))
            session_note_command(s);
    }
}

static bool give(const struct session *s, struct notify *notify)
{
    const int fds[] = {s->client.fd, s->upstream.fd};
    char name[RECORD_NAME_SIZE];
    struct record record;

    fill(&record, s);
    return record_write(&record, name) == 0 &&
           notify_store(notify, name, fds, s->upstream.fd < 0 ? 1 : 2);
}

static unsigned give_all(struct sessions *sessions, struct notify *notify, bool is_owed,
                         unsigned most)
{
    struct session *s, *next;
    unsigned n = 0;

    list_for_each_safe(s, next, &sessions->list, link) {
        if (n == most)
            break;
        if ((s->relay.owed > 0) != is_owed || !session_is_portable(s) || !give(s, notify))
            continue;
        session_free(s);
        n++;
    }
    return n;
}

unsigned handover_give(struct sessions *sessions, struct notify *notify)
{
    unsigned room = notify_store_room() / 2;
    unsigned most = room < HANDOVER_MAX ? room : HANDOVER_MAX;
    unsigned n = give_all(sessions, notify, true, most);

    return n + give_all(sessions, notify, false, most - n);
}

/* Closes one that is not taken up. The manager has it open too, so a close alone would tell the other
 * end nothing. */
static void hang_up(int fd)
{
    if (fd >= 0)
        shutdown(fd, SHUT_RDWR);
    close_fd(fd);
}

/* Out of memory. What is no session's is nobody's to shut down. */
static void refuse(int fd, const char *name)
{
    struct record record;

    log_warning("descriptor '%s' from systemd: out of memory: it is closed", name);
    if (record_read(&record, name) == 0)
        hang_up(fd);
    else
        close(fd);
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
        refuse(fd, name);
        return;
    }
    handover->fds[handover->n++] = (struct stored_fd){.fd = fd, .name = copy};
}

/* Takes out the descriptor with that name and inode, and returns it; or -1. */
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

static bool has_trusted_peer(int fd, struct sock_peer *peer)
{
    return sock_peer(fd, peer) == 0 && sock_uid_is_trusted(peer->uid);
}

static bool resume(struct sessions *sessions, const struct record *record, int client,
                   int upstream)
{
    struct sock_peer peer, other;
    struct session *s;

    if (client < 0 || (upstream < 0) != (record->upstream == 0) ||
        (record->is_raw != 0) != sessions->options->is_raw ||
        !has_trusted_peer(client, &peer) || (upstream >= 0 && !has_trusted_peer(upstream, &other)))
        return false;
    s = session_new(sessions, client, upstream, &peer);
    if (s == NULL)
        return false;
    restore(s, record);
    sessions_resume(s, record->upstream_id);
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
    hang_up(client);
    hang_up(upstream);
    return false;
}

unsigned handover_take_up(struct handover *handover, struct sessions *sessions,
                          struct notify *notify)
{
    unsigned n = 0;

    for (size_t i = 0; i < handover->n; i++) {
        if (handover->fds[i].fd < 0)
            continue;
        notify_unstore(notify, handover->fds[i].name);
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
