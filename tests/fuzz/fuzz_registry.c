/* SPDX-License-Identifier: MIT */
/* The saved registry. Any bytes are its file: they are refused whole, or what was read of them can be
 * saved and read again, and is the same then. The clocks stand still. */
#include "config.h"

#include "relayd/base/log.h"
#include "relayd/base/utf8.h"
#include "relayd/base/util.h"
#include "relayd/upstream/store.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <math.h>

#define NOW 100000.0

double __wrap_monotonic_seconds(void);
time_t __wrap_time(time_t *out);

double __wrap_monotonic_seconds(void)
{
    return NOW;
}

time_t __wrap_time(time_t *out)
{
    return 1700000000;
}

static void found(void *arg, struct upstream *u)
{
    registry_append(arg, u);
}

/* A login's facts were somebody's; they are shown by programs that trust relayd. */
static void check_upstream(const struct registry *registry, const struct upstream *u)
{
    const struct upstream_login *login = &u->login;
    const char *const facts[] = {login->label, login->host, login->connection, login->tty};

    fuzz_must(u->id > 0 && u->id <= registry->last_id);
    fuzz_must(registry_find(registry, u->id) == u);
    fuzz_must(u->pin.fd < 0);
    for (size_t i = 0; i < ARRAY_SIZE(facts); i++)
        fuzz_must(facts[i] == NULL || utf8_is_clean(facts[i]));
}

static void check_registry(const struct registry *registry)
{
    struct upstream *u;
    unsigned n = 0;

    list_for_each(u, &registry->upstreams, link) {
        check_upstream(registry, u);
        n++;
    }
    fuzz_must(n == registry->n && n <= REGISTRY_MAX);
}

static int read_text(struct registry *registry, const void *text, size_t size)
{
    uint8_t *copy = malloc(size + 1);
    int r;

    fuzz_must(copy != NULL);
    memcpy(copy, text, size);
    copy[size] = '\0';
    registry_init(registry);
    r = store_read(registry, (char *)copy, size, found, registry);
    free(copy);
    fuzz_must(r == 0 || (r == -EBADMSG && registry->n == 0 && registry->last_id == 0 &&
                         !registry->is_paused && !registry->is_following));
    check_registry(registry);
    return r;
}

static void write_text(const struct registry *registry, struct fuzz_sheet *sheet)
{
    store_write(registry, fuzz_sheet_begin(sheet));
    fuzz_sheet_end(sheet);
}

static bool is_same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* To the digits that are saved. */
static bool is_same_time(double a, double b)
{
    return fabs(a - b) < 0.002;
}

static bool is_same_login(const struct upstream_login *a, const struct upstream_login *b)
{
    return is_same_text(a->label, b->label) && is_same_text(a->host, b->host) &&
           is_same_text(a->connection, b->connection) && is_same_text(a->tty, b->tty) &&
           a->is_fallback == b->is_fallback && is_same_time(a->registered_at, b->registered_at);
}

static bool is_same_silence(const struct upstream_silence *a, const struct upstream_silence *b)
{
    return a->cause == b->cause && is_same_time(a->since, b->since) && a->is_chatty == b->is_chatty &&
           is_same_time(a->waited, b->waited) && is_same_time(a->forgive_at, b->forgive_at) &&
           is_same_time(a->lasts_next, b->lasts_next);
}

/* Of the two times a file that was bound has one. */
static bool is_same_pin(const struct pin *a, const struct pin *b)
{
    const struct timespec *x = a->has_birth ? &a->birth : &a->ctime;
    const struct timespec *y = b->has_birth ? &b->birth : &b->ctime;

    return a->dev == b->dev && a->ino == b->ino && a->has_birth == b->has_birth &&
           x->tv_sec == y->tv_sec && x->tv_nsec == y->tv_nsec;
}

static void check_same(const struct registry *registry, const struct registry *again)
{
    struct upstream *a, *b = list_entry(&again->upstreams, struct upstream, link);

    fuzz_must(again->n == registry->n && again->last_id == registry->last_id &&
              again->preferred == registry->preferred && again->is_paused == registry->is_paused &&
              is_same_time(again->paused_until, registry->paused_until));
    fuzz_must(again->is_following == registry->is_following &&
              again->followed == registry->followed &&
              is_same_time(again->followed_since, registry->followed_since));
    list_for_each(a, &registry->upstreams, link) {
        b = list_entry(b->link.next, struct upstream, link);
        fuzz_must(a->id == b->id && strcmp(a->path, b->path) == 0 && is_same_pin(&a->pin, &b->pin));
        fuzz_must(a->process.pid == b->process.pid && a->process.start == b->process.start);
        fuzz_must(is_same_login(&a->login, &b->login));
        fuzz_must(is_same_silence(&a->silence, &b->silence));
        fuzz_must(a->state == b->state && a->is_heard == b->is_heard &&
                  a->has_no_ping == b->has_no_ping && a->served == b->served &&
                  is_same_time(a->rtt, b->rtt));
        fuzz_must(a->is_used == b->is_used && (!a->is_used || is_same_time(a->used_at, b->used_at)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz_sheet first, second;
    struct registry registry, again;

    log_set_level(LOG_LEVEL_ERROR);
    if (read_text(&registry, data, size) == 0) {
        write_text(&registry, &first);
        fuzz_must(read_text(&again, first.text, first.size) == 0);
        check_same(&registry, &again);
        write_text(&again, &second);
        fuzz_must(first.size == second.size && memcmp(first.text, second.text, first.size) == 0);
        registry_fini(&again);
    }
    registry_fini(&registry);
    return 0;
}
