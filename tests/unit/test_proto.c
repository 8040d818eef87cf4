/* SPDX-License-Identifier: MIT */
/* The control protocol's packets. */
#include "config.h"

#include "relayd/base/proto.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int parse(struct proto_msg *msg, const char *text)
{
    return proto_parse(msg, text, strlen(text));
}

START_TEST(what_is_made_is_read)
{
    static const char odd[] = "a\nb=100%\t\x7f \xc3\xa4";
    struct proto_buf buf;
    struct proto_msg msg;

    proto_begin(&buf, "register");
    proto_add(&buf, "path", odd);
    proto_add(&buf, "label", NULL);
    proto_add_u64(&buf, "n", 18446744073709551615ULL);
    ck_assert_int_eq(proto_parse(&msg, buf.data, buf.size), 0);
    ck_assert_str_eq(msg.verb, "register");
    ck_assert_str_eq(proto_get(&msg, "path"), odd);
    ck_assert_ptr_null(proto_get(&msg, "label"));
    ck_assert(proto_get_u64(&msg, "n", 0) == 18446744073709551615ULL);
    proto_msg_fini(&msg);
}
END_TEST

START_TEST(bad_packets_are_refused)
{
    static const char *const bad[] = {
        "", "\n", "Verb\n", "verb \n", "verb\nkey\n", "verb\n=x\n", "verb\nkey=%\n",
        "verb\nkey=%4\n", "verb\nkey=%zz\n", "verb\nkey=%00\n", "verb\na=1\na=2\n", "verb\n\na=1\n",
    };
    struct proto_msg msg;

    ck_assert_int_eq(parse(&msg, bad[_i]), -EBADMSG);
}
END_TEST

START_TEST(a_nul_is_refused)
{
    struct proto_msg msg;

    ck_assert_int_eq(proto_parse(&msg, "verb\nkey=a\0b\n", 13), -EBADMSG);
}
END_TEST

START_TEST(too_many_keys_are_refused)
{
    struct proto_buf buf;
    struct proto_msg msg;

    proto_begin(&buf, "verb");
    for (int i = 0; i <= PROTO_KEYS_MAX; i++) {
        char key[16];

        snprintf(key, sizeof(key), "k%d", i);
        proto_add(&buf, key, "1");
    }
    ck_assert_int_eq(proto_parse(&msg, buf.data, buf.size), -EBADMSG);
}
END_TEST

START_TEST(too_much_is_noted)
{
    static char value[PROTO_PACKET_MAX];
    struct proto_buf buf;

    memset(value, 'x', sizeof(value) - 1);
    proto_begin(&buf, "verb");
    ck_assert(!buf.is_full);
    proto_add(&buf, "key", value);
    ck_assert(buf.is_full);
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_test(tcase, what_is_made_is_read);
    tcase_add_loop_test(tcase, bad_packets_are_refused, 0, 12);
    tcase_add_test(tcase, a_nul_is_refused);
    tcase_add_test(tcase, too_many_keys_are_refused);
    tcase_add_test(tcase, too_much_is_noted);
}

int main(void)
{
    return run_tests("proto", add);
}
