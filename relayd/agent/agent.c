/* SPDX-License-Identifier: MIT */
/* The SSH agent protocol. A relay passes everything on unchanged, so this knows
 * only what decides where a question may go: how long it is, and whether asking
 * it of two agents could do harm. */
#include "config.h"

#include "relayd/agent/agent.h"

#include "relayd/base/util.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#define PING_NAME "ping@relayd.invalid"
/* The string's length with its NUL is one more than its bytes on the wire. */
#define PING_NAME_SIZE (sizeof(PING_NAME) - 1)

_Static_assert(AGENT_PING_SIZE == AGENT_HEADER + 4 + PING_NAME_SIZE + AGENT_INSTANCE + 8,
               "AGENT_PING_SIZE follows from the name");

const uint8_t agent_failure[AGENT_HEADER] = {0, 0, 0, 1, AGENT_FAILURE};
const uint8_t agent_list_question[AGENT_HEADER] = {0, 0, 0, 1, AGENT_REQUEST_IDENTITIES};
const uint8_t agent_empty_list[AGENT_HEADER + 4] = {0, 0, 0, 5, AGENT_IDENTITIES_ANSWER};

static uint32_t get_u32(const uint8_t *p)
{
    uint32_t value;

    memcpy(&value, p, sizeof(value));
    return be32toh(value);
}

static void put_u32(uint8_t *p, size_t value)
{
    uint32_t wire = htobe32((uint32_t)value);

    memcpy(p, &wire, sizeof(wire));
}

int agent_frame_read(struct agent_frame *frame, const uint8_t *p, size_t n)
{
    uint32_t length;

    if (n < 4)
        return 0;
    length = get_u32(p);
    if (length == 0 || length > AGENT_LENGTH_MAX)
        return -EPROTO;
    if (n < AGENT_HEADER)
        return 0;
    frame->size = 4 + (size_t)length;
    frame->type = p[4];
    return 1;
}

static enum agent_kind extension_kind(const uint8_t *p, size_t n)
{
    static const struct { const char *name; enum agent_kind kind; } names[] = {
        {"session-bind@openssh.com", AGENT_KIND_BIND},
        {"query", AGENT_KIND_QUERY},
        {PING_NAME, AGENT_KIND_PING},
    };
    size_t length;

    if (n < AGENT_HEADER + 4)
        return AGENT_KIND_EXTENSION;
    length = get_u32(p + AGENT_HEADER);
    if (length > n - AGENT_HEADER - 4)
        return AGENT_KIND_EXTENSION;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (length == strlen(names[i].name) &&
            memcmp(p + AGENT_HEADER + 4, names[i].name, length) == 0)
            return names[i].kind;
    }
    return AGENT_KIND_EXTENSION;
}

enum agent_kind agent_kind(const uint8_t *p, size_t n)
{
    switch (p[4]) {
    case AGENT_REQUEST_IDENTITIES:
        return AGENT_KIND_LIST;
    case AGENT_SIGN_REQUEST:
        return AGENT_KIND_SIGN;
    case AGENT_ADD_IDENTITY:
    case AGENT_ADD_ID_CONSTRAINED:
        return AGENT_KIND_ADD;
    case AGENT_REMOVE_IDENTITY:
    case AGENT_REMOVE_ALL_IDENTITIES:
        return AGENT_KIND_REMOVE;
    case AGENT_LOCK:
    case AGENT_UNLOCK:
        return AGENT_KIND_LOCK;
    case AGENT_ADD_SMARTCARD_KEY:
    case AGENT_REMOVE_SMARTCARD_KEY:
    case AGENT_ADD_SMARTCARD_KEY_CONSTRAINED:
        return AGENT_KIND_SMARTCARD;
    case AGENT_EXTENSION:
        return extension_kind(p, n);
    default:
        return AGENT_KIND_OTHER;
    }
}

/* Four strings (name, host key, session id, signature), and the flag. */
bool agent_bind_is_forwarding(const uint8_t *p, size_t size)
{
    size_t at = AGENT_HEADER;

    for (int i = 0; i < 4; i++) {
        size_t length;

        if (size - at < 4)
            return false;
        length = get_u32(p + at);
        if (length > size - at - 4)
            return false;
        at += 4 + length;
    }
    return at + 1 == size && p[at] != 0;
}

int agent_keys(const uint8_t *p, size_t size)
{
    uint32_t n;

    if (size < AGENT_HEADER + 4 || p[4] != AGENT_IDENTITIES_ANSWER)
        return -1;
    n = get_u32(p + AGENT_HEADER);
    return n > INT32_MAX ? INT32_MAX : (int)n;
}

bool agent_kind_is_safe(enum agent_kind kind)
{
    return kind == AGENT_KIND_LIST || kind == AGENT_KIND_BIND || kind == AGENT_KIND_QUERY ||
           kind == AGENT_KIND_PING;
}

const char *agent_kind_name(enum agent_kind kind)
{
    switch (kind) {
    case AGENT_KIND_LIST: return "list";
    case AGENT_KIND_BIND: return "bind";
    case AGENT_KIND_QUERY: return "query";
    case AGENT_KIND_PING: return "ping";
    case AGENT_KIND_SIGN: return "sign";
    case AGENT_KIND_ADD: return "add";
    case AGENT_KIND_REMOVE: return "remove";
    case AGENT_KIND_LOCK: return "lock";
    case AGENT_KIND_SMARTCARD: return "smartcard";
    case AGENT_KIND_EXTENSION: return "extension";
    case AGENT_KIND_OTHER: return "other";
    case AGENT_KINDS: break;
    }
    return "?";
}

bool agent_answer_fits(enum agent_kind kind, uint8_t type)
{
    if (type == AGENT_FAILURE)
        return true;
    switch (kind) {
    case AGENT_KIND_LIST:
        return type == AGENT_IDENTITIES_ANSWER;
    case AGENT_KIND_BIND:
    case AGENT_KIND_QUERY:
    case AGENT_KIND_PING:
    case AGENT_KIND_EXTENSION:
        return type == AGENT_SUCCESS || type == AGENT_EXTENSION_FAILURE ||
               type == AGENT_EXTENSION_RESPONSE;
    case AGENT_KIND_SIGN:
        return type == AGENT_SIGN_RESPONSE;
    case AGENT_KIND_ADD:
    case AGENT_KIND_REMOVE:
    case AGENT_KIND_LOCK:
    case AGENT_KIND_SMARTCARD:
        return type == AGENT_SUCCESS;
    case AGENT_KIND_OTHER:
    case AGENT_KINDS:
        break;
    }
    return true;
}

void agent_ping_make(uint8_t out[AGENT_PING_SIZE], const uint8_t instance[AGENT_INSTANCE],
                     uint64_t nonce)
{
    uint64_t wire = htobe64(nonce);
    uint8_t *p = out;

    put_u32(p, AGENT_PING_SIZE - 4);
    p += 4;
    *p++ = AGENT_EXTENSION;
    put_u32(p, PING_NAME_SIZE);
    p += 4;
    memcpy(p, PING_NAME, PING_NAME_SIZE);
    p += PING_NAME_SIZE;
    memcpy(p, instance, AGENT_INSTANCE);
    memcpy(p + AGENT_INSTANCE, &wire, sizeof(wire));
}

bool agent_ping_is_own(const uint8_t *p, size_t size, const uint8_t instance[AGENT_INSTANCE],
                       uint64_t *nonce)
{
    uint64_t wire;

    if (size != AGENT_PING_SIZE || p[4] != AGENT_EXTENSION ||
        agent_kind(p, size) != AGENT_KIND_PING)
        return false;
    p += AGENT_HEADER + 4 + PING_NAME_SIZE;
    if (memcmp(p, instance, AGENT_INSTANCE) != 0)
        return false;
    memcpy(&wire, p + AGENT_INSTANCE, sizeof(wire));
    *nonce = be64toh(wire);
    return true;
}
