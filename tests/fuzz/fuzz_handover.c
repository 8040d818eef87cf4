/* SPDX-License-Identifier: MIT */
/* A hostile descriptor store. The first byte says what relayd is; then come descriptors: a byte that
 * says which socket it is, and a name, ended by a newline. A capital letter in a name stands for the
 * inode of a socket, which is another in each process. What is no session is closed; what is one has
 * its own two descriptors, and what its record says. */
#include "config.h"

#include "relayd/base/log.h"
#include "relayd/base/util.h"
#include "relayd/handover.h"
#include "relayd/session/record.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOCKETS 8
#define DESCRIPTORS_MAX 10
#define NAME_MAX_LONG 1024

void __wrap_audit_look_up(char command[AUDIT_COMMAND_MAX], pid_t pid);

/* It would look into /proc. */
void __wrap_audit_look_up(char command[AUDIT_COMMAND_MAX], pid_t pid)
{
    command[0] = '\0';
}

/* The sockets, whose other ends nobody reads. One is no socket of a peer. */
static int sockets[SOCKETS];
static unsigned long long inodes[SOCKETS];

static void open_sockets(void)
{
    for (int i = 0; i < SOCKETS; i++) {
        struct stat st;
        int pair[2];

        fuzz_must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
        sockets[i] = i < SOCKETS - 1 ? pair[0] : open("/dev/null", O_RDWR | O_CLOEXEC);
        fuzz_must(sockets[i] >= 0 && fstat(sockets[i], &st) == 0);
        inodes[i] = st.st_ino;
    }
}

/* The name with inodes in place of capital letters. */
static void spell(char out[NAME_MAX_LONG], struct fuzz_input name)
{
    size_t n = 0;

    while (name.n > 0 && n + 17 < NAME_MAX_LONG) {
        uint8_t c = fuzz_byte(&name);

        if (c >= 'A' && c < 'A' + SOCKETS)
            n += (size_t)sprintf(out + n, "%llx", inodes[c - 'A']);
        else
            out[n++] = (char)c;
    }
    out[n] = '\0';
}

static bool has_long_number(const char *name)
{
    size_t n = 0;

    for (; *name != '\0'; name++) {
        n = strchr("0123456789abcdef", *name) != NULL ? n + 1 : 0;
        if (n > 16)
            return true;
    }
    return false;
}

/* A record that is read can be written, and is the same then. */
static void check_record(const char *name)
{
    struct record record, again;
    char *written;
    int r = record_read(&record, name);

    fuzz_must(r == -EBADMSG || (r == 0 && !has_long_number(name)));
    if (r < 0)
        return;
    written = malloc(RECORD_NAME_SIZE);
    fuzz_must(written != NULL);
    r = record_write(&record, written);
    fuzz_must(r == 0 || (r == -ENAMETOOLONG && strlen(name) >= RECORD_NAME_SIZE));
    if (r == 0) {
        fuzz_must(strlen(written) < RECORD_NAME_SIZE && strchr(written, ':') == NULL);
        fuzz_must(record_read(&again, written) == 0 && memcmp(&record, &again, sizeof(record)) == 0);
    }
    free(written);
}

/* All of it; begun and ended with each input. */
static struct {
    struct ev_loop *loop;
    struct registry registry;
    struct enrol enrol;
    struct options options;
    struct sessions sessions;
    struct notify notify;
    struct handover handover;
    int fds[DESCRIPTORS_MAX];
    char names[DESCRIPTORS_MAX][NAME_MAX_LONG];
    int n;
} relayd;

static void begin(bool is_raw, bool has_login)
{
    struct upstream *u;

    if (relayd.loop == NULL) {
        unsetenv("NOTIFY_SOCKET");
        relayd.loop = ev_loop_new(0);
        open_sockets();
    }
    fuzz_must(relayd.loop != NULL);
    log_set_level(LOG_LEVEL_ERROR);
    options_init(&relayd.options);
    relayd.options.is_raw = is_raw;
    registry_init(&relayd.registry);
    relayd.enrol = (struct enrol){.loop = relayd.loop, .registry = &relayd.registry};
    sessions_init(&relayd.sessions, &relayd.enrol, &relayd.options);
    notify_init(&relayd.notify, relayd.loop);
    relayd.n = 0;
    if (!has_login)
        return;
    u = upstream_new("/a");
    fuzz_must(u != NULL);
    registry_add(&relayd.registry, u);
}

static void end(void)
{
    sessions_fini(&relayd.sessions);
    notify_fini(&relayd.notify, 0);
    registry_fini(&relayd.registry);
    for (int i = 0; i < relayd.n; i++)
        fuzz_must(fcntl(relayd.fds[i], F_GETFD) < 0);
}

static void store(struct fuzz_input *in)
{
    uint8_t which = fuzz_byte(in);
    char *name = relayd.names[relayd.n];

    spell(name, fuzz_until(in, '\n'));
    check_record(name);
    relayd.fds[relayd.n] = dup(sockets[which % SOCKETS]);
    fuzz_must(relayd.fds[relayd.n] >= 0);
    handover_note(&relayd.handover, relayd.fds[relayd.n], name);
    relayd.n++;
}

static const char *name_of(int fd)
{
    for (int i = 0; i < relayd.n; i++) {
        if (relayd.fds[i] == fd)
            return relayd.names[i];
    }
    return NULL;
}

static uint64_t inode_of(int fd)
{
    struct stat st;

    return fd >= 0 && fstat(fd, &st) == 0 ? st.st_ino : 0;
}

static void check_session(const struct session *s)
{
    const char *name = name_of(s->client.fd);
    struct record record, now = {0};

    fuzz_must(name != NULL && record_read(&record, name) == 0);
    fuzz_must(record.client == inode_of(s->client.fd) && record.upstream == inode_of(s->upstream.fd));
    fuzz_must(s->upstream.fd < 0 || strcmp(name_of(s->upstream.fd), name) == 0);
    fuzz_must((record.is_raw != 0) == relayd.options.is_raw);
    fuzz_must(s->upstream_id == 0 || (s->upstream_id == record.upstream_id &&
                                      registry_find(&relayd.registry, s->upstream_id) != NULL));
    relay_save(&s->relay, &now);
    fuzz_must(now.up_left == record.up_left && now.down_left == record.down_left &&
              now.skip_left == record.skip_left);
    fuzz_must(now.owed == (uint32_t)record.owed && now.answered == (uint32_t)record.answered);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    uint8_t what = fuzz_byte(&in);
    const struct session *s;
    unsigned n, there = 0;
    int open_fds = 0;

    begin((what & 1) != 0, (what & 2) != 0);
    while (in.n > 0 && relayd.n < DESCRIPTORS_MAX)
        store(&in);
    n = handover_take_up(&relayd.handover, &relayd.sessions, &relayd.notify);
    fuzz_must(relayd.handover.n == 0 && relayd.handover.fds == NULL);
    list_for_each(s, &relayd.sessions.list, link) {
        check_session(s);
        there++;
        open_fds += s->upstream.fd < 0 ? 1 : 2;
    }
    fuzz_must(there == n && relayd.sessions.n == n);
    for (int i = 0; i < relayd.n; i++)
        open_fds -= fcntl(relayd.fds[i], F_GETFD) >= 0;
    fuzz_must(open_fds == 0);
    end();
    return 0;
}
