/* SPDX-License-Identifier: MIT */
/*
 * The SSH agent protocol as far as a relay needs it (RFC 9987): frames, kinds of
 * question, and the ping. Pure: bytes in, meaning out.
 *
 * A frame is a u32 big-endian length, then that many bytes: a u8 type and a body.
 * OpenSSH, client and agent alike, closes on a length over 262144
 * (authfd.c, ssh-agent.c: AGENT_MAX_LEN), and a length of 0 has no type.
 */
#ifndef RELAYD_AGENT_H
#define RELAYD_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AGENT_LENGTH_MAX 262144
#define AGENT_FRAME_MAX (4 + AGENT_LENGTH_MAX)
#define AGENT_HEADER 5 /* the length and the type */

enum agent_type {
    AGENT_FAILURE = 5,
    AGENT_SUCCESS = 6,
    AGENT_REQUEST_IDENTITIES = 11,
    AGENT_IDENTITIES_ANSWER = 12,
    AGENT_SIGN_REQUEST = 13,
    AGENT_SIGN_RESPONSE = 14,
    AGENT_ADD_IDENTITY = 17,
    AGENT_REMOVE_IDENTITY = 18,
    AGENT_REMOVE_ALL_IDENTITIES = 19,
    AGENT_ADD_SMARTCARD_KEY = 20,
    AGENT_REMOVE_SMARTCARD_KEY = 21,
    AGENT_LOCK = 22,
    AGENT_UNLOCK = 23,
    AGENT_ADD_ID_CONSTRAINED = 25,
    AGENT_ADD_SMARTCARD_KEY_CONSTRAINED = 26,
    AGENT_EXTENSION = 27,
    AGENT_EXTENSION_FAILURE = 28,
    AGENT_EXTENSION_RESPONSE = 29,
};

/* What a question is about. */
enum agent_kind {
    AGENT_KIND_LIST,
    AGENT_KIND_BIND,  /* the extension session-bind@openssh.com */
    AGENT_KIND_QUERY, /* the extension query */
    AGENT_KIND_PING,  /* the extension ping@relayd.invalid, of any relayd */
    AGENT_KIND_SIGN,
    AGENT_KIND_ADD,
    AGENT_KIND_REMOVE,
    AGENT_KIND_LOCK, /* and unlock */
    AGENT_KIND_SMARTCARD,
    AGENT_KIND_EXTENSION, /* any other */
    AGENT_KIND_OTHER,     /* a type that RFC 9987 does not have */
    AGENT_KINDS,
};

/* The head of a frame. */
struct agent_frame {
    size_t size;  /* of the whole frame, 5 to AGENT_FRAME_MAX */
    uint8_t type; /* as on the wire, of enum agent_type or not */
};

/* Reads the head at p. Returns 1; 0 if n is too few bytes to tell; -EPROTO if
 * the length is 0 or over AGENT_LENGTH_MAX. */
int agent_frame_read(struct agent_frame *frame, const uint8_t *p, size_t n);

/* The kind of the question at p, of which n >= AGENT_HEADER bytes are here. An
 * extension whose name is not here whole is AGENT_KIND_EXTENSION. */
enum agent_kind agent_kind(const uint8_t *p, size_t n);

/* Whether the whole session-bind at p says that its connection is forwarded. It is an ssh -A
 * then, and its terminal stands still until the answer (OpenSSH: PROTOCOL.agent;
 * clientloop.c, client_request_agent()). */
bool agent_bind_is_forwarding(const uint8_t *p, size_t size);

/* How many keys the whole answer to a listing has; -1 where it is a failure. */
int agent_keys(const uint8_t *p, size_t size);

/* Whether such a question is safe: it may be asked of two agents, for it changes nothing. */
bool agent_kind_is_safe(enum agent_kind kind);

/* A word for logs: "list", "sign", ... */
const char *agent_kind_name(enum agent_kind kind);

/* Whether an answer of that type can answer a question of that kind. */
bool agent_answer_fits(enum agent_kind kind, uint8_t type);

/* The ping: an extension, which no agent shows to a person, and which all but Windows' answer
 * with one frame (dial.h). It carries the daemon's random instance and a nonce, so that a
 * daemon knows its own ping when it comes round. */
#define AGENT_INSTANCE 16
#define AGENT_PING_SIZE (AGENT_HEADER + 4 + 19 + AGENT_INSTANCE + 8)

void agent_ping_make(uint8_t out[AGENT_PING_SIZE], const uint8_t instance[AGENT_INSTANCE],
                     uint64_t nonce);

/* Whether the whole frame at p (size bytes) is a ping of this instance; sets
 * *nonce then. */
bool agent_ping_is_own(const uint8_t *p, size_t size, const uint8_t instance[AGENT_INSTANCE],
                       uint64_t *nonce);

/* Frames that are made here, and not passed on. */
extern const uint8_t agent_failure[AGENT_HEADER];
extern const uint8_t agent_list_question[AGENT_HEADER];
extern const uint8_t agent_empty_list[AGENT_HEADER + 4];

#endif
