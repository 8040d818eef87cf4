/* SPDX-License-Identifier: MIT */
/*
 * Signatures: what a client asks an agent to sign, as far as the protocol tells, and no further.
 * Pure: bytes in, meaning out.
 *
 * The data that is signed names its purpose. A login to a server (RFC 4252, section 7) has the user
 * in it, and where both ends are OpenSSH 8.9 or later the server's host key too
 * (publickey-hostbound-v00@openssh.com). A signed commit, tag or file (OpenSSH: PROTOCOL.sshsig)
 * has its namespace. And ssh says by a session-bind which server its connection leads to
 * (PROTOCOL.agent): it holds for signatures for that same connection.
 *
 * Whatever comes from a client is hostile. Nobody here verifies a signature: a client may say of
 * itself what it likes, but what the agent signs is what is named here.
 */
#ifndef RELAYD_SIGNING_H
#define RELAYD_SIGNING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIGNING_HASH 32
#define SIGNING_NAME_MAX 100

enum signing_purpose {
    SIGNING_UNKNOWN, /* data that says nothing of itself, or is not here whole */
    SIGNING_LOGIN,   /* an ssh login */
    SIGNING_FILE,    /* a commit, a tag, a file: anything that ssh-keygen -Y signs */
};

/* A key's SHA-256, for its fingerprint. Of a certificate it is the plain key's, as in
 * ssh-keygen -l: one key has one fingerprint, however it is certified. */
struct signing_key {
    bool is_known;
    bool is_certificate;
    uint8_t hash[SIGNING_HASH];
};

struct signing {
    enum signing_purpose purpose;
    struct signing_key key;  /* that is to sign; not known where it is not here whole */
    struct signing_key host; /* the server's, of a login */
    struct signing_key via;  /* of the server that the agent is forwarded to */
    unsigned hops;           /* how many servers the agent is forwarded through; 0: none */
    uint8_t session[SIGNING_HASH]; /* the SHA-256 of a login's session id */
    char name[SIGNING_NAME_MAX];   /* the user of a login, the namespace of a file: one word of
                                      printable ASCII, anything else as \xHH; "..." where cut */
};

/* Where a client's connection leads, by its session-binds. Zeroed: it has said nothing. */
struct signing_route {
    struct signing_key host; /* of the last bind that does not forward */
    struct signing_key via;  /* of the first bind that forwards */
    unsigned hops;
    uint8_t session[SIGNING_HASH]; /* of the last bind */
};

/* Reads the SIGN request at p, a frame of `size` bytes of which the first n are here. */
void signing_read(struct signing *signing, const uint8_t *p, size_t n, size_t size);

/* Reads the session-bind at p, a whole frame, and goes on with the route. One that is not of its
 * form changes nothing. */
void signing_bind(struct signing_route *route, const uint8_t *p, size_t size);

/* Adds what the route tells of this signature. */
void signing_follow(struct signing *signing, const struct signing_route *route);

/* "SHA256:" and 43 letters, as in ssh-keygen -l; a NUL. */
#define SIGNING_FINGERPRINT 51
void signing_fingerprint(const struct signing_key *key, char out[SIGNING_FINGERPRINT]);

/* What is signed, in words. It ends a line: only here are the words of a client in it.
 *
 *     ssh login as USER[ to host key SHA256:...]
 *     signature in namespace NAMESPACE
 *     unknown data
 *
 * and then, where the agent is forwarded, " through the agent forwarded to host key SHA256:..." and
 * for more than one server " (2 hops)". Returns out. */
#define SIGNING_WORDS_MAX 300
char *signing_describe(const struct signing *signing, char out[SIGNING_WORDS_MAX]);

#endif
