/* SPDX-License-Identifier: MIT */
/* The store: what was saved comes back, and a damaged file is not believed. */
#include "config.h"

#include "relayd/base/log.h"
#include "relayd/upstream/store.h"
#include "relayd/base/util.h"
#include "tests/unit/clock.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct registry saved, loaded;
static const char *file;

static void found(void *arg, struct upstream *u)
{
    registry_append(arg, u);
}

static void begin(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    clock_own();
    registry_init(&saved);
    registry_init(&loaded);
    file = scratch_path("upstreams");
}

static void end(void)
{
    registry_fini(&saved);
    registry_fini(&loaded);
}

static struct upstream *add_plain(const char *path)
{
    struct upstream *u = upstream_new(path);

    registry_add(&saved, u);
    return u;
}

/* One with nothing left as it was born. */
static struct upstream *add_full(void)
{
    double now = monotonic_seconds();
    struct upstream *u = upstream_new("/tmp/a b\n\ncd%=\x01\xc3\xa4/agent.7");

    ck_assert_int_eq(upstream_set_facts(u, "lap\ntop", "10.0.0.5 50022 10.0.0.9 22", "/dev/pts/3"),
                     0);
    u->pin = (struct pin){.fd = -1, .dev = 66, .ino = 18446744073709551615UL,
                          .has_birth = true, .birth = {1700000000, 999999999}};
    u->process.pid = 4194304;
    u->process.start = 12345678901234;
    u->login.is_fallback = true;
    u->state = UPSTREAM_SILENT;
    u->silence.cause = CAUSE_LOOP;
    u->is_heard = true;
    u->has_no_ping = true;
    u->rtt = 0.012345;
    u->login.registered_at = now - 1000.125;
    u->silence.since = now - 31.5;
    u->silence.at = time(NULL) - 31;
    u->silence.waited = 4.25;
    u->silence.forgive_at = now + 28.5;
    u->silence.lasts_next = 60;
    u->silence.is_chatty = true;
    u->served = 77;
    upstream_note_used(u, now - 500);
    registry_add(&saved, u);
    return u;
}

static void check_text(const char *a, const char *b)
{
    ck_assert((a == NULL) == (b == NULL));
    if (a != NULL)
        ck_assert_str_eq(a, b);
}

/* Ages are saved, and a look at the clock takes some time. */
static bool is_near(double a, double b)
{
    return a - b < 0.1 && b - a < 0.1;
}

static bool is_same_verdict(const struct upstream *a, const struct upstream *b)
{
    return a->state == b->state && a->silence.cause == b->silence.cause && a->is_heard == b->is_heard &&
           a->has_no_ping == b->has_no_ping && b->rtt - a->rtt < 0.001 && a->rtt - b->rtt < 0.001 &&
           is_near(a->silence.since, b->silence.since) && is_near(a->silence.waited, b->silence.waited) &&
           is_near(a->silence.forgive_at, b->silence.forgive_at) && is_near(a->silence.lasts_next, b->silence.lasts_next) &&
           a->silence.is_chatty == b->silence.is_chatty;
}

static bool is_same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool is_same_pin(const struct pin *a, const struct pin *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->has_birth == b->has_birth &&
           is_same_time(&a->birth, &b->birth) && is_same_time(&a->ctime, &b->ctime);
}

static bool is_same(const struct upstream *a, const struct upstream *b)
{
    return a->id == b->id && strcmp(a->path, b->path) == 0 && is_same_pin(&a->pin, &b->pin) &&
           a->process.pid == b->process.pid &&
           a->process.start == b->process.start && a->login.is_fallback == b->login.is_fallback &&
           is_near(a->login.registered_at, b->login.registered_at) && a->served == b->served &&
           a->is_used == b->is_used && is_near(a->used_at, b->used_at) && is_same_verdict(a, b);
}

static bool is_all_same(void)
{
    struct list *a = saved.upstreams.next, *b = loaded.upstreams.next;

    while (a != &saved.upstreams && b != &loaded.upstreams &&
           is_same(list_entry(a, struct upstream, link), list_entry(b, struct upstream, link))) {
        a = a->next;
        b = b->next;
    }
    return a == &saved.upstreams && b == &loaded.upstreams && saved.last_id == loaded.last_id &&
           saved.preferred == loaded.preferred && saved.is_paused == loaded.is_paused &&
           is_near(saved.paused_until, loaded.paused_until);
}

static void load_all(void)
{
    ck_assert_int_eq(store_load(&loaded, file, found, &loaded), 0);
}

START_TEST(everything_comes_back)
{
    struct upstream *u, *full;

    add_plain("/tmp/plain");
    full = add_full();
    saved.last_id = 9;
    saved.preferred = full->id;
    saved.is_paused = true;
    saved.paused_until = monotonic_seconds() + 500.5;
    ck_assert_int_eq(store_save(&saved, file), 0);
    load_all();
    ck_assert(is_all_same());
    u = registry_find(&loaded, full->id);
    check_text(u->login.label, full->login.label);
    check_text(u->login.host, full->login.host);
    check_text(u->login.connection, full->login.connection);
    check_text(u->login.tty, full->login.tty);
    ck_assert_mem_eq(&u->tcp.tuple, &full->tcp.tuple, sizeof(u->tcp.tuple));
    ck_assert_int_eq(u->pin.fd, -1);
    ck_assert_int_eq(u->process.fd, -1);
    u = registry_find(&loaded, 1);
    check_text(u->login.label, NULL);
    check_text(u->login.connection, NULL);
    ck_assert_double_eq(u->rtt, -1);
}
END_TEST

START_TEST(a_socket_without_birth_keeps_its_ctime)
{
    add_plain("/tmp/plain")->pin = (struct pin){.fd = -1, .dev = 66, .ino = 5, .ctime = {17, 9}};
    ck_assert_int_eq(store_save(&saved, file), 0);
    load_all();
    ck_assert(is_all_same());
}
END_TEST

START_TEST(the_version_before_is_understood)
{
    static const char text[] = "registry\nversion=1\nlast-id=7\npreferred=7\npaused=0\nupstreams=1\n\n"
                               "upstream\nid=7\npath=/tmp/s\ndev=66\nino=5\nctime=17\n"
                               "ctime-nsec=9\npid=4\npid-start=5\nstate=1\nheard=1\n\nend\n";
    struct upstream *u;

    scratch_write(file, text, sizeof(text) - 1);
    load_all();
    u = registry_find(&loaded, 7);
    ck_assert_ptr_nonnull(u);
    ck_assert(is_same_pin(&u->pin, &(struct pin){.dev = 66, .ino = 5, .ctime = {17, 9}}));
}
END_TEST

/* As after a boot: it ended before the host began to count. */
START_TEST(a_pause_that_is_long_over_has_an_end)
{
    static const char text[] = "registry\nversion=1\nlast-id=0\npaused=1\nupstreams=0\n"
                               "paused-until=1000000\n\nend\n";

    scratch_write(file, text, sizeof(text) - 1);
    load_all();
    ck_assert(loaded.is_paused);
    ck_assert_double_gt(loaded.paused_until, 0);
    ck_assert_double_le(loaded.paused_until, monotonic_seconds());
}
END_TEST

START_TEST(the_order_comes_back)
{
    char order[4] = "";
    struct upstream *u;
    unsigned n = 0;

    add_plain("a");
    add_full();
    add_plain("b");
    ck_assert_int_eq(store_save(&saved, file), 0);
    load_all();
    ck_assert_uint_eq(loaded.n, 3);
    list_for_each(u, &loaded.order, turn)
        order[n++] = u->path[0];
    ck_assert_str_eq(order, "ba/");
}
END_TEST

START_TEST(a_full_registry_comes_back)
{
    for (int i = 0; i < REGISTRY_MAX; i++)
        add_plain("/tmp/s");
    ck_assert_int_eq(store_save(&saved, file), 0);
    load_all();
    ck_assert_uint_eq(loaded.n, REGISTRY_MAX);
    ck_assert(is_all_same());
}
END_TEST

START_TEST(an_empty_registry_and_a_missing_file_are_empty)
{
    load_all();
    ck_assert_uint_eq(loaded.n, 0);
    saved.last_id = 7;
    ck_assert_int_eq(store_save(&saved, file), 0);
    load_all();
    ck_assert_uint_eq(loaded.n, 0);
    ck_assert_uint_eq(loaded.last_id, 7);
}
END_TEST

START_TEST(the_file_is_0600_and_alone)
{
    umask(0);
    scratch_write(file, "", 0);
    ck_assert_int_eq(chmod(file, 0644), 0);
    ck_assert_int_eq(store_save(&saved, file), 0);
    ck_assert_uint_eq(scratch_mode(file), 0600);
    ck_assert_int_eq(access(scratch_path("upstreams.new"), F_OK), -1);
}
END_TEST

START_TEST(a_file_that_cannot_be_written_leaves_the_old_one)
{
    add_plain("/tmp/s");
    ck_assert_int_eq(store_save(&saved, file), 0);
    ck_assert_int_eq(mkdir(scratch_path("upstreams.new"), 0700), 0);
    add_plain("/tmp/t");
    ck_assert_int_eq(store_save(&saved, file), -EISDIR);
    load_all();
    ck_assert_uint_eq(loaded.n, 1);
    ck_assert_int_eq(store_save(&saved, scratch_path("no/such/dir")), -ENOENT);
}
END_TEST

/* As on a disk that is full before the end of it. */
START_TEST(a_file_that_gets_too_large_leaves_the_old_one)
{
    const struct rlimit least = {.rlim_cur = 4096, .rlim_max = 4096};

    add_plain("/tmp/s");
    ck_assert_int_eq(store_save(&saved, file), 0);
    for (int i = 1; i < REGISTRY_MAX; i++)
        add_plain("/tmp/t");
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &least), 0);
    ck_assert_int_lt(store_save(&saved, file), 0);
    load_all();
    ck_assert_uint_eq(loaded.n, 1);
}
END_TEST

/* Nobody is waited for who would read it. */
START_TEST(a_fifo_in_the_way_is_an_error)
{
    add_plain("/tmp/s");
    ck_assert_int_eq(mkfifo(scratch_path("upstreams.new"), 0600), 0);
    ck_assert_int_eq(store_save(&saved, scratch_path("upstreams")), -ENXIO);
}
END_TEST

START_TEST(what_is_no_plain_file_is_refused)
{
    add_plain("/tmp/s");
    ck_assert_int_eq(store_save(&saved, scratch_path("real")), 0);
    ck_assert_int_eq(symlink("real", file), 0);
    ck_assert_int_eq(store_load(&loaded, file, found, &loaded), -ELOOP);
    unlink(file);
    ck_assert_int_eq(mkfifo(file, 0600), 0);
    ck_assert_int_eq(store_load(&loaded, file, found, &loaded), -EBADMSG);
    unlink(file);
    ck_assert_int_eq(mkdir(file, 0700), 0);
    ck_assert_int_eq(store_load(&loaded, file, found, &loaded), -EBADMSG);
    ck_assert_uint_eq(loaded.n, 0);
    ck_assert_int_eq(symlink("elsewhere", scratch_path("other.new")), 0);
    ck_assert_int_eq(store_save(&saved, scratch_path("other")), -ELOOP);
}
END_TEST

static char *save_two(size_t *size)
{
    add_plain("/tmp/plain");
    add_full();
    saved.last_id = 2;
    saved.preferred = 1;
    saved.is_paused = true;
    saved.paused_until = monotonic_seconds() + 500.5;
    ck_assert_int_eq(store_save(&saved, file), 0);
    return scratch_read(file, size);
}

/* Loads what is in the file. Returns whether it was believed; a file that is not
 * has left nothing behind. */
static bool reload(void)
{
    int r;

    registry_fini(&loaded);
    registry_init(&loaded);
    r = store_load(&loaded, file, found, &loaded);
    if (r == 0)
        return true;
    ck_assert_int_eq(r, -EBADMSG);
    ck_assert_uint_eq(loaded.n, 0);
    ck_assert(loaded.last_id == 0 && loaded.preferred == 0 && !loaded.is_paused);
    return false;
}

START_TEST(a_file_cut_anywhere_is_refused_or_the_same)
{
    size_t size;
    char *text = save_two(&size);

    for (size_t n = 0; n <= size; n++) {
        scratch_write(file, text, n);
        if (reload())
            ck_assert_msg(is_all_same(), "cut at %zu of %zu bytes: another registry", n, size);
    }
    free(text);
}
END_TEST

START_TEST(a_file_with_a_flipped_bit_is_refused_or_whole)
{
    size_t size;
    char *text = save_two(&size);

    for (size_t i = 0; i < size; i++) {
        text[i] ^= (char)(1 << _i);
        scratch_write(file, text, size);
        if (reload())
            ck_assert_msg(loaded.n == 2, "bit %d of byte %zu: half a registry", _i, i);
        text[i] ^= (char)(1 << _i);
    }
    free(text);
}
END_TEST

START_TEST(a_file_with_something_behind_it_is_refused)
{
    static const char *const tails[] = {"x", "\nupstream\nid=3\npath=/x\n", "\n\n"};
    size_t size;
    char *text = save_two(&size), longer[8192];
    size_t n = (size_t)snprintf(longer, sizeof(longer), "%s%s", text, tails[_i]);

    scratch_write(file, longer, n);
    ck_assert(!reload());
    memcpy(longer, text, size);
    longer[size] = '\0';
    scratch_write(file, longer, size + 1);
    ck_assert(!reload());
    free(text);
}
END_TEST

START_TEST(a_refused_file_leaves_no_pause_and_follows_nobody)
{
    size_t size;
    char *text;

    saved.is_following = true;
    text = save_two(&size);

    scratch_write(file, text, size - 100);
    ck_assert(!reload());
    ck_assert_double_eq(loaded.paused_until, 0);
    ck_assert(!loaded.is_following);
    free(text);
}
END_TEST

START_TEST(absurd_ids_are_refused)
{
    static const struct { const char *last, *first, *second; bool is_sound; } rows[] = {
        {"9", "8", "9", true},
        {"9007199254740992", "1", "9007199254740992", true},
        {"18446744073709551615", "1", "2", false},
        {"9007199254740993", "1", "2", false},
        {"-1", "1", "2", false},
        {"", "1", "2", false},
        {"9", "1", "10", false},
        {"9", "0", "1", false},
        {"9", "18446744073709551615", "1", false},
        {"9", "3", "3", false},
    };
    char text[256];
    int n = snprintf(text, sizeof(text),
                     "registry\nversion=1\nlast-id=%s\nupstreams=2\n\nupstream\nid=%s\npath=/a\n\n"
                     "upstream\nid=%s\npath=/b\n\nend\n",
                     rows[_i].last, rows[_i].first, rows[_i].second);

    scratch_write(file, text, (size_t)n);
    ck_assert(reload() == rows[_i].is_sound);
}
END_TEST

START_TEST(a_file_of_another_version_is_refused)
{
    static const char text[] = "registry\nversion=2\nlast-id=0\nupstreams=0\n";

    scratch_write(file, text, sizeof(text) - 1);
    ck_assert(!reload());
}
END_TEST

static void add(TCase *tcase)
{
    scratch_add(tcase);
    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_test(tcase, everything_comes_back);
    tcase_add_test(tcase, a_socket_without_birth_keeps_its_ctime);
    tcase_add_test(tcase, the_version_before_is_understood);
    tcase_add_test(tcase, a_pause_that_is_long_over_has_an_end);
    tcase_add_test(tcase, the_order_comes_back);
    tcase_add_test(tcase, a_full_registry_comes_back);
    tcase_add_test(tcase, an_empty_registry_and_a_missing_file_are_empty);
    tcase_add_test(tcase, the_file_is_0600_and_alone);
    tcase_add_test(tcase, a_file_that_cannot_be_written_leaves_the_old_one);
    tcase_add_test(tcase, a_file_that_gets_too_large_leaves_the_old_one);
    tcase_add_test(tcase, a_fifo_in_the_way_is_an_error);
    tcase_add_test(tcase, what_is_no_plain_file_is_refused);
    tcase_add_test(tcase, a_file_cut_anywhere_is_refused_or_the_same);
    tcase_add_loop_test(tcase, a_file_with_a_flipped_bit_is_refused_or_whole, 0, 8);
    tcase_add_loop_test(tcase, a_file_with_something_behind_it_is_refused, 0, 3);
    tcase_add_test(tcase, a_refused_file_leaves_no_pause_and_follows_nobody);
    tcase_add_loop_test(tcase, absurd_ids_are_refused, 0, 10);
    tcase_add_test(tcase, a_file_of_another_version_is_refused);
}

int main(void)
{
    return run_tests("store", add);
}
