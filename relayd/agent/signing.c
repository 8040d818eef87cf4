/* SPDX-License-Identifier: MIT */
/* Signatures. All lengths are those of a stranger: a field is taken where it lies within its frame
 * and is here, and what is said of a frame ends before the first that is not. SHA-256 is libmd's,
 * which most systems have installed: OpenSSL's would take more memory than all of relayd. */
#include "config.h"

#include "relayd/agent/signing.h"

#include "relayd/agent/agent.h"
#include "relayd/base/util.h"

#include <endian.h>
#include <sha2.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define USERAUTH_REQUEST 50 /* RFC 4252, section 6 */
#define SESSION_ID_MAX 64   /* no key exchange has a longer hash */

_Static_assert(SIGNING_HASH == SHA256_DIGEST_LENGTH, "libmd knows how long a hash is");

struct bytes {
    const uint8_t *p; /* never NULL */
    size_t n;
};

static const struct bytes no_bytes = {(const uint8_t *)"", 0};

/* What is left of a message. Once a field is not to be had, no field after it is. */
struct reader {
    const uint8_t *p;
    size_t here, left; /* left: of the whole message, here: of that what has come; here <= left */
    bool is_cut;       /* the field was not here */
    bool is_bad;       /* the field had no room in the message */
};

static bool is_good(const struct reader *in)
{
    return !in->is_cut && !in->is_bad;
}

static struct bytes take(struct reader *in, size_t n)
{
    struct bytes taken = {in->p, n};

    if (!is_good(in))
        return no_bytes;
    in->is_bad = n > in->left;
    in->is_cut = !in->is_bad && n > in->here;
    if (!is_good(in))
        return no_bytes;
    in->p += n;
    in->here -= n;
    in->left -= n;
    return taken;
}

static uint8_t take_byte(struct reader *in)
{
    struct bytes taken = take(in, 1);

    return taken.n == 1 ? taken.p[0] : 0;
}

static uint32_t take_u32(struct reader *in)
{
    struct bytes taken = take(in, 4);
    uint32_t value = 0;

    if (taken.n == 4)
        memcpy(&value, taken.p, 4);
    return be32toh(value);
}

static struct bytes take_string(struct reader *in)
{
    return take(in, take_u32(in));
}

/* A string as a message of its own, of which the beginning may be all that is here. */
static struct reader take_message(struct reader *in)
{
    size_t n = take_u32(in);
    struct reader message = {in->p, n < in->here ? n : in->here, n, .is_cut = in->is_cut};

    message.is_bad = in->is_bad || n > in->left;
    if (is_good(&message))
        take(in, message.here);
    return message;
}

static struct reader reader_of(struct bytes bytes)
{
    return (struct reader){bytes.p, bytes.n, bytes.n, .is_cut = false};
}

static bool is_text(struct bytes bytes, const char *text)
{
    return bytes.n == strlen(text) && memcmp(bytes.p, text, bytes.n) == 0;
}

static void hash(struct bytes bytes, uint8_t out[SIGNING_HASH])
{
    SHA2_CTX sha;

    SHA256Init(&sha);
    SHA256Update(&sha, bytes.p, bytes.n);
    SHA256Final(out, &sha);
}

/* Kinds of keys. An agent takes some of them by more names than one, in any case and with a NUL
 * behind, and numbers with zeros before them: who would not be known by the key's fingerprint could
 * write it so. So what is hashed is the form that ssh-keygen -l hashes. Of a certificate
 * (PROTOCOL.certkeys) that is a plain key's name and its fields, which stand behind a nonce; what
 * comes behind them is certified. */
static const struct kind {
    const char *plain, *certificate;
    const char *fields; /* n: a number; t: a text; b: bytes as they are */
    const char *others[3];
} kinds[] = {
    {"ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com", "b", {"ed25519"}},
    {"ssh-rsa", "ssh-rsa-cert-v01@openssh.com", "nn", {"rsa", "rsa-sha2-256", "rsa-sha2-512"}},
    {"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256-cert-v01@openssh.com", "tb", {NULL}},
    {"ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384-cert-v01@openssh.com", "tb", {NULL}},
    {"ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521-cert-v01@openssh.com", "tb", {NULL}},
    {"sk-ssh-ed25519@openssh.com", "sk-ssh-ed25519-cert-v01@openssh.com", "bt", {"ed25519-sk"}},
    {"sk-ecdsa-sha2-nistp256@openssh.com", "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", "tbt",
     {"ecdsa-sk", "webauthn-sk-ecdsa-sha2-nistp256@openssh.com"}},
    {"ssh-dss", "ssh-dss-cert-v01@openssh.com", "nnnn", {"dsa"}},
};

static struct bytes without_nul(struct bytes text)
{
    if (text.n > 0 && text.p[text.n - 1] == '\0')
        text.n--;
    return text;
}

static bool is_name(struct bytes name, const char *text)
{
    return text != NULL && name.n == strlen(text) &&
           strncasecmp((const char *)name.p, text, name.n) == 0;
}

static bool is_plain(const struct kind *kind, struct bytes name)
{
    for (size_t i = 0; i < ARRAY_SIZE(kind->others); i++) {
        if (is_name(name, kind->others[i]))
            return true;
    }
    return is_name(name, kind->plain);
}

/* NULL: none that is known. */
static const struct kind *find_kind(struct bytes name, bool *is_certificate)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        *is_certificate = is_name(name, kinds[i].certificate);
        if (*is_certificate || is_plain(&kinds[i], name))
            return &kinds[i];
    }
    return NULL;
}

static void hash_field(SHA2_CTX *sha, struct bytes field, char form)
{
    size_t zeros = 0;
    uint32_t wire;

    while (form == 'n' && field.n > 0 && field.p[0] == 0) {
        field.p++;
        field.n--;
    }
    if (form == 'n' && field.n > 0 && (field.p[0] & 0x80) != 0)
        zeros = 1; /* or it would be below zero */
    if (form == 't')
        field = without_nul(field);
    wire = htobe32((uint32_t)(zeros + field.n));
    SHA256Update(sha, (const uint8_t *)&wire, sizeof(wire));
    SHA256Update(sha, (const uint8_t *)"", zeros);
    SHA256Update(sha, field.p, field.n);
}

/* Hashes what the plain key would be. in is behind the name. */
static bool hash_key(const struct kind *kind, struct reader *in, uint8_t out[SIGNING_HASH])
{
    SHA2_CTX sha;

    SHA256Init(&sha);
    hash_field(&sha, (struct bytes){(const uint8_t *)kind->plain, strlen(kind->plain)}, 'b');
    for (const char *form = kind->fields; *form != '\0'; form++) {
        struct bytes field = take_string(in);

        if (is_good(in))
            hash_field(&sha, field, *form);
    }
    SHA256Final(out, &sha);
    return is_good(in);
}

/* One that is of no known kind, or not of its form, is what its bytes are. */
static void read_key(struct signing_key *key, struct bytes blob)
{
    struct reader in = reader_of(blob);
    bool is_certificate = false;
    struct bytes name = without_nul(take_string(&in));
    const struct kind *kind = find_kind(name, &is_certificate);

    *key = (struct signing_key){.is_known = blob.n > 0};
    if (is_certificate)
        take_string(&in); /* the nonce */
    if (kind != NULL && hash_key(kind, &in, key->hash) && (is_certificate || in.left == 0))
        key->is_certificate = is_certificate;
    else if (blob.n > 0)
        hash(blob, key->hash);
}

static bool is_same_key(const struct signing_key *a, const struct signing_key *b)
{
    return a->is_known && b->is_known && memcmp(a->hash, b->hash, sizeof(a->hash)) == 0;
}

/* One word, however long or odd it is. */
static void put_name(char out[SIGNING_NAME_MAX], struct bytes name)
{
    char *end = out + SIGNING_NAME_MAX - sizeof("\\xff...");

    for (size_t i = 0; i < name.n; i++) {
        if (out > end) {
            memcpy(out, "...", 3);
            out += 3;
            break;
        }
        if (name.p[i] > ' ' && name.p[i] < 0x7f && name.p[i] != '\\')
            *out++ = (char)name.p[i];
        else
            out += sprintf(out, "\\x%02x", name.p[i]);
    }
    *out = '\0';
}

/* RFC 4252, section 7. Only the key that is named in it may sign it. */
static bool read_login(struct signing *signing, struct reader in)
{
    struct bytes session = take_string(&in);
    bool is_request = take_byte(&in) == USERAUTH_REQUEST;
    struct bytes user = take_string(&in);
    bool is_ssh = is_text(take_string(&in), "ssh-connection");
    struct bytes method = take_string(&in);
    bool is_bound = is_text(method, "publickey-hostbound-v00@openssh.com");
    bool is_signed = take_byte(&in) != 0;
    struct signing_key key = {0};

    if (!is_request || !is_ssh || !is_signed || session.n == 0 || session.n > SESSION_ID_MAX ||
        (!is_bound && !is_text(method, "publickey")))
        return false;
    take_string(&in); /* how it is to sign */
    read_key(&key, take_string(&in));
    if (key.is_known && !is_same_key(&key, &signing->key))
        return false;
    if (is_bound)
        read_key(&signing->host, take_string(&in));
    if (in.is_bad || (!in.is_cut && in.left > 0))
        return false;
    hash(session, signing->session);
    put_name(signing->name, user);
    return true;
}

/* PROTOCOL.sshsig. */
static bool read_file(struct signing *signing, struct reader in)
{
    bool is_file = is_text(take(&in, 6), "SSHSIG");
    struct bytes name = take_string(&in);

    if (!is_file || name.n == 0)
        return false;
    for (int i = 0; i < 3; i++)
        take_string(&in); /* reserved, the hash's name, the hash */
    if (in.is_bad || (!in.is_cut && in.left > 0))
        return false;
    put_name(signing->name, name);
    return true;
}

void signing_read(struct signing *signing, const uint8_t *p, size_t n, size_t size)
{
    struct reader in = {p, n, size, .is_cut = false}, data;

    *signing = (struct signing){.purpose = SIGNING_UNKNOWN};
    take(&in, AGENT_HEADER);
    read_key(&signing->key, take_string(&in));
    data = take_message(&in);
    if (read_file(signing, data))
        signing->purpose = SIGNING_FILE;
    else if (read_login(signing, data))
        signing->purpose = SIGNING_LOGIN;
    else
        signing->host = (struct signing_key){0};
}

void signing_bind(struct signing_route *route, const uint8_t *p, size_t size)
{
    struct reader in = reader_of((struct bytes){p, size});
    struct bytes host, session;
    bool is_forwarding;

    take(&in, AGENT_HEADER);
    take_string(&in); /* the extension's name */
    host = take_string(&in);
    session = take_string(&in);
    take_string(&in); /* the host's signature */
    is_forwarding = take_byte(&in) != 0;
    if (!is_good(&in) || in.left > 0 || host.n == 0)
        return;
    hash(session, route->session);
    if (!is_forwarding)
        read_key(&route->host, host);
    else if (route->hops++ == 0)
        read_key(&route->via, host);
}

void signing_follow(struct signing *signing, const struct signing_route *route)
{
    signing->hops = route->hops;
    signing->via = route->via;
    if (signing->purpose == SIGNING_LOGIN && !signing->host.is_known &&
        memcmp(signing->session, route->session, SIGNING_HASH) == 0)
        signing->host = route->host;
}

void signing_fingerprint(const struct signing_key *key, char out[SIGNING_FINGERPRINT])
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *end = out + sprintf(out, "SHA256:");

    for (size_t bit = 0; bit < 8 * SIGNING_HASH; bit += 6) {
        size_t at = bit / 8;
        unsigned pair = (unsigned)key->hash[at] << 8;

        if (at + 1 < SIGNING_HASH)
            pair |= key->hash[at + 1];
        *end++ = letters[pair >> (10 - bit % 8) & 63];
    }
    *end = '\0';
}

/* " to host key SHA256:..." */
static char *put_key(char *out, const char *before, const struct signing_key *key)
{
    char fingerprint[SIGNING_FINGERPRINT];

    if (!key->is_known)
        return out;
    signing_fingerprint(key, fingerprint);
    return out + sprintf(out, "%s host key %s", before, fingerprint);
}

char *signing_describe(const struct signing *signing, char out[SIGNING_WORDS_MAX])
{
    char *end = out;

    switch (signing->purpose) {
    case SIGNING_UNKNOWN:
        end += sprintf(end, "unknown data");
        break;
    case SIGNING_LOGIN:
        end += sprintf(end, "ssh login as %s", signing->name);
        end = put_key(end, " to", &signing->host);
        break;
    case SIGNING_FILE:
        end += sprintf(end, "signature in namespace %s", signing->name);
        break;
    }
    end = put_key(end, " through the agent forwarded to", &signing->via);
    if (signing->hops > 1)
        sprintf(end, " (%u hops)", signing->hops);
    return out;
}
