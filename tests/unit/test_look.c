/* SPDX-License-Identifier: MIT */
/* The look: who listens is found without a word to it, and who has ended is dropped. */
#include "config.h"

#include "relayd/upstream/look.h"

#include "relayd/base/log.h"
#include "relayd/base/sock.h"
#include "relayd/base/util.h"
#include "relayd/upstream/listening.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char *const no_own_paths[2];
static struct registry registry;
static int listener;

static void begin(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    registry_init(&registry);
    listener = sock_listen("s", SOCK_STREAM, 4);
    ck_assert_int_ge(listener, 0);
}

static void end(void)
{
    registry_fini(&registry);
    close_fd(listener);
}

static struct pin pin_of(const char *path)
{
    const char *reason;
    struct pin pin;

    ck_assert_int_eq(pin_open(&pin, path, no_own_paths, &reason), 0);
    return pin;
}

static bool is_found(const struct pin *pin, const char *path)
{
    struct listening one = {.pin = pin, .path = path};

    ck_assert_int_eq(listening_find(&one, 1), 0);
    return one.is_found;
}

static void stop_listening(void)
{
    listener = close_fd(listener);
}

static unsigned count_connections(void)
{
    unsigned n = 0;
    int fd;

    while ((fd = accept(listener, NULL, NULL)) >= 0) {
        close(fd);
        n++;
    }
    return n;
}

static struct upstream *add(const char *path)
{
    struct upstream *u = upstream_new(path);

    u->pin = pin_of(path);
    registry_add(&registry, u);
    return u;
}

START_TEST(a_listener_is_found_by_its_inode)
{
    struct pin pin = pin_of("s"), other = pin;
    /* The name is not needed, unless the tests run on btrfs. */
    const char *path = is_found(&pin, "/elsewhere") ? "/elsewhere" : "s";

    ck_assert_int_eq(rename("s", "t"), 0);
    ck_assert(is_found(&pin, path));
    ck_assert_int_eq(unlink("t"), 0);
    ck_assert(is_found(&pin, path));
    other.ino++;
    ck_assert(!is_found(&other, "s"));
    ck_assert_uint_eq(count_connections(), 0);
    stop_listening();
    ck_assert(!is_found(&pin, "s"));
}
END_TEST

/* As on btrfs, where stat(2) and the kernel mean different devices. */
START_TEST(of_another_device_the_name_is_needed_too)
{
    struct pin pin = pin_of("s");

    pin.dev++;
    ck_assert(is_found(&pin, "/a/path/s"));
    ck_assert(is_found(&pin, "s"));
    ck_assert(!is_found(&pin, "/a/path/ss"));
    ck_assert(!is_found(&pin, "/s/t"));
    ck_assert(!is_found(&pin, ""));
}
END_TEST

START_TEST(who_does_not_listen_is_not_found)
{
    int bound = sock_new(SOCK_STREAM), client;
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "bound"};
    struct pin pins[3];
    struct listening all[3] = {{.path = "bound"}, {.path = "other"}, {.path = "s"}};

    ck_assert_int_eq(bind(bound, (struct sockaddr *)&address, sizeof(address)), 0);
    client = sock_open("s", SOCK_STREAM);
    ck_assert_int_ge(client, 0);
    ck_assert_int_ge(sock_listen("other", SOCK_STREAM, 1), 0);
    pins[0] = pin_of("bound");
    pins[1] = pin_of("other");
    pins[2] = pin_of("s");
    for (int i = 0; i < 3; i++)
        all[i].pin = &pins[i];
    ck_assert_int_eq(listening_find(all, 3), 0);
    ck_assert(!all[0].is_found && all[1].is_found && all[2].is_found);
    stop_listening();
    ck_assert_int_eq(listening_find(all, 3), 0);
    ck_assert(!all[2].is_found);
}
END_TEST

/* More than the kernel puts into one packet. */
START_TEST(a_listener_is_found_among_many)
{
    struct pin pin = pin_of("s");
    char name[16];

    for (int i = 0; i < 700; i++) {
        snprintf(name, sizeof(name), "many%d", i);
        ck_assert_int_ge(sock_listen(name, SOCK_STREAM, 1), 0);
    }
    ck_assert(is_found(&pin, "s"));
    for (int i = 0; i < 700; i += 100) {
        snprintf(name, sizeof(name), "many%d", i);
        pin = pin_of(name);
        ck_assert(is_found(&pin, name));
    }
}
END_TEST

START_TEST(those_that_have_ended_are_dropped)
{
    add("s");
    ck_assert_int_ge(sock_listen("other", SOCK_STREAM, 1), 0);
    add("other");
    look_at_all(&registry);
    ck_assert_uint_eq(registry.n, 2);
    ck_assert_uint_eq(count_connections(), 0);
    stop_listening();
    look_at_all(&registry);
    ck_assert_uint_eq(registry.n, 1);
    ck_assert_ptr_nonnull(registry_find_path(&registry, "other"));
    registry_drop(&registry, registry_find_path(&registry, "other"), "test");
    look_at_all(&registry);
}
END_TEST

/* A listener that the kernel does not show to us is asked itself, and not often. */
START_TEST(one_connect_decides_where_none_is_found)
{
    struct upstream *u = add("s");

    u->pin.ino++;
    look_at_all(&registry);
    look_at_all(&registry);
    ck_assert_uint_eq(count_connections(), 1);
    u->looked_at -= LOOK_SECONDS;
    look_at_all(&registry);
    ck_assert_uint_eq(count_connections(), 1);
    stop_listening();
    look_at_all(&registry);
    ck_assert_uint_eq(registry.n, 1);
    u->looked_at -= LOOK_SECONDS;
    look_at_all(&registry);
    ck_assert_uint_eq(registry.n, 0);
}
END_TEST

START_TEST(who_is_asked_by_a_ping_is_left_alone)
{
    struct upstream *u = add("s");

    stop_listening();
    upstream_begin(u, UPSTREAM_PING, monotonic_seconds());
    look_at_all(&registry);
    ck_assert_uint_eq(registry.n, 1);
    upstream_end(u, UPSTREAM_PING, monotonic_seconds());
    look_at_all(&registry);
    ck_assert_uint_eq(registry.n, 0);
}
END_TEST

START_TEST(a_full_backlog_is_no_end)
{
    struct upstream *u;

    stop_listening();
    ck_assert_int_eq(unlink("s"), 0);
    listener = sock_listen("s", SOCK_STREAM, 0);
    u = add("s");
    while (sock_open("s", SOCK_STREAM) >= 0)
        ;
    ck_assert(!look_is_ended(u));
    stop_listening();
    ck_assert(look_is_ended(u));
}
END_TEST

/* What the kernel is made to say: a message without its padding, and what would be read by whoever
 * went on behind it. */
static struct {
    struct nlmsghdr head;
    char body[4]; /* one byte of it is the message's */
    struct nlmsghdr behind;
    struct nlmsgerr error;
} forged;
static size_t forged_size; /* 0: the kernel speaks itself */

ssize_t __real_recv(int fd, void *data, size_t size, int flags);
ssize_t __wrap_recv(int fd, void *data, size_t size, int flags);

/* It speaks once. */
ssize_t __wrap_recv(int fd, void *data, size_t size, int flags)
{
    ssize_t n = (ssize_t)forged_size;

    if (n == 0)
        return __real_recv(fd, data, size, flags);
    memcpy(data, &forged, sizeof(forged));
    forged_size = 0;
    return n;
}

START_TEST(nothing_behind_a_message_is_read)
{
    struct pin pin = pin_of("s");
    struct listening one = {.pin = &pin, .path = "s"};

    forged_size = offsetof(typeof(forged), body) + 1;
    forged.head = (struct nlmsghdr){.nlmsg_len = (uint32_t)forged_size, .nlmsg_type = NLMSG_NOOP};
    forged.behind = (struct nlmsghdr){.nlmsg_len = sizeof(forged.behind) + sizeof(forged.error),
                                      .nlmsg_type = NLMSG_ERROR};
    forged.error.error = -77;
    ck_assert_int_eq(listening_find(&one, 1), 0);
    ck_assert(one.is_found);
    close_fd(pin.fd);
}
END_TEST

static void add_tests(TCase *tcase)
{
    scratch_add(tcase);
    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_test(tcase, a_listener_is_found_by_its_inode);
    tcase_add_test(tcase, of_another_device_the_name_is_needed_too);
    tcase_add_test(tcase, who_does_not_listen_is_not_found);
    tcase_add_test(tcase, a_listener_is_found_among_many);
    tcase_add_test(tcase, nothing_behind_a_message_is_read);
    tcase_add_test(tcase, those_that_have_ended_are_dropped);
    tcase_add_test(tcase, one_connect_decides_where_none_is_found);
    tcase_add_test(tcase, who_is_asked_by_a_ping_is_left_alone);
    tcase_add_test(tcase, a_full_backlog_is_no_end);
}

int main(void)
{
    return run_tests("look", add_tests);
}
