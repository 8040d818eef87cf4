/* SPDX-License-Identifier: MIT */
/* The control protocol's packets. Text, so that a person can read them in strace
 * and the saved registry, which has the same form, in an editor. */
#include "config.h"

#include "relayd/base/proto.h"

#include "relayd/base/utf8.h"
#include "relayd/base/util.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_word(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_-");

    return n > 0 && n <= 32 && s[n] == '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Decodes in place: the result is never longer. */
static int unescape(char *s)
{
    char *out = s;

    for (; *s != '\0'; s++) {
        if (*s != '%') {
            *out++ = *s;
            continue;
        }
        int high = hex_digit(s[1]);
        int low = high < 0 ? -1 : hex_digit(s[2]);
        if (low < 0 || (high == 0 && low == 0))
            return -EBADMSG;
        *out++ = (char)(high << 4 | low);
        s += 2;
    }
    *out = '\0';
    return 0;
}

/* Versions before wrote dashes in the keys of the saved registry. */
static void spell(char *key)
{
    for (; *key != '\0'; key++) {
        if (*key == '-')
            *key = '_';
    }
}

static int parse_pair(struct proto_msg *msg, char *line)
{
    char *value = strchr(line, '=');

    if (value == NULL || msg->n == PROTO_KEYS_MAX)
        return -EBADMSG;
    *value++ = '\0';
    spell(line);
    if (!is_word(line) || proto_get(msg, line) != NULL || unescape(value) < 0)
        return -EBADMSG;
    msg->pair[msg->n].key = line;
    msg->pair[msg->n].value = value;
    msg->n++;
    return 0;
}

static int parse_lines(struct proto_msg *msg)
{
    char *rest = msg->text;

    msg->verb = strsep(&rest, "\n");
    if (!is_word(msg->verb))
        return -EBADMSG;
    while (rest != NULL && *rest != '\0') {
        int r = parse_pair(msg, strsep(&rest, "\n"));

        if (r < 0)
            return r;
    }
    return 0;
}

int proto_parse(struct proto_msg *msg, const char *packet, size_t size)
{
    int r;

    memset(msg, 0, sizeof(*msg));
    if (size > PROTO_PACKET_MAX)
        return -EMSGSIZE;
    if (memchr(packet, '\0', size) != NULL)
        return -EBADMSG;
    msg->text = strndup(packet, size);
    if (msg->text == NULL)
        return -ENOMEM;
    r = parse_lines(msg);
    if (r < 0)
        proto_msg_fini(msg);
    return r;
}

void proto_msg_fini(struct proto_msg *msg)
{
    free(msg->text);
    memset(msg, 0, sizeof(*msg));
}

const char *proto_get(const struct proto_msg *msg, const char *key)
{
    for (size_t i = 0; i < msg->n; i++) {
        if (strcmp(msg->pair[i].key, key) == 0)
            return msg->pair[i].value;
    }
    return NULL;
}

uint64_t proto_get_u64(const struct proto_msg *msg, const char *key, uint64_t fallback)
{
    const char *text = proto_get(msg, key);
    uint64_t value;

    return text != NULL && parse_u64(text, &value) == 0 ? value : fallback;
}

bool proto_get_flag(const struct proto_msg *msg, const char *key)
{
    const char *text = proto_get(msg, key);

    return text != NULL && strcmp(text, "0") != 0;
}

static void put(struct proto_buf *buf, char c)
{
    if (buf->size == sizeof(buf->data))
        buf->is_full = true;
    else
        buf->data[buf->size++] = c;
}

static void put_text(struct proto_buf *buf, const char *s)
{
    while (*s != '\0')
        put(buf, *s++);
}

static void put_escaped(struct proto_buf *buf, const char *s)
{
    char escape[4];

    for (; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;

        if (c >= 0x20 && c != 0x7f && c != '%') {
            put(buf, *s);
            continue;
        }
        snprintf(escape, sizeof(escape), "%%%02x", c);
        put_text(buf, escape);
    }
}

void proto_begin(struct proto_buf *buf, const char *verb)
{
    buf->size = 0;
    buf->is_full = false;
    put_text(buf, verb);
    put(buf, '\n');
}

void proto_add(struct proto_buf *buf, const char *key, const char *value)
{
    if (value == NULL)
        return;
    put_text(buf, key);
    put(buf, '=');
    put_escaped(buf, value);
    put(buf, '\n');
}

void proto_addf(struct proto_buf *buf, const char *key, const char *format, ...)
{
    char value[1024];
    va_list ap;

    va_start(ap, format);
    utf8_vformat(value, sizeof(value), format, ap);
    va_end(ap);
    proto_add(buf, key, value);
}

void proto_add_u64(struct proto_buf *buf, const char *key, uint64_t value)
{
    proto_addf(buf, key, "%llu", (unsigned long long)value);
}
