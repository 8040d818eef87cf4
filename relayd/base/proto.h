/* SPDX-License-Identifier: MIT */
/*
 * The control protocol: what relayctl and relayd say to each other.
 *
 * A request is one seqpacket; the reply is any number of record packets and one
 * last packet whose verb is "ok" or "error". Each packet is a verb and then
 * key=value, a line each:
 *
 *     register
 *     path=/tmp/ssh-XXXXabcdef/agent.17
 *     label=laptop
 *
 * Values are percent-escaped (%, and every byte below 0x20, and 0x7f), so they
 * may hold anything but NUL. This module only encodes and decodes.
 */
#ifndef RELAYD_PROTO_H
#define RELAYD_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROTO_PACKET_MAX 65536
#define PROTO_KEYS_MAX 32
#define PROTO_FACT_MAX 256 /* bytes that one fact of a login may have */

/* A decoded packet. Owns its text; verb, keys and values point into it. */
struct proto_msg {
    char *text;
    const char *verb;
    size_t n;
    struct {
        const char *key;
        const char *value;
    } pair[PROTO_KEYS_MAX];
};

/* Decodes size bytes. Returns 0, then the caller calls proto_msg_fini(); or
 * -EBADMSG (not of the form above: an empty or odd verb or key, a line without
 * '=', a bad escape, a NUL, over PROTO_KEYS_MAX keys, a key twice), -EMSGSIZE, or
 * -ENOMEM. */
int proto_parse(struct proto_msg *msg, const char *packet, size_t size);
void proto_msg_fini(struct proto_msg *msg);

/* The value of key, or NULL. A dash in a key is read as '_'. */
const char *proto_get(const struct proto_msg *msg, const char *key);
/* The value as a number; fallback where the key is missing or no number. */
uint64_t proto_get_u64(const struct proto_msg *msg, const char *key, uint64_t fallback);
/* Whether the key is there and not "0". */
bool proto_get_flag(const struct proto_msg *msg, const char *key);

/* A packet being made. What does not fit is noted, not cut: is_full is set and
 * the packet must not be sent. */
struct proto_buf {
    size_t size;
    bool is_full;
    char data[PROTO_PACKET_MAX];
};

void proto_begin(struct proto_buf *buf, const char *verb);
/* A NULL value adds nothing. */
void proto_add(struct proto_buf *buf, const char *key, const char *value);
/* The formatted value is made printable (utf8.h), and has at most 1023 bytes. */
void proto_addf(struct proto_buf *buf, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void proto_add_u64(struct proto_buf *buf, const char *key, uint64_t value);

#endif
