/* SPDX-License-Identifier: MIT */
/* Handing sessions over. The manager is played: a datagram socket where sd_notify(3)
 * sends to, which keeps the descriptors that come. */
#include "config.h"

#include "relayd/handover.h"
#include "relayd/session/record.h"
#include "tests/unit/scratch.h"
#include "tests/unit/stage.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define OTHER_UID 54321

static int manager;
static struct handover handover;
static struct notify notify;

static void begin(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", scratch_path("notify"));
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    ck_assert_int_eq(bind(manager, (struct sockaddr *)&address, sizeof(address)), 0);
    setenv("NOTIFY_SOCKET", address.sun_path, 1);
    notify_init(&notify, loop);
}

static void end(void)
{
    handover_fini(&handover);
    notify_fini(&notify, 0);
    close(manager);
}

/* The next message that has come, and its descriptors. Returns how many of these. */
static int next_message(char *text, size_t size, int fds[2])
{
    union {
        char bytes[CMSG_SPACE(2 * sizeof(int)) + CMSG_SPACE(3 * sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec iov = {.iov_base = text, .iov_len = size - 1};
    struct msghdr msg = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
    ssize_t n = recvmsg(manager, &msg, 0);

    text[n < 0 ? 0 : n] = '\0';
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); n >= 0 && c != NULL; c = CMSG_NXTHDR(&msg, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        memcpy(fds, CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
        return (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    }
    return 0;
}

/* What the manager does: keeps all, and gives it to the next process, the last first. */
static int store(void)
{
    char text[512];
    int fds[2], n, all = 0;

    while ((n = next_message(text, sizeof(text), fds)) > 0) {
        const char *name = strstr(text, "FDNAME=");

        ck_assert_ptr_nonnull(strstr(text, "FDSTORE=1\n"));
        ck_assert_ptr_nonnull(strstr(text, "FDPOLL=0\n"));
        ck_assert_ptr_nonnull(name);
        for (all += n; n > 0; n--)
            handover_note(&handover, fds[n - 1], name + strlen("FDNAME="));
    }
    return all;
}

/* The process ends, and the next one begins. Returns how many sessions it gave away. */
static unsigned restart(void)
{
    unsigned n;

    sessions_quiesce(&sessions);
    n = handover_give(&sessions, &notify);
    sessions_fini(&sessions);
    store();
    sessions_init(&sessions, &enrol, &options);
    return n;
}

static unsigned take_up(void)
{
    unsigned n = handover_take_up(&handover, &sessions, &notify);

    turn_while_busy(loop);
    return n;
}

static struct session *the_session(void)
{
    return list_entry(sessions.list.next, struct session, link);
}

static void begin_signing(void)
{
    add_both();
    begin_client();
    ASK(list);
    HEAR(list_by_a);
    a.on[AGENT_KIND_SIGN] = FAKE_SAYS_NOTHING;
    ASK(sign);
    turn_while_busy(loop);
}

START_TEST(a_session_goes_on_where_it_was)
{
    double waiting_since;

    begin_signing();
    waiting_since = the_session()->waiting_since;
    outlast_patience();
    ck_assert_uint_eq(restart(), 1);
    ck_assert_uint_eq(take_up(), 1);
    ck_assert_uint_eq(the_session()->relay.owed, 1);
    ck_assert(the_session()->relay.is_unsafe);
    ck_assert_uint_eq(the_session()->relay.asked[AGENT_KIND_LIST], 1);
    ck_assert_uint_eq(the_session()->relay.asked[AGENT_KIND_SIGN], 1);
    ck_assert_double_eq_tol(the_session()->waiting_since, waiting_since, 0.002);
    ck_assert_str_ne(the_session()->command, ""); /* it will be logged */
    ck_assert_uint_eq(registry_find_path(&registry, a.path)->load[UPSTREAM_SESSION].n, 1);
    ck_assert_uint_eq(registry_find_path(&registry, a.path)->load[UPSTREAM_PROMPT].n, 1);
    ck_assert_double_eq_tol(registry_find_path(&registry, a.path)->load[UPSTREAM_PROMPT].since, waiting_since,
                            0.002);
    fake_say(&a, sign_by_a, sizeof(sign_by_a));
    HEAR(sign_by_a);
    ck_assert_uint_eq(the_session()->relay.owed, 0);
    ASK(list);
    HEAR(list_by_a);
    ck_assert_uint_eq(a.connections, 1);
    check_quiet(&b);
}
END_TEST

START_TEST(a_full_store_gets_no_more)
{
    begin_signing();
    setenv("FDSTORE", "1", 1);
    ck_assert_uint_eq(restart(), 0);
    check_end();
    unsetenv("FDSTORE");
}
END_TEST

START_TEST(a_store_has_room_for_both_ends)
{
    begin_signing();
    setenv("FDSTORE", "2", 1);
    ck_assert_uint_eq(restart(), 1);
    ck_assert_uint_eq(take_up(), 1);
    unsetenv("FDSTORE");
}
END_TEST

START_TEST(an_answer_may_be_cut_anywhere)
{
    begin_signing();
    fake_say(&a, sign_by_a, (size_t)_i);
    turn_while_busy(loop);
    ck_assert_uint_eq(restart(), _i == 0 || _i >= AGENT_HEADER);
    if (_i > 0 && _i < AGENT_HEADER)
        return; /* its beginning is held here until the rest has come, in vain */
    take_up();
    fake_say(&a, sign_by_a + _i, sizeof(sign_by_a) - (size_t)_i);
    HEAR(sign_by_a);
    ck_assert_uint_eq(the_session()->relay.owed, 0);
}
END_TEST

START_TEST(a_question_may_be_cut_too)
{
    static uint8_t question[4 + 100000] = {0, 1, 0x86, 0xa0, 13};

    add_both();
    begin_client();
    ASK(list);
    HEAR(list_by_a);
    ask(question, 50000);
    turn_while_busy(loop);
    ck_assert_uint_eq(restart(), 1);
    ck_assert_uint_eq(take_up(), 1);
    ask(question + 50000, sizeof(question) - 50000);
    HEAR(sign_by_a);
    ASK(list);
    HEAR(list_by_a);
}
END_TEST

START_TEST(so_may_one_that_was_refused)
{
    static uint8_t question[4 + 100000] = {0, 1, 0x86, 0xa0, 17};

    options.is_read_only = true;
    add_both();
    begin_client();
    ASK(list);
    HEAR(list_by_a);
    ask(question, 50000);
    HEAR(failure);
    ck_assert_uint_eq(restart(), 1);
    ck_assert_uint_eq(take_up(), 1);
    ask(question + 50000, sizeof(question) - 50000);
    ASK(list);
    HEAR(list_by_a);
    ck_assert_uint_eq(a.asked[AGENT_KIND_ADD], 0);
}
END_TEST

START_TEST(one_half_closed_is_answered)
{
    begin_signing();
    ck_assert_int_eq(shutdown(the_client, SHUT_WR), 0);
    turn_while_busy(loop);
    ck_assert_uint_eq(restart(), 1);
    ck_assert_uint_eq(take_up(), 1);
    fake_say(&a, sign_by_a, sizeof(sign_by_a));
    HEAR(sign_by_a);
    check_end();
}
END_TEST

START_TEST(a_raw_session_goes_on_too)
{
    options.is_raw = enrol.is_raw = true;
    add_both();
    begin_client();
    ASK(list);
    HEAR(list_by_a);
    ck_assert_uint_eq(restart(), 1);
    ck_assert_uint_eq(take_up(), 1);
    ASK(sign);
    HEAR(sign_by_a);
    ck_assert_uint_eq(a.connections, 1);
}
END_TEST

START_TEST(a_raw_session_that_quiesces_reads_no_more)
{
    options.is_raw = enrol.is_raw = true;
    add_both();
    begin_client();
    turn_while_busy(loop);
    ASK(list);
    sessions_quiesce(&sessions);
    turn_while_busy(loop);
    ck_assert_uint_eq(a.n_asked, 0);
    ck_assert_uint_eq(restart(), 1);
    ck_assert_uint_eq(take_up(), 1);
    HEAR(list_by_a);
}
END_TEST

START_TEST(one_with_a_bind_that_is_held_is_not_given_away)
{
    static const uint8_t bind[] = {
        0, 0, 0, 42, 27, 0, 0, 0, 24, 's', 'e', 's', 's', 'i', 'o', 'n', '-', 'b', 'i', 'n', 'd', '@',
        'o', 'p', 'e', 'n', 's', 's', 'h', '.', 'c', 'o', 'm', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

    add_both();
    begin_client();
    ASK(bind);
    HEAR(failure);
    ck_assert_uint_gt(flow_size(&the_session()->binds), 0);
    ck_assert_uint_eq(restart(), 0);
    check_end();
}
END_TEST

START_TEST(one_that_met_no_upstream_is_not_given_away)
{
    begin_client();
    ASK(list);
    HEAR(failure);
    ck_assert_int_eq(the_session()->state, SESSION_NONE);
    ck_assert_uint_eq(restart(), 0);
    check_end();
}
END_TEST

START_TEST(what_comes_meanwhile_is_not_lost)
{
    begin_signing();
    ck_assert_uint_eq(restart(), 1);
    fake_say(&a, sign_by_a, sizeof(sign_by_a));
    ck_assert_uint_eq(take_up(), 1);
    HEAR(sign_by_a);
    fake_fini(&a);
}
END_TEST

START_TEST(what_is_asked_meanwhile_is_left_to_the_next)
{
    begin_signing();
    sessions_quiesce(&sessions);
    ASK(list);
    turn_while_busy(loop);
    ck_assert_uint_eq(a.asked[AGENT_KIND_LIST], 1); /* the one before */
    ck_assert_uint_eq(restart(), 1);
    ck_assert_uint_eq(take_up(), 1);
    fake_say(&a, sign_by_a, sizeof(sign_by_a));
    turn_while_busy(loop);
    ck_assert_uint_eq(a.asked[AGENT_KIND_LIST], 2);
}
END_TEST

START_TEST(a_client_that_has_asked_nothing_goes_alone)
{
    add_both();
    begin_client();
    turn_while_busy(loop);
    ck_assert_uint_eq(restart(), 1);
    ck_assert_uint_eq(handover.n, 1);
    ck_assert_uint_eq(take_up(), 1);
    check_quiet(&a);
    ASK(list);
    HEAR(list_by_a);
}
END_TEST

START_TEST(one_that_dials_is_not_given_away)
{
    add_both();
    a.on[AGENT_KIND_LIST] = FAKE_SAYS_NOTHING;
    begin_client();
    ASK(list);
    turn_while_busy(loop);
    ck_assert_uint_eq(restart(), 0);
    ck_assert_uint_eq(handover.n, 0);
    check_end();
}
END_TEST

START_TEST(the_store_is_emptied)
{
    char text[512], stored[256];
    int fds[2];

    begin_signing();
    restart();
    snprintf(stored, sizeof(stored), "FDSTOREREMOVE=1\nFDNAME=%s", handover.fds[0].name);
    take_up();
    ck_assert_int_eq(next_message(text, sizeof(text), fds), 0);
    ck_assert_str_eq(text, stored);
}
END_TEST

START_TEST(a_session_of_which_something_is_missing_is_closed)
{
    begin_signing();
    ck_assert_uint_eq(restart(), 1);
    ck_assert_uint_eq(handover.n, 2);
    close(handover.fds[_i].fd);
    handover.fds[_i].fd = dup(manager); /* something else under its name */
    ck_assert_uint_eq(take_up(), 0);
    check_end();
}
END_TEST

static uint64_t inode(int fd)
{
    struct stat st;

    ck_assert_int_eq(fstat(fd, &st), 0);
    return st.st_ino;
}

/* One that a user has made: the peer is the one who did, for the kernel. */
static int socket_of(uid_t uid)
{
    static int pair[2];

    ck_assert_int_eq(seteuid(uid), 0);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    ck_assert_int_eq(seteuid(getuid()), 0);
    return pair[0];
}

/* In the place of one of the two that came back, and in the record. */
static void replace(struct stored_fd *end, int fd)
{
    char name[RECORD_NAME_SIZE];
    struct record record;

    ck_assert_int_eq(record_read(&record, end->name), 0);
    *(record.client == inode(end->fd) ? &record.client : &record.upstream) = inode(fd);
    ck_assert_int_eq(record_write(&record, name), 0);
    close(end->fd);
    end->fd = fd;
    for (size_t i = 0; i < handover.n; i++) {
        free(handover.fds[i].name);
        handover.fds[i].name = strdup(name);
    }
}

START_TEST(one_with_an_end_of_another_user_is_closed)
{
    bool is_other = _i >= 2;

    if (is_other && geteuid() != 0)
        return;
    begin_signing();
    ck_assert_uint_eq(restart(), 1);
    replace(&handover.fds[_i % 2], socket_of(is_other ? OTHER_UID : geteuid()));
    ck_assert_uint_eq(take_up(), !is_other);
}
END_TEST

START_TEST(one_of_another_mode_is_closed)
{
    begin_signing();
    ck_assert_uint_eq(restart(), 1);
    options.is_raw = true;
    ck_assert_uint_eq(take_up(), 0);
    check_end();
}
END_TEST

/* Before the restart, or between. What it signs has its number all the same. */
START_TEST(one_whose_upstream_is_dropped_goes_on)
{
    struct upstream *u;
    uint64_t id;

    begin_signing();
    u = registry_find_path(&registry, a.path);
    id = u->id;
    if (_i == 0)
        registry_drop(&registry, u, "for the test");
    ck_assert_uint_eq(restart(), 1);
    if (_i == 1)
        registry_drop(&registry, u, "for the test");
    ck_assert_uint_eq(take_up(), 1);
    ck_assert_uint_eq(the_session()->upstream_id, 0);
    ck_assert_uint_eq(session_login(the_session()), id);
    fake_say(&a, sign_by_a, sizeof(sign_by_a));
    HEAR(sign_by_a);
}
END_TEST

START_TEST(descriptors_that_are_no_session_s_are_closed)
{
    int pair[2];
    char byte;

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    handover_note(&handover, pair[1], "somebody-else-s");
    ck_assert_uint_eq(take_up(), 0);
    ck_assert_int_eq(recv(pair[0], &byte, 1, 0), 0);
    close(pair[0]);
}
END_TEST

static bool is_out_of_memory;

void *__real_reallocarray(void *old, size_t n, size_t size);
void *__wrap_reallocarray(void *old, size_t n, size_t size);

void *__wrap_reallocarray(void *old, size_t n, size_t size)
{
    return is_out_of_memory ? NULL : __real_reallocarray(old, n, size);
}

START_TEST(without_memory_they_are_closed_too)
{
    int pair[2];
    char byte;

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    is_out_of_memory = true;
    handover_note(&handover, pair[1], "somebody-else-s");
    is_out_of_memory = false;
    ck_assert_int_eq(recv(pair[0], &byte, 1, MSG_DONTWAIT), 0);
    ck_assert_uint_eq(take_up(), 0);
    close(pair[0]);
}
END_TEST

static void add(TCase *tcase)
{
    stage_add(tcase);
    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_test(tcase, a_session_goes_on_where_it_was);
    tcase_add_test(tcase, a_full_store_gets_no_more);
    tcase_add_test(tcase, a_store_has_room_for_both_ends);
    tcase_add_loop_test(tcase, an_answer_may_be_cut_anywhere, 0, sizeof(sign_by_a));
    tcase_add_test(tcase, a_question_may_be_cut_too);
    tcase_add_test(tcase, so_may_one_that_was_refused);
    tcase_add_test(tcase, one_half_closed_is_answered);
    tcase_add_test(tcase, a_raw_session_goes_on_too);
    tcase_add_test(tcase, a_raw_session_that_quiesces_reads_no_more);
    tcase_add_test(tcase, one_with_a_bind_that_is_held_is_not_given_away);
    tcase_add_test(tcase, one_that_met_no_upstream_is_not_given_away);
    tcase_add_test(tcase, what_comes_meanwhile_is_not_lost);
    tcase_add_test(tcase, what_is_asked_meanwhile_is_left_to_the_next);
    tcase_add_test(tcase, a_client_that_has_asked_nothing_goes_alone);
    tcase_add_test(tcase, one_that_dials_is_not_given_away);
    tcase_add_test(tcase, the_store_is_emptied);
    tcase_add_loop_test(tcase, a_session_of_which_something_is_missing_is_closed, 0, 2);
    tcase_add_loop_test(tcase, one_with_an_end_of_another_user_is_closed, 0, 4);
    tcase_add_test(tcase, one_of_another_mode_is_closed);
    tcase_add_loop_test(tcase, one_whose_upstream_is_dropped_goes_on, 0, 2);
    tcase_add_test(tcase, descriptors_that_are_no_session_s_are_closed);
    tcase_add_test(tcase, without_memory_they_are_closed_too);
}

int main(void)
{
    return run_tests("handover", add);
}
