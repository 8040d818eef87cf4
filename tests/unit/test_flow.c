/* SPDX-License-Identifier: MIT */
/* Flows: bytes in order, backpressure, and no memory while empty. That freed memory was wiped cannot
 * be seen from here; what is kept can, and what was lent. */
#include "config.h"

#include "relayd/agent/flow.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int pair[2];
static struct flow flow;
static uint8_t pattern[4 * FLOW_SIZE];

static void begin(void)
{
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    for (size_t i = 0; i < sizeof(pattern); i++)
        pattern[i] = (uint8_t)(i * 7 + i / 251);
}

static void end(void)
{
    flow_fini(&flow);
    close(pair[0]);
    close(pair[1]);
}

static void put(size_t n)
{
    ck_assert_int_eq(flow_put(&flow, pattern, n), 0);
}

static void give(const void *bytes, size_t n)
{
    ck_assert_int_eq(write(pair[1], bytes, n), n);
}

static void check_empty(void)
{
    ck_assert_uint_eq(flow_size(&flow), 0);
    ck_assert_ptr_null(flow.bytes);
    ck_assert_ptr_null(flow_head(&flow));
}

START_TEST(an_empty_flow_holds_no_memory)
{
    check_empty();
    put(10);
    flow_drop(&flow, 4);
    ck_assert_ptr_nonnull(flow.bytes);
    flow_drop(&flow, 6);
    check_empty();
    ck_assert_int_eq(flow_read(&flow, pair[0], FLOW_SIZE), -EAGAIN);
    check_empty();
    shutdown(pair[1], SHUT_WR);
    ck_assert_int_eq(flow_read(&flow, pair[0], FLOW_SIZE), 0);
    check_empty();
    flow_fini(&flow);
    check_empty();
}
END_TEST

START_TEST(bytes_go_in_and_out_in_order)
{
    uint8_t out[64];

    give("hello, ", 7);
    ck_assert_int_eq(flow_read(&flow, pair[0], FLOW_SIZE), 7);
    ck_assert_int_eq(flow_put(&flow, (const uint8_t *)"world", 5), 0);
    ck_assert_uint_eq(flow_size(&flow), 12);
    ck_assert_mem_eq(flow_head(&flow), "hello, world", 12);
    flow_drop(&flow, 7);
    ck_assert_mem_eq(flow_head(&flow), "world", 5);
    ck_assert_int_eq(flow_write(&flow, pair[0], 2), 2);
    ck_assert_int_eq(flow_write(&flow, pair[0], 100), 3);
    ck_assert_int_eq(read(pair[1], out, sizeof(out)), 5);
    ck_assert_mem_eq(out, "world", 5);
    check_empty();
    ck_assert_int_eq(flow_write(&flow, pair[0], 100), 0);
}
END_TEST

START_TEST(no_more_is_read_than_the_limit)
{
    give(pattern, 100);
    ck_assert_int_eq(flow_read(&flow, pair[0], 10), 10);
    ck_assert_int_eq(flow_read(&flow, pair[0], 10), -ENOBUFS);
    ck_assert_int_eq(flow_read(&flow, pair[0], 15), 5);
    flow_drop(&flow, 12);
    ck_assert_int_eq(flow_read(&flow, pair[0], 15), 12);
    ck_assert_mem_eq(flow_head(&flow), pattern + 12, 15);
}
END_TEST

START_TEST(a_full_flow_leaves_the_rest_in_the_kernel)
{
    size_t have = 0;
    ssize_t n;

    give(pattern, FLOW_SIZE + 5);
    while ((n = flow_read(&flow, pair[0], FLOW_SIZE)) > 0)
        have += (size_t)n;
    ck_assert_int_eq(n, -ENOBUFS);
    ck_assert_uint_eq(have, FLOW_SIZE);
    ck_assert(flow_is_full(&flow));
    flow_drop(&flow, 1);
    ck_assert(!flow_is_full(&flow));
    ck_assert_int_eq(flow_read(&flow, pair[0], FLOW_SIZE), 1);
    ck_assert_mem_eq(flow_head(&flow), pattern + 1, FLOW_SIZE);
}
END_TEST

START_TEST(nothing_is_lost_where_memory_moves)
{
    size_t in = 0, out = 0;

    /* Odd steps, so that head and end wander through the memory. */
    while (in + 700 < sizeof(pattern)) {
        ck_assert_int_eq(flow_put(&flow, pattern + in, 700), 0);
        in += 700;
        ck_assert_mem_eq(flow_head(&flow), pattern + out, in - out);
        flow_drop(&flow, 451);
        out += 451;
        ck_assert_uint_eq(flow_size(&flow), in - out);
        ck_assert_uint_le(flow.end, flow.cap);
    }
}
END_TEST

START_TEST(no_more_memory_is_taken_than_is_needed)
{
    give(pattern, 5);
    ck_assert_int_eq(flow_read(&flow, pair[0], FLOW_SIZE), 5);
    ck_assert_uint_eq(flow.cap, 5);
    /* Byte by byte it does not move for each. */
    for (unsigned i = 5, moved = 0; i < 1000; i++) {
        const uint8_t *before = flow.bytes;

        put(1);
        moved += flow.bytes != before;
        ck_assert_uint_le(flow.cap, 2 * flow_size(&flow));
        ck_assert_uint_lt(moved, 10);
    }
}
END_TEST

START_TEST(a_side_that_does_not_read_is_waited_for)
{
    uint8_t out[4 * FLOW_SIZE];
    size_t sent = 0;
    ssize_t n;

    do {
        if (flow_size(&flow) == 0)
            put(sizeof(pattern));
        n = flow_write(&flow, pair[0], sizeof(pattern));
        ck_assert_int_ge(n, 0);
        sent += (size_t)n;
    } while (n > 0);
    ck_assert_uint_gt(flow_size(&flow), 0);
    ck_assert_int_eq(flow_write(&flow, pair[0], 1), 0);
    for (size_t got = 0; got < sent; got += (size_t)n) {
        n = read(pair[1], out, sizeof(out));
        ck_assert_int_gt(n, 0);
    }
    ck_assert_int_gt(flow_write(&flow, pair[0], sizeof(pattern)), 0);
}
END_TEST

START_TEST(a_side_that_has_gone_is_an_error_and_no_signal)
{
    put(10);
    close(pair[1]);
    ck_assert_int_eq(flow_write(&flow, pair[0], 10), -EPIPE);
    ck_assert_uint_eq(flow_size(&flow), 10);
    pair[1] = -1;
}
END_TEST

START_TEST(an_error_of_reading_is_told)
{
    ck_assert_int_eq(flow_read(&flow, -1, FLOW_SIZE), -EBADF);
    check_empty();
}
END_TEST

START_TEST(a_large_frame_is_held_whole)
{
    put(sizeof(pattern));
    ck_assert_uint_eq(flow_size(&flow), sizeof(pattern));
    ck_assert_mem_eq(flow_head(&flow), pattern, sizeof(pattern));
    ck_assert_int_eq(flow_read(&flow, pair[0], FLOW_SIZE), -ENOBUFS);
}
END_TEST

START_TEST(all_of_another_is_taken_over)
{
    struct flow other = {0};
    const uint8_t *bytes;

    ck_assert_int_eq(flow_put(&other, pattern, 20), 0);
    bytes = flow_head(&other);
    flow_move(&flow, &other);
    ck_assert_uint_eq(flow_size(&other), 0);
    ck_assert_ptr_eq(flow_head(&flow), bytes);
    ck_assert_uint_eq(flow_size(&flow), 20);
    flow_drop(&flow, 5);
    ck_assert_int_eq(flow_put(&flow, pattern + 20, 30), 0);
    ck_assert_mem_eq(flow_head(&flow), pattern + 5, 45);
}
END_TEST

static uint8_t scratch[FLOW_SIZE];

static bool is_wiped(void)
{
    size_t n = 0;

    while (n < sizeof(scratch) && scratch[n] == 0)
        n++;
    return n == sizeof(scratch);
}

START_TEST(what_goes_on_at_once_takes_no_memory)
{
    uint8_t out[12];

    for (int i = 0; i < 3; i++) {
        give(pattern + 1, 12);
        ck_assert_int_eq(flow_read_into(&flow, pair[0], FLOW_SIZE, scratch), 12);
        ck_assert_ptr_eq(flow_head(&flow), scratch);
        ck_assert_int_eq(flow_write(&flow, pair[0], 5), 5);
        ck_assert_ptr_eq(flow_head(&flow), scratch + 5);
        ck_assert_int_eq(flow_write(&flow, pair[0], 100), 7);
        ck_assert_int_eq(read(pair[1], out, sizeof(out)), 12);
        ck_assert_mem_eq(out, pattern + 1, 12);
        ck_assert(is_wiped());
        ck_assert_int_eq(flow_keep(&flow), 0);
        check_empty();
    }
    ck_assert_int_eq(flow_read_into(&flow, pair[0], FLOW_SIZE, scratch), -EAGAIN);
    check_empty();
}
END_TEST

START_TEST(what_has_to_wait_has_memory_of_its_own)
{
    give(pattern + 1, 20);
    ck_assert_int_eq(flow_read_into(&flow, pair[0], FLOW_SIZE, scratch), 20);
    ck_assert_int_eq(flow_write(&flow, pair[0], 8), 8);
    ck_assert_int_eq(flow_keep(&flow), 0);
    ck_assert(is_wiped());
    ck_assert_uint_eq(flow.cap, 12);
    ck_assert_mem_eq(flow_head(&flow), pattern + 9, 12);
    ck_assert_int_eq(flow_keep(&flow), 0);
    ck_assert_uint_eq(flow_size(&flow), 12);
    give(pattern + 21, 10);
    ck_assert_int_eq(flow_read_into(&flow, pair[0], FLOW_SIZE, scratch), 10);
    ck_assert(is_wiped());
    ck_assert_uint_eq(flow_size(&flow), 22);
    ck_assert_mem_eq(flow_head(&flow), pattern + 9, 22);
}
END_TEST

START_TEST(what_is_lent_can_be_added_to_and_dropped)
{
    give(pattern + 1, 10);
    ck_assert_int_eq(flow_read_into(&flow, pair[0], FLOW_SIZE, scratch), 10);
    ck_assert_int_eq(flow_put(&flow, pattern + 11, 5), 0);
    ck_assert(is_wiped());
    ck_assert_mem_eq(flow_head(&flow), pattern + 1, 15);
    flow_drop(&flow, 15);
    give(pattern + 1, 10);
    ck_assert_int_eq(flow_read_into(&flow, pair[0], FLOW_SIZE, scratch), 10);
    flow_fini(&flow);
    ck_assert(is_wiped());
    check_empty();
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_test(tcase, an_empty_flow_holds_no_memory);
    tcase_add_test(tcase, bytes_go_in_and_out_in_order);
    tcase_add_test(tcase, no_more_is_read_than_the_limit);
    tcase_add_test(tcase, a_full_flow_leaves_the_rest_in_the_kernel);
    tcase_add_test(tcase, nothing_is_lost_where_memory_moves);
    tcase_add_test(tcase, no_more_memory_is_taken_than_is_needed);
    tcase_add_test(tcase, a_side_that_does_not_read_is_waited_for);
    tcase_add_test(tcase, a_side_that_has_gone_is_an_error_and_no_signal);
    tcase_add_test(tcase, an_error_of_reading_is_told);
    tcase_add_test(tcase, a_large_frame_is_held_whole);
    tcase_add_test(tcase, all_of_another_is_taken_over);
    tcase_add_test(tcase, what_goes_on_at_once_takes_no_memory);
    tcase_add_test(tcase, what_has_to_wait_has_memory_of_its_own);
    tcase_add_test(tcase, what_is_lent_can_be_added_to_and_dropped);
}

int main(void)
{
    return run_tests("flow", add);
}
