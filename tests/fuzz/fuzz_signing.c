/* SPDX-License-Identifier: MIT */
/* What is signed: session-binds and SIGN requests of a client, one behind the other, each with its
 * length in two bytes. Whatever they are, what is said of them is one line of plain words, which
 * relayctl takes apart again as it was put together; and the beginning of a request, which
 * ends by the frame's first byte, says nothing that all of it does not. */
#include "config.h"

#include "relayctl/log/entry.h"
#include "relayd/agent/agent.h"
#include "relayd/agent/signing.h"
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>

static bool is_plain(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text < ' ' || *text > '~')
            return false;
    }
    return true;
}

static bool is_same_key(const struct signing_key *a, const struct signing_key *b)
{
    return a->is_known == b->is_known && a->is_certificate == b->is_certificate &&
           memcmp(a->hash, b->hash, sizeof(a->hash)) == 0;
}

/* Words have no more of a client's than one word. */
static void check_words(const struct signing *signing)
{
    char words[SIGNING_WORDS_MAX];

    signing_describe(signing, words);
    fuzz_must(strlen(words) < sizeof(words) - 1 && is_plain(words));
    fuzz_must(strlen(signing->name) < sizeof(signing->name));
    fuzz_must(strchr(signing->name, ' ') == NULL);
    fuzz_must((signing->purpose == SIGNING_UNKNOWN) == (strncmp(words, "unknown data", 12) == 0));
}

/* As relayd writes it, and relayctl reads it. */
static void check_line(const struct signing *signing)
{
    char words[SIGNING_WORDS_MAX], key[SIGNING_FINGERPRINT] = "unknown", line[800];
    struct entry entry;

    signing_describe(signing, words);
    if (signing->key.is_known)
        signing_fingerprint(&signing->key, key);
    snprintf(line, sizeof(line), "signed: login 3 (laptop) key %s client 5 (git, uid 17): %s", key,
             words);
    fuzz_must(entry_parse(&entry, line));
    fuzz_must(entry.is_signed && entry.id == 3 && entry.pid == 5 && entry.uid == 17);
    fuzz_must(strcmp(entry.key, key) == 0 && strcmp(entry.words, words) == 0);
}

/* A key that the beginning names is the one that all of it names, and so are user and host. All of
 * it may show that it was no login; the beginning of a login is one. */
static void check_beginning(const uint8_t *p, size_t n, size_t size, const struct signing *all)
{
    uint8_t *copy = fuzz_copy(p, n);
    struct signing beginning;

    signing_read(&beginning, copy, n, size);
    check_words(&beginning);
    fuzz_must(!beginning.key.is_known || is_same_key(&beginning.key, &all->key));
    if (beginning.purpose != SIGNING_UNKNOWN && all->purpose != SIGNING_UNKNOWN) {
        fuzz_must(beginning.purpose == all->purpose && strcmp(beginning.name, all->name) == 0);
        fuzz_must(!beginning.host.is_known || is_same_key(&beginning.host, &all->host));
    }
    free(copy);
}

static void check_request(const uint8_t *p, size_t size, const struct signing_route *route)
{
    struct signing signing;

    signing_read(&signing, p, size, size);
    check_words(&signing);
    if (size > 0)
        check_beginning(p, (size_t)p[0] * 8 % size, size, &signing);
    signing_follow(&signing, route);
    check_words(&signing);
    check_line(&signing);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    struct signing_route route = {.hops = 0};

    while (in.n > 2) {
        struct fuzz_input frame = fuzz_take(&in, (size_t)fuzz_number(&in, 2));
        uint8_t *p = fuzz_copy(frame.p, frame.n);

        if (frame.n >= AGENT_HEADER && p[4] == AGENT_EXTENSION)
            signing_bind(&route, p, frame.n);
        else
            check_request(p, frame.n, &route);
        free(p);
    }
    return 0;
}
