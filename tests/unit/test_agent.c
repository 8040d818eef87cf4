/* SPDX-License-Identifier: MIT */
/* Frames, kinds of question and the ping, written out byte by byte: what is on the
 * wire must not follow from what the module thinks of it. */
#include "config.h"

#include "relayd/agent/agent.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>

static const uint8_t instance[AGENT_INSTANCE] = {
    0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf,
};
static const uint8_t ping[] = {
    0x00, 0x00, 0x00, 0x30, 27,
    0x00, 0x00, 0x00, 0x13,
    'p', 'i', 'n', 'g', '@', 'r', 'e', 'l', 'a', 'y', 'd', '.', 'i', 'n', 'v', 'a', 'l', 'i', 'd',
    0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf,
    0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
};
static const uint8_t bind_question[] = {
    0x00, 0x00, 0x00, 0x1e, 27,
    0x00, 0x00, 0x00, 0x18,
    's', 'e', 's', 's', 'i', 'o', 'n', '-', 'b', 'i', 'n', 'd', '@',
    'o', 'p', 'e', 'n', 's', 's', 'h', '.', 'c', 'o', 'm',
    0x00,
};

START_TEST(a_head_is_read)
{
    static const struct { uint8_t bytes[5]; size_t size; uint8_t type; } good[] = {
        {{0, 0, 0, 1, 11}, 5, 11},
        {{0, 0, 1, 0, 14}, 260, 14},
        {{0, 0, 0, 2, 255}, 6, 255},
        {{0, 4, 0, 0, 25}, 262148, 25}, /* 262144 */
    };
    struct agent_frame frame;

    ck_assert_int_eq(agent_frame_read(&frame, good[_i].bytes, 5), 1);
    ck_assert_uint_eq(frame.size, good[_i].size);
    ck_assert_uint_eq(frame.type, good[_i].type);
}
END_TEST

START_TEST(a_head_that_is_not_whole_waits)
{
    static const uint8_t bytes[] = {0, 0, 0, 1, 11};
    struct agent_frame frame;

    for (size_t n = 0; n < sizeof(bytes); n++)
        ck_assert_int_eq(agent_frame_read(&frame, bytes, n), 0);
    ck_assert_int_eq(agent_frame_read(&frame, NULL, 0), 0);
}
END_TEST

START_TEST(a_bad_length_is_refused_at_its_fourth_byte)
{
    static const uint8_t bad[][5] = {
        {0, 0, 0, 0, 11}, {0, 4, 0, 1, 11}, {1, 0, 0, 0, 11}, {0xff, 0xff, 0xff, 0xff, 11},
        {'S', 'S', 'H', '-', '2'},
    };
    struct agent_frame frame;

    ck_assert_int_eq(agent_frame_read(&frame, bad[_i], 3), 0);
    ck_assert_int_eq(agent_frame_read(&frame, bad[_i], 4), -EPROTO);
    ck_assert_int_eq(agent_frame_read(&frame, bad[_i], 5), -EPROTO);
}
END_TEST

static const struct { uint8_t type; enum agent_kind kind; bool is_safe; } kinds[] = {
    {11, AGENT_KIND_LIST, true},
    {13, AGENT_KIND_SIGN, false},
    {17, AGENT_KIND_ADD, false},
    {25, AGENT_KIND_ADD, false},
    {18, AGENT_KIND_REMOVE, false},
    {19, AGENT_KIND_REMOVE, false},
    {20, AGENT_KIND_SMARTCARD, false},
    {21, AGENT_KIND_SMARTCARD, false},
    {26, AGENT_KIND_SMARTCARD, false},
    {22, AGENT_KIND_LOCK, false},
    {23, AGENT_KIND_LOCK, false},
    {27, AGENT_KIND_EXTENSION, false},
    {1, AGENT_KIND_OTHER, false}, /* of SSH protocol 1 */
    {5, AGENT_KIND_OTHER, false},
    {0, AGENT_KIND_OTHER, false},
    {255, AGENT_KIND_OTHER, false},
};

START_TEST(a_type_tells_the_kind)
{
    uint8_t bytes[] = {0, 0, 0, 1, kinds[_i].type};

    ck_assert_int_eq(agent_kind(bytes, 5), kinds[_i].kind);
    ck_assert(agent_kind_is_safe(kinds[_i].kind) == kinds[_i].is_safe);
}
END_TEST

START_TEST(an_extension_is_told_by_its_name)
{
    static const uint8_t query[] = {0, 0, 0, 10, 27, 0, 0, 0, 5, 'q', 'u', 'e', 'r', 'y'};
    static const uint8_t longer[] = {0, 0, 0, 11, 27, 0, 0, 0, 6, 'q', 'u', 'e', 'r', 'y', 'z'};
    static const uint8_t shorter[] = {0, 0, 0, 9, 27, 0, 0, 0, 4, 'q', 'u', 'e', 'r'};
    static const uint8_t huge[] = {0, 0, 0, 10, 27, 255, 255, 255, 255, 'q', 'u', 'e', 'r', 'y'};

    ck_assert_int_eq(agent_kind(query, sizeof(query)), AGENT_KIND_QUERY);
    ck_assert_int_eq(agent_kind(bind_question, sizeof(bind_question)), AGENT_KIND_BIND);
    ck_assert_int_eq(agent_kind(ping, sizeof(ping)), AGENT_KIND_PING);
    ck_assert_int_eq(agent_kind(longer, sizeof(longer)), AGENT_KIND_EXTENSION);
    ck_assert_int_eq(agent_kind(shorter, sizeof(shorter)), AGENT_KIND_EXTENSION);
    ck_assert_int_eq(agent_kind(huge, sizeof(huge)), AGENT_KIND_EXTENSION);
    ck_assert(agent_kind_is_safe(AGENT_KIND_QUERY));
    ck_assert(agent_kind_is_safe(AGENT_KIND_BIND));
    ck_assert(agent_kind_is_safe(AGENT_KIND_PING));
    ck_assert(!agent_kind_is_safe(AGENT_KIND_EXTENSION));
}
END_TEST

START_TEST(a_name_that_is_not_here_whole_is_any_extension)
{
    for (size_t n = AGENT_HEADER; n < 33; n++)
        ck_assert_int_eq(agent_kind(bind_question, n), AGENT_KIND_EXTENSION);
    ck_assert_int_eq(agent_kind(bind_question, 33), AGENT_KIND_BIND);
}
END_TEST

START_TEST(only_the_right_types_answer_a_question)
{
    static const struct { enum agent_kind kind; uint8_t fitting[8]; } answers[] = {
        {AGENT_KIND_LIST, {5, 12}},
        {AGENT_KIND_BIND, {5, 6, 28, 29}},
        {AGENT_KIND_QUERY, {5, 6, 28, 29}},
        {AGENT_KIND_PING, {5, 6, 28, 29}},
        {AGENT_KIND_EXTENSION, {5, 6, 28, 29}},
        {AGENT_KIND_SIGN, {5, 14}},
        {AGENT_KIND_ADD, {5, 6}},
        {AGENT_KIND_REMOVE, {5, 6}},
        {AGENT_KIND_LOCK, {5, 6}},
        {AGENT_KIND_SMARTCARD, {5, 6}},
    };

    for (int type = 1; type < 256; type++)
        ck_assert(agent_answer_fits(answers[_i].kind, (uint8_t)type) ==
                  (memchr(answers[_i].fitting, type, 8) != NULL));
}
END_TEST

START_TEST(any_answer_fits_an_unknown_question)
{
    for (int type = 0; type < 256; type++)
        ck_assert(agent_answer_fits(AGENT_KIND_OTHER, (uint8_t)type));
}
END_TEST

START_TEST(a_ping_is_these_bytes)
{
    uint8_t made[AGENT_PING_SIZE];

    ck_assert_uint_eq(sizeof(ping), AGENT_PING_SIZE);
    agent_ping_make(made, instance, 0x0102030405060708);
    ck_assert_mem_eq(made, ping, sizeof(ping));
}
END_TEST

START_TEST(an_own_ping_is_known_by_every_byte_of_its_instance)
{
    uint8_t bytes[AGENT_PING_SIZE];
    uint64_t nonce = 0;

    ck_assert(agent_ping_is_own(ping, sizeof(ping), instance, &nonce));
    ck_assert(nonce == 0x0102030405060708);
    for (size_t i = 0; i < 44; i++) {
        memcpy(bytes, ping, sizeof(ping));
        bytes[i] ^= 1;
        if (i >= 4)
            ck_assert(!agent_ping_is_own(bytes, sizeof(bytes), instance, &nonce));
    }
    for (size_t n = AGENT_HEADER; n < sizeof(ping); n++)
        ck_assert(!agent_ping_is_own(ping, n, instance, &nonce));
    ck_assert(!agent_ping_is_own(bind_question, sizeof(bind_question), instance, &nonce));
}
END_TEST

START_TEST(what_a_relay_says_itself_is_these_bytes)
{
    static const uint8_t failure[] = {0, 0, 0, 1, 5}, list[] = {0, 0, 0, 1, 11};
    static const uint8_t empty[] = {0, 0, 0, 5, 12, 0, 0, 0, 0};

    ck_assert_uint_eq(sizeof(agent_failure), sizeof(failure));
    ck_assert_mem_eq(agent_failure, failure, sizeof(failure));
    ck_assert_uint_eq(sizeof(agent_list_question), sizeof(list));
    ck_assert_mem_eq(agent_list_question, list, sizeof(list));
    ck_assert_uint_eq(sizeof(agent_empty_list), sizeof(empty));
    ck_assert_mem_eq(agent_empty_list, empty, sizeof(empty));
}
END_TEST

START_TEST(every_kind_has_a_word_of_its_own)
{
    for (int a = 0; a < AGENT_KINDS; a++) {
        ck_assert_str_ne(agent_kind_name((enum agent_kind)a), "?");
        for (int b = 0; b < a; b++)
            ck_assert_str_ne(agent_kind_name((enum agent_kind)a),
                             agent_kind_name((enum agent_kind)b));
    }
}
END_TEST

/* A session-bind with a host key, a session id and a signature of two bytes each. */
START_TEST(a_bind_tells_whether_it_is_forwarded)
{
    uint8_t bind[] = {0,   0,   0,   48,  27,  0,   0,   0,   24,  's', 'e', 's', 's', 'i',
                      'o', 'n', '-', 'b', 'i', 'n', 'd', '@', 'o', 'p', 'e', 'n', 's', 's',
                      'h', '.', 'c', 'o', 'm', 0,   0,   0,   2,   1,   2,   0,   0,   0,
                      2,   3,   4,   0,   0,   0,   2,   5,   6,   1};

    ck_assert_int_eq(agent_kind(bind, sizeof(bind)), AGENT_KIND_BIND);
    ck_assert(agent_bind_is_forwarding(bind, sizeof(bind)));
    bind[sizeof(bind) - 1] = 0;
    ck_assert(!agent_bind_is_forwarding(bind, sizeof(bind)));
    bind[sizeof(bind) - 1] = 1;
    for (size_t n = AGENT_HEADER; n < sizeof(bind); n++)
        ck_assert(!agent_bind_is_forwarding(bind, n));
    bind[33] = 0xff; /* a length beyond the end */
    ck_assert(!agent_bind_is_forwarding(bind, sizeof(bind)));
}
END_TEST

START_TEST(the_keys_of_a_listing_are_counted)
{
    static const struct { uint8_t bytes[10]; size_t n; int keys; } rows[] = {
        {{0, 0, 0, 5, 12, 0, 0, 0, 0}, 9, 0},    {{0, 0, 0, 6, 12, 0, 0, 0, 2, 0}, 10, 2},
        {{0, 0, 0, 1, 5}, 5, -1},                {{0, 0, 0, 4, 12, 0, 0, 0}, 8, -1},
        {{0, 0, 0, 5, 12, 255, 255, 255, 255}, 9, INT32_MAX},
    };

    ck_assert_int_eq(agent_keys(rows[_i].bytes, rows[_i].n), rows[_i].keys);
}
END_TEST

START_TEST(what_is_no_kind_has_no_name)
{
    ck_assert_str_eq(agent_kind_name(AGENT_KINDS), "?");
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_test(tcase, what_is_no_kind_has_no_name);
    tcase_add_loop_test(tcase, the_keys_of_a_listing_are_counted, 0, 5);
    tcase_add_loop_test(tcase, a_head_is_read, 0, 4);
    tcase_add_test(tcase, a_head_that_is_not_whole_waits);
    tcase_add_loop_test(tcase, a_bad_length_is_refused_at_its_fourth_byte, 0, 5);
    tcase_add_loop_test(tcase, a_type_tells_the_kind, 0, 16);
    tcase_add_test(tcase, an_extension_is_told_by_its_name);
    tcase_add_test(tcase, a_name_that_is_not_here_whole_is_any_extension);
    tcase_add_loop_test(tcase, only_the_right_types_answer_a_question, 0, 10);
    tcase_add_test(tcase, any_answer_fits_an_unknown_question);
    tcase_add_test(tcase, a_ping_is_these_bytes);
    tcase_add_test(tcase, an_own_ping_is_known_by_every_byte_of_its_instance);
    tcase_add_test(tcase, what_a_relay_says_itself_is_these_bytes);
    tcase_add_test(tcase, every_kind_has_a_word_of_its_own);
    tcase_add_test(tcase, a_bind_tells_whether_it_is_forwarded);
}

int main(void)
{
    return run_tests("agent", add);
}
