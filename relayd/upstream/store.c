/* SPDX-License-Identifier: MIT */
/* The store. A file that is not whole is not used at all: half of a registry would be a wrong
 * one. */
#include "config.h"

#include "relayd/upstream/store.h"

#include "relayd/base/proto.h"
#include "relayd/base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FILE_MAX (4 * 1024 * 1024)
#define STORE_VERSION 1
/* No relay gets there, and a reader of JSON tells numbers apart up to here. */
#define ID_MAX ((uint64_t)1 << 53)

static void put_head(struct proto_buf *buf, const struct registry *registry, double now)
{
    proto_begin(buf, "registry");
    proto_add_u64(buf, "version", STORE_VERSION);
    proto_add_u64(buf, "last_id", registry->last_id);
    proto_add_u64(buf, "preferred", registry->preferred);
    proto_add_u64(buf, "following", registry->is_following);
    proto_add_u64(buf, "followed", registry->followed);
    proto_addf(buf, "followed_age", "%.3f", now - registry->followed_since);
    proto_add_u64(buf, "paused", registry->is_paused);
    if (registry->paused_until > 0)
        proto_addf(buf, "paused_left", "%.3f", fmax(registry->paused_until - now, 0.001));
    proto_add_u64(buf, "upstreams", registry->n);
}

static void put_time(struct proto_buf *buf, const char *key, const char *nsec_key,
                     struct timespec time)
{
    proto_add_u64(buf, key, (uint64_t)time.tv_sec);
    proto_add_u64(buf, nsec_key, (uint64_t)time.tv_nsec);
}

static void put_pin(struct proto_buf *buf, const struct pin *pin)
{
    proto_add_u64(buf, "dev", pin->dev);
    proto_add_u64(buf, "ino", pin->ino);
    if (pin->has_birth)
        put_time(buf, "birth", "birth_nsec", pin->birth);
    else
        put_time(buf, "ctime", "ctime_nsec", pin_ctime(pin));
}

static void put_upstream(struct proto_buf *buf, const struct upstream *u, double now)
{
    proto_begin(buf, "upstream");
    proto_add_u64(buf, "id", u->id);
    proto_add(buf, "path", u->path);
    put_pin(buf, &u->pin);
    proto_add_u64(buf, "pid", (uint64_t)u->process.pid);
    proto_add_u64(buf, "pid_start", u->process.start);
    proto_add(buf, "label", u->login.label);
    proto_add(buf, "connection", u->login.connection);
    proto_add(buf, "tty", u->login.tty);
    proto_add_u64(buf, "fallback", u->login.is_fallback);
    proto_add_u64(buf, "state", u->state);
    proto_add_u64(buf, "cause", u->silence.cause);
    proto_add_u64(buf, "heard", u->is_heard);
    proto_add_u64(buf, "no_ping", u->has_no_ping);
    proto_add_u64(buf, "served", u->served);
    if (u->is_used)
        proto_addf(buf, "used_age", "%.3f", now - u->used_at);
    proto_addf(buf, "rtt", "%.6f", u->rtt);
    proto_addf(buf, "registered_age", "%.3f", now - u->login.registered_at);
    proto_addf(buf, "silent_age", "%.3f", now - u->silence.since);
    proto_addf(buf, "waited", "%.3f", u->silence.waited);
    proto_add_u64(buf, "chatty", u->silence.is_chatty);
    proto_addf(buf, "forgiven_in", "%.3f", u->silence.forgive_at - now);
    proto_addf(buf, "silence_lasts", "%.3f", u->silence.lasts_next);
}

void store_write(const struct registry *registry, FILE *file)
{
    double now = monotonic_seconds();
    struct upstream *u;
    struct proto_buf buf;

    put_head(&buf, registry, now);
    fwrite(buf.data, 1, buf.size, file);
    list_for_each(u, &registry->upstreams, link) {
        put_upstream(&buf, u, now);
        fputc('\n', file);
        fwrite(buf.data, 1, buf.size, file);
    }
    fputs("\nend\n", file);
}

int store_save(const struct registry *registry, const char *path)
{
    char new_path[PATH_MAX];
    FILE *file;
    int fd, r = 0;

    snprintf(new_path, sizeof(new_path), "%s.new", path);
    fd = open(new_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    file = fd < 0 ? NULL : fdopen(fd, "w");
    if (file == NULL) {
        r = -errno;
        close_fd(fd);
        return r;
    }
    store_write(registry, file);
    if (ferror(file))
        r = -EIO;
    if (fclose(file) != 0)
        r = -errno;
    if (r == 0 && rename(new_path, path) < 0)
        r = -errno;
    return r;
}

static double get_seconds(const struct proto_msg *msg, const char *key, double fallback)
{
    const char *text = proto_get(msg, key);
    char *end;
    double value;

    if (text == NULL)
        return fallback;
    value = strtod(text, &end);
    return *end == '\0' && value >= -1e10 && value <= 1e11 ? value : fallback;
}

/* How long ago something was. An older relayd saved a stamp of the wall clock, by stamp_key. */
static double get_age(const struct proto_msg *msg, const char *key, const char *stamp_key)
{
    double stamp = get_seconds(msg, stamp_key, 0);
    double age = stamp > 0 ? (double)time(NULL) - stamp : 0;

    return fmax(get_seconds(msg, key, age), 0);
}

static void get_silence(struct upstream_silence *silence, const struct proto_msg *msg)
{
    uint64_t cause = proto_get_u64(msg, "cause", CAUSE_NONE);
    double age = get_age(msg, "silent_age", "silent_since");

    silence->cause = cause <= CAUSE_LOOP ? (enum upstream_cause)cause : CAUSE_NONE;
    silence->since = monotonic_seconds() - age;
    silence->at = time(NULL) - (time_t)age;
    silence->waited = get_seconds(msg, "waited", 0);
    silence->is_chatty = proto_get_flag(msg, "chatty");
    silence->forgive_at = monotonic_seconds() + get_seconds(msg, "forgiven_in", 0);
    /* The version before called it penance. */
    silence->lasts_next = get_seconds(msg, "penance", silence->lasts_next);
    silence->lasts_next = get_seconds(msg, "silence_lasts", silence->lasts_next);
}

static void get_verdict(struct upstream *u, const struct proto_msg *msg)
{
    uint64_t state = proto_get_u64(msg, "state", UPSTREAM_UNTRIED);

    u->state = state <= UPSTREAM_SILENT ? (enum upstream_state)state : UPSTREAM_UNTRIED;
    get_silence(&u->silence, msg);
    u->is_heard = proto_get_flag(msg, "heard");
    u->has_no_ping = proto_get_flag(msg, "no_ping");
    u->rtt = get_seconds(msg, "rtt", -1);
}

static struct timespec get_time(const struct proto_msg *msg, const char *key,
                                const char *nsec_key)
{
    return (struct timespec){.tv_sec = (time_t)proto_get_u64(msg, key, 0),
                             .tv_nsec = (long)proto_get_u64(msg, nsec_key, 0)};
}

static void get_pin(struct pin *pin, const struct proto_msg *msg)
{
    pin->dev = proto_get_u64(msg, "dev", 0);
    pin->ino = proto_get_u64(msg, "ino", 0);
    pin->has_birth = proto_get(msg, "birth") != NULL;
    pin->birth = get_time(msg, "birth", "birth_nsec");
    pin->ctime = get_time(msg, "ctime", "ctime_nsec");
}

static struct upstream *get_upstream(const struct proto_msg *msg)
{
    const char *path = proto_get(msg, "path");
    struct upstream *u = path == NULL ? NULL : upstream_new(path);

    if (u == NULL)
        return NULL;
    u->id = proto_get_u64(msg, "id", 0);
    get_pin(&u->pin, msg);
    u->process.pid = (pid_t)proto_get_u64(msg, "pid", 0);
    u->process.start = proto_get_u64(msg, "pid_start", 0);
    u->login.is_fallback = proto_get_flag(msg, "fallback");
    u->login.registered_at = monotonic_seconds() - get_age(msg, "registered_age", "registered_at");
    u->served = proto_get_u64(msg, "served", 0);
    if (proto_get(msg, "used_age") != NULL)
        upstream_note_used(u, monotonic_seconds() - fmax(get_seconds(msg, "used_age", 0), 0));
    get_verdict(u, msg);
    if (u->id == 0 || upstream_set_facts(u, proto_get(msg, "label"), proto_get(msg, "connection"),
                                         proto_get(msg, "tty")) < 0) {
        upstream_free(u);
        return NULL;
    }
    return u;
}

/* The next packet of text, up to an empty line; moves *text behind it. */
static int next_packet(struct proto_msg *msg, char **text)
{
    char *begin = *text;
    char *gap = strstr(begin, "\n\n");
    size_t size = gap == NULL ? strlen(begin) : (size_t)(gap - begin) + 1;

    *text = begin + size + (gap != NULL);
    return proto_parse(msg, begin, size);
}

/* When a pause ends; 0: not by itself. An older relayd saved a stamp of the wall clock, which may
 * lie before all that the monotonic one knows. */
static double get_pause_end(const struct proto_msg *msg)
{
    double stamp = get_seconds(msg, "paused_until", 0);
    double left = get_seconds(msg, "paused_left", stamp > 0 ? stamp - (double)time(NULL) : 0);

    return stamp > 0 || left > 0 ? monotonic_seconds() + fmax(left, 0) : 0;
}

static int get_head(struct registry *registry, char **text, uint64_t *n)
{
    struct proto_msg msg;
    int r = next_packet(&msg, text);

    if (r < 0)
        return r;
    if (strcmp(msg.verb, "registry") != 0 ||
        proto_get_u64(&msg, "version", 0) != STORE_VERSION)
        r = -EBADMSG;
    registry->last_id = proto_get_u64(&msg, "last_id", UINT64_MAX);
    if (registry->last_id > ID_MAX)
        r = -EBADMSG;
    registry->preferred = proto_get_u64(&msg, "preferred", 0);
    registry->is_following = proto_get_flag(&msg, "following");
    registry->followed = proto_get_u64(&msg, "followed", 0);
    registry->followed_since = monotonic_seconds() - get_seconds(&msg, "followed_age", 0);
    registry->is_paused = proto_get_flag(&msg, "paused");
    registry->paused_until = get_pause_end(&msg);
    *n = proto_get_u64(&msg, "upstreams", 0);
    proto_msg_fini(&msg);
    return r;
}

static struct upstream *read_upstream(char **text)
{
    struct upstream *u = NULL;
    struct proto_msg msg;

    if (next_packet(&msg, text) < 0)
        return NULL;
    if (strcmp(msg.verb, "upstream") == 0)
        u = get_upstream(&msg);
    proto_msg_fini(&msg);
    return u;
}

/* An id is never used again, so none is beyond the last, and no two are alike. */
static bool is_new_id(uint64_t id, struct upstream *const known[], uint64_t n, uint64_t last_id)
{
    for (uint64_t i = 0; i < n; i++) {
        if (known[i]->id == id)
            return false;
    }
    return id <= last_id;
}

/* Returns how many it read: all n, unless something is wrong. */
static uint64_t read_all(struct upstream *all[], uint64_t n, uint64_t last_id, char **text)
{
    for (uint64_t i = 0; i < n; i++) {
        struct upstream *u = read_upstream(text);

        if (u == NULL || !is_new_id(u->id, all, i, last_id)) {
            upstream_free(u);
            return i;
        }
        all[i] = u;
    }
    return n;
}

static int parse(struct registry *registry, char *text, store_found_fn *found, void *arg)
{
    struct upstream *all[REGISTRY_MAX] = {NULL};
    uint64_t n, i;
    int r = get_head(registry, &text, &n);

    if (r < 0 || n > REGISTRY_MAX)
        return -EBADMSG;
    i = read_all(all, n, registry->last_id, &text);
    if (i < n || strcmp(text, "end\n") != 0) {
        while (i > 0)
            upstream_free(all[--i]);
        return -EBADMSG;
    }
    for (i = 0; i < n; i++)
        found(arg, all[i]);
    return 0;
}

int store_read(struct registry *registry, char *text, size_t size, store_found_fn *found,
               void *arg)
{
    int r = strlen(text) == size ? parse(registry, text, found, arg) : -EBADMSG;

    if (r < 0) {
        registry->last_id = registry->preferred = registry->followed = 0;
        registry->is_paused = registry->is_following = false;
        registry->paused_until = 0;
    }
    return r;
}

/* Reads the whole file, and puts a NUL behind it; the caller frees *text, NULL where it fails. */
static int slurp(const char *path, char **text, size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;
    ssize_t n = -1;
    int r;

    if (fd < 0)
        return -errno;
    r = fstat(fd, &st) < 0 ? -errno : 0;
    if (r == 0 && (!S_ISREG(st.st_mode) || st.st_size > FILE_MAX))
        r = -EBADMSG;
    *text = r == 0 ? malloc((size_t)st.st_size + 1) : NULL;
    if (r == 0 && *text == NULL)
        r = -ENOMEM;
    if (r == 0)
        n = read(fd, *text, (size_t)st.st_size);
    close(fd);
    if (r == 0 && n != st.st_size)
        r = -EBADMSG;
    if (r != 0) {
        free(*text);
        *text = NULL;
        return r;
    }
    (*text)[n] = '\0';
    *size = (size_t)n;
    return 0;
}

int store_load(struct registry *registry, const char *path, store_found_fn *found, void *arg)
{
    char *text = NULL;
    size_t size = 0;
    int r = slurp(path, &text, &size);

    if (text == NULL)
        return r == -ENOENT ? 0 : r;
    r = store_read(registry, text, size, found, arg);
    free(text);
    return r;
}
