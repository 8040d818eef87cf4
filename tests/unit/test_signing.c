/* SPDX-License-Identifier: MIT */
/* What is signed, by which key. The fingerprints are those that ssh-keygen -l printed for the
 * same keys; requests are built field by field, and then cut, stretched and lied in. */
#include "config.h"

#include "relayd/agent/signing.h"
#include "relayd/base/util.h"
#include "tests/unit/test.h"

#include <stdio.h>

#define PLAIN "SHA256:xqtn++34ZB7gUADw5fvkcpctozba3A00ce3i9VjqMac"
#define PUBLIC "\x9d\x41\xf0\x8b\xf0\x51\x10\x15\xce\x27\xce\x33\x89\xc9\xb2\x40" \
               "\x18\xa3\x0c\x19\x7c\x93\x08\x95\x05\xa5\x09\x1b\x4a\x41\x1e\xb0"

/* --- messages */

struct message {
    uint8_t bytes[8192];
    size_t n;
};

static void put(struct message *m, const void *p, size_t n)
{
    ck_assert_uint_le(m->n + n, sizeof(m->bytes));
    memcpy(m->bytes + m->n, p, n);
    m->n += n;
}

static void put_byte(struct message *m, uint8_t byte)
{
    put(m, &byte, 1);
}

static void put_u32(struct message *m, size_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        put_byte(m, (uint8_t)(value >> shift));
}

static void put_bytes(struct message *m, const void *p, size_t n)
{
    put_u32(m, n);
    put(m, p, n);
}

static void put_text(struct message *m, const char *text)
{
    put_bytes(m, text, strlen(text));
}

static void put_key(struct message *m, const char *name)
{
    struct message key = {.n = 0};

    put_text(&key, name);
    put_bytes(&key, PUBLIC, 32);
    put_bytes(m, key.bytes, key.n);
}

static void put_host_key(struct message *m, char which)
{
    struct message key = {.n = 0};
    uint8_t public[32];

    memset(public, which, sizeof(public));
    put_text(&key, "ssh-ed25519");
    put_bytes(&key, public, sizeof(public));
    put_bytes(m, key.bytes, key.n);
}

#define ID "a session id of thirty-two bytes"

static struct message login_in(const char *session, const char *user, const char *service,
                               const char *method, char host)
{
    struct message data = {.n = 0};

    put_text(&data, session);
    put_byte(&data, 50);
    put_text(&data, user);
    put_text(&data, service);
    put_text(&data, method);
    put_byte(&data, 1);
    put_text(&data, "ssh-ed25519");
    put_key(&data, "ssh-ed25519");
    if (host != '\0')
        put_host_key(&data, host);
    return data;
}

static struct message login(const char *user, const char *service, const char *method, char host)
{
    return login_in(ID, user, service, method, host);
}

static struct message bound_login(const char *user, char host)
{
    return login(user, "ssh-connection", "publickey-hostbound-v00@openssh.com", host);
}

static struct message file(const void *name, size_t n)
{
    struct message data = {.n = 0};

    put(&data, "SSHSIG", 6);
    put_bytes(&data, name, n);
    put_text(&data, "");
    put_text(&data, "sha512");
    put_text(&data, "a hash of sixty-four bytes: its length is none of our business..");
    return data;
}

static struct message request_by(const struct message *key, const struct message *data)
{
    struct message m = {.n = 0};

    put_u32(&m, 1 + 4 + key->n + 4 + data->n + 4);
    put_byte(&m, 13);
    put_bytes(&m, key->bytes, key->n);
    put_bytes(&m, data->bytes, data->n);
    put_u32(&m, 0);
    return m;
}

static struct message request(struct message data)
{
    struct message key = {.n = 0};

    put_text(&key, "ssh-ed25519");
    put_bytes(&key, PUBLIC, 32);
    return request_by(&key, &data);
}

static struct message bind(char host, const char *session, bool is_forwarding)
{
    struct message m = {.n = 0}, body = {.n = 0};

    put_byte(&body, 27);
    put_text(&body, "session-bind@openssh.com");
    put_host_key(&body, host);
    put_text(&body, session);
    put_text(&body, "a signature");
    put_byte(&body, is_forwarding);
    put_bytes(&m, body.bytes, body.n);
    return m;
}

/* --- what they say */

/* Read from memory that has nothing behind it. */
static struct signing read_first(const struct message *m, size_t n)
{
    uint8_t *copy = malloc(n > 0 ? n : 1);
    struct signing signing;

    memcpy(copy, m->bytes, n);
    signing_read(&signing, copy, n, m->n);
    free(copy);
    return signing;
}

static struct signing read_all(struct message m)
{
    return read_first(&m, m.n);
}

static const char *words(const struct signing *signing)
{
    static char text[SIGNING_WORDS_MAX];

    return signing_describe(signing, text);
}

static const char *fingerprint(const struct signing_key *key)
{
    static char text[SIGNING_FINGERPRINT];

    ck_assert(key->is_known);
    signing_fingerprint(key, text);
    return text;
}

/* "as text" with the fingerprint of that host key behind it. */
static const char *with_host(const char *before, char host)
{
    static char text[400];
    char print[SIGNING_FINGERPRINT];
    struct signing signing = read_all(request(bound_login("x", host)));

    signing_fingerprint(&signing.host, print);
    snprintf(text, sizeof(text), "%s%s", before, print);
    return text;
}

START_TEST(a_key_is_called_as_ssh_keygen_does)
{
    struct signing signing = read_all(request(file("git", 3)));

    ck_assert_str_eq(fingerprint(&signing.key), PLAIN);
    ck_assert(!signing.key.is_certificate);
}
END_TEST

/* As ssh-agent takes them, and signs. */
START_TEST(a_key_that_is_written_otherwise_is_the_same)
{
    static const struct {
        const char *name; size_t size; const char *field; size_t field_size;
    } kinds[] = {
        {"ssh-rsa", 7, "\0\x81yz", 4}, {"RSA", 3, "\0\x81yz", 4}, {"rsa-sha2-256", 12, "\0\x81yz", 4},
        {"rsa-sha2-512", 12, "\0\x81yz", 4}, {"ssh-rsa\0", 8, "\0\x81yz", 4},
        {"ssh-rsa", 7, "\0\0\0\x81yz", 6},
        {"ssh-ed25519", 11, PUBLIC, 32}, {"ed25519", 7, PUBLIC, 32}, {"ED25519", 7, PUBLIC, 32},
        {"ssh-ed25519\0", 12, PUBLIC, 32},
    };
    size_t first = _i < 6 ? 0 : 6;
    struct message plain = {.n = 0}, other = {.n = 0}, data = file("git", 3);
    struct signing a, b;

    put_bytes(&plain, kinds[first].name, kinds[first].size);
    put_bytes(&other, kinds[_i].name, kinds[_i].size);
    put_bytes(&plain, kinds[first].field, kinds[first].field_size);
    put_bytes(&other, kinds[_i].field, kinds[_i].field_size);
    if (first == 0) {
        put_bytes(&plain, "\x03", 1);
        put_bytes(&other, _i == 5 ? "\0\x03" : "\x03", _i == 5 ? 2 : 1);
    }
    a = read_all(request_by(&plain, &data));
    b = read_all(request_by(&other, &data));
    ck_assert_mem_eq(a.key.hash, b.key.hash, SIGNING_HASH);
    if (first == 6)
        ck_assert_str_eq(fingerprint(&b.key), PLAIN);
}
END_TEST

/* The fields of a plain key, in a certificate and without one. */
START_TEST(a_certificate_is_called_as_its_key)
{
    static const struct { const char *name, *plain; int fields; } kinds[] = {
        {"ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519", 1},
        {"ssh-rsa-cert-v01@openssh.com", "ssh-rsa", 2},
        {"ecdsa-sha2-nistp256-cert-v01@openssh.com", "ecdsa-sha2-nistp256", 2},
        {"ecdsa-sha2-nistp384-cert-v01@openssh.com", "ecdsa-sha2-nistp384", 2},
        {"ecdsa-sha2-nistp521-cert-v01@openssh.com", "ecdsa-sha2-nistp521", 2},
        {"sk-ssh-ed25519-cert-v01@openssh.com", "sk-ssh-ed25519@openssh.com", 2},
        {"sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com", 3},
        {"ssh-dss-cert-v01@openssh.com", "ssh-dss", 4},
    };
    struct message plain = {.n = 0}, certificate = {.n = 0}, data = file("git", 3);
    struct signing a, b;

    put_text(&plain, kinds[_i].plain);
    put_text(&certificate, kinds[_i].name);
    put_text(&certificate, "a nonce");
    for (int i = 0; i < kinds[_i].fields; i++) {
        put_text(&plain, _i == 0 ? PUBLIC : "a field");
        put_text(&certificate, _i == 0 ? PUBLIC : "a field");
    }
    put_text(&certificate, "a serial, and all the rest");
    a = read_all(request_by(&plain, &data));
    b = read_all(request_by(&certificate, &data));
    ck_assert(!a.key.is_certificate && b.key.is_certificate);
    ck_assert_mem_eq(a.key.hash, b.key.hash, SIGNING_HASH);
    if (_i == 0)
        ck_assert_str_eq(fingerprint(&b.key), PLAIN);
}
END_TEST

/* It names no key, but it is some bytes, by which it can be known again. */
START_TEST(a_certificate_that_is_cut_is_no_certificate)
{
    struct message key = {.n = 0}, data = file("git", 3);
    struct signing signing;

    put_text(&key, "ssh-rsa-cert-v01@openssh.com");
    put_text(&key, "a nonce");
    put_text(&key, "a field, where there should be two");
    signing = read_all(request_by(&key, &data));
    ck_assert(signing.key.is_known && !signing.key.is_certificate);
}
END_TEST

START_TEST(a_login_names_its_user)
{
    struct signing signing = read_all(request(login("git", "ssh-connection", "publickey", '\0')));

    ck_assert_str_eq(words(&signing), "ssh login as git");
}
END_TEST

START_TEST(a_login_that_is_bound_names_its_host_key)
{
    struct signing signing = read_all(request(bound_login("git", 'h')));

    ck_assert_str_eq(words(&signing), with_host("ssh login as git to host key ", 'h'));
    ck_assert_uint_eq(strlen(words(&signing)), strlen("ssh login as git to host key ") + 50);
}
END_TEST

START_TEST(a_file_names_its_namespace)
{
    struct signing signing = read_all(request(file("git", 3)));

    ck_assert_str_eq(words(&signing), "signature in namespace git");
}
END_TEST

static struct message with_byte(struct message m, size_t at, uint8_t byte)
{
    m.bytes[at] = byte;
    return m;
}

static struct message with_tail(struct message m)
{
    put_byte(&m, 0);
    return m;
}

/* What is no login in all that a server looks at cannot be used for one, and is not called one. */
START_TEST(what_only_looks_like_it_is_unknown)
{
    const struct message good = bound_login("git", 'h');
    struct message other_key = login("git", "ssh-connection", "publickey", '\0');
    const struct message data[] = {
        {.n = 0},
        login("git", "ssh-userauth", "publickey", '\0'),
        login("git", "ssh-connection", "password", '\0'),
        login("git", "ssh-connection", "publickey", 'h'), /* a field too many */
        login("git", "ssh-connection", "publickey-hostbound-v00@openssh.com", '\0'),
        with_byte(good, 4 + 32, 51),
        with_byte(good, 4 + 32 + 1 + 4 + 3 + 4 + 14 + 4 + 35, 0), /* "no signature yet" */
        with_byte(good, 3, 33),  /* a session id that takes a byte of what follows */
        login_in(ID ID "x", "git", "ssh-connection", "publickey", '\0'), /* longer than any hash */
        login_in("", "git", "ssh-connection", "publickey", '\0'),
        with_byte(good, 0, 0xff),
        with_tail(good),
        with_tail(file("git", 3)),
        file("", 0),
        with_byte(file("git", 3), 5, 'g'),
        with_byte(other_key, other_key.n - 1, 'x'),
    };
    struct signing signing = read_all(request(data[_i]));

    ck_assert_str_eq(words(&signing), "unknown data");
    ck_assert(!signing.host.is_known);
    ck_assert_str_eq(fingerprint(&signing.key), PLAIN);
}
END_TEST

#define N_UNKNOWN 16

/* A line of a log has no second line, and no word of a stranger's looks like one of ours. */
START_TEST(a_name_is_one_word)
{
    static const struct { const char *name; size_t n; const char *word; } names[] = {
        {"git", 3, "git"},
        {"x to host key", 13, "x\\x20to\\x20host\\x20key"},
        {"x\nsigned:", 9, "x\\x0asigned:"},
        {"x\r\x1b[2K", 6, "x\\x0d\\x1b[2K"},
        {"a\0b", 3, "a\\x00b"},
        {"\\x20", 4, "\\x5cx20"},
        {"b\xc3\xbc" "cher", 7, "b\\xc3\\xbccher"},
        {"\xff\x7f", 2, "\\xff\\x7f"},
    };
    struct signing signing = read_all(request(file(names[_i].name, names[_i].n)));

    ck_assert_str_eq(signing.name, names[_i].word);
}
END_TEST

START_TEST(a_long_name_is_cut)
{
    char name[3000];

    for (int fill = 0; fill < 2; fill++) {
        struct signing signing;

        memset(name, fill == 0 ? 'a' : '\n', sizeof(name));
        signing = read_all(request(file(name, sizeof(name))));
        ck_assert_uint_lt(strlen(signing.name), SIGNING_NAME_MAX);
        ck_assert_uint_gt(strlen(signing.name), SIGNING_NAME_MAX - 12);
        ck_assert_str_eq(signing.name + strlen(signing.name) - 3, "...");
    }
}
END_TEST

/* Of a question that is too long to be seen whole, what has come says what it says: first
 * nothing, then the key, then the user, then the host as well. */
START_TEST(the_beginning_tells_what_it_can)
{
    struct message m = request(bound_login("git", 'h'));
    struct signing before = {.purpose = SIGNING_UNKNOWN};

    for (size_t n = 0; n <= m.n; n++) {
        struct signing signing = read_first(&m, n);

        ck_assert(!before.key.is_known || signing.key.is_known);
        ck_assert_int_ge(signing.purpose, before.purpose);
        ck_assert(!before.host.is_known || signing.host.is_known);
        ck_assert(signing.purpose == SIGNING_UNKNOWN || strcmp(signing.name, "git") == 0);
        before = signing;
    }
    ck_assert(before.host.is_known);
}
END_TEST

/* A length may say anything, wherever it stands. */
START_TEST(no_length_is_believed)
{
    static const uint8_t lies[] = {0, 1, 0x7f, 0x80, 0xff};
    const struct message good[] = {request(bound_login("git", 'h')), request(file("git", 3)),
                                   bind('h', "id", true)};

    for (size_t at = 4; at < good[_i].n; at++) {
        for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
            struct message m = with_byte(good[_i], at, lies[i]);
            struct signing_route route = {.hops = 0};
            uint8_t *copy = malloc(m.n);
            struct signing signing = read_all(m);

            memcpy(copy, m.bytes, m.n);
            signing_bind(&route, copy, m.n);
            signing_follow(&signing, &route);
            ck_assert_uint_lt(strlen(words(&signing)), SIGNING_WORDS_MAX);
            free(copy);
        }
    }
}
END_TEST

static void go(struct signing_route *route, struct message m)
{
    signing_bind(route, m.bytes, m.n);
}

/* A server without hostbound says nothing of itself in what is signed; the bind does. */
START_TEST(a_bind_names_the_host_of_its_own_session)
{
    struct signing_route route = {.hops = 0};
    struct signing signing = read_all(request(login("me", "ssh-connection", "publickey", '\0')));
    struct signing other = signing;

    go(&route, bind('h', "another session", false));
    signing_follow(&other, &route);
    ck_assert_str_eq(words(&other), "ssh login as me");
    go(&route, bind('h', ID, false));
    signing_follow(&signing, &route);
    ck_assert_str_eq(words(&signing), with_host("ssh login as me to host key ", 'h'));
}
END_TEST

/* What is signed is what counts. */
START_TEST(a_bind_does_not_overrule_what_is_signed)
{
    struct signing_route route = {.hops = 0};
    struct signing signing = read_all(request(bound_login("me", 'h')));

    go(&route, bind('x', ID, false));
    signing_follow(&signing, &route);
    ck_assert_str_eq(words(&signing), with_host("ssh login as me to host key ", 'h'));
}
END_TEST

START_TEST(a_forwarded_agent_is_named)
{
    struct signing_route route = {.hops = 0};
    struct signing signing = read_all(request(file("git", 3)));
    char expected[SIGNING_WORDS_MAX];

    go(&route, bind('a', ID, true));
    signing_follow(&signing, &route);
    ck_assert_str_eq(words(&signing), with_host("signature in namespace git through the agent "
                                                "forwarded to host key ", 'a'));
    go(&route, bind('b', ID, true));
    signing_follow(&signing, &route);
    snprintf(expected, sizeof(expected), "%s (2 hops)",
             with_host("signature in namespace git through the agent forwarded to host key ", 'a'));
    ck_assert_str_eq(words(&signing), expected);
}
END_TEST

/* All of it at its longest. */
START_TEST(the_longest_words_fit)
{
    struct signing_route route = {.hops = 0};
    struct signing signing = read_all(request(bound_login(
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 'h')));

    go(&route, bind('a', ID, true));
    route.hops = UINT32_MAX;
    signing_follow(&signing, &route);
    ck_assert_uint_lt(strlen(words(&signing)), SIGNING_WORDS_MAX);
    ck_assert_str_eq(words(&signing) + strlen(words(&signing)) - 17, "(4294967295 hops)");
}
END_TEST

START_TEST(a_bind_that_is_not_whole_changes_nothing)
{
    struct message m = bind('h', ID, true);
    const struct signing_route nowhere = {.hops = 0};

    for (size_t n = 0; n < m.n; n++) {
        struct signing_route route = nowhere;

        signing_bind(&route, m.bytes, n);
        ck_assert_mem_eq(&route, &nowhere, sizeof(route));
    }
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_loop_test(tcase, a_key_that_is_written_otherwise_is_the_same, 0, 10);
    tcase_add_test(tcase, a_key_is_called_as_ssh_keygen_does);
    tcase_add_loop_test(tcase, a_certificate_is_called_as_its_key, 0, 8);
    tcase_add_test(tcase, a_certificate_that_is_cut_is_no_certificate);
    tcase_add_test(tcase, a_login_names_its_user);
    tcase_add_test(tcase, a_login_that_is_bound_names_its_host_key);
    tcase_add_test(tcase, a_file_names_its_namespace);
    tcase_add_loop_test(tcase, what_only_looks_like_it_is_unknown, 0, N_UNKNOWN);
    tcase_add_loop_test(tcase, a_name_is_one_word, 0, 8);
    tcase_add_test(tcase, a_long_name_is_cut);
    tcase_add_test(tcase, the_beginning_tells_what_it_can);
    tcase_add_loop_test(tcase, no_length_is_believed, 0, 3);
    tcase_add_test(tcase, a_bind_names_the_host_of_its_own_session);
    tcase_add_test(tcase, a_bind_does_not_overrule_what_is_signed);
    tcase_add_test(tcase, a_forwarded_agent_is_named);
    tcase_add_test(tcase, the_longest_words_fit);
    tcase_add_test(tcase, a_bind_that_is_not_whole_changes_nothing);
}

int main(void)
{
    return run_tests("signing", add);
}
