/* SPDX-License-Identifier: MIT */
/* UTF-8. A label or a command's name may hold anything: a newline that would begin
 * another line of a protocol, escape sequences that drive a terminal, or marks that turn
 * the words beside them round, so that one login looks like another. The decoder is our
 * own because mbrtowc(3) depends on a locale, which rc, cron and services do not have.
 * Its idea of what is valid is that of systemd's utf8.c, by which journalctl(1) judges. */
#include "config.h"

#include "relayd/base/utf8.h"

#include <stdio.h>
#include <string.h>

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* How many bytes follow one that begins a character; -1: it begins none. */
static int bytes_after(char c)
{
    const unsigned char first = (unsigned char)c;

    if (first < 0x80)
        return 0;
    if (first < 0xc2 || first >= 0xf5)
        return -1;
    return first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
}

uint32_t utf8_next(const char **s)
{
    static const uint32_t smallest[] = {0, 0x80, 0x800, 0x10000};
    const unsigned char first = (unsigned char)*(*s)++;
    int more = bytes_after((char)first);
    uint32_t c;

    if (more <= 0)
        return more == 0 ? first : UTF8_INVALID;
    c = first & (0x3fu >> more);
    for (int i = 0; i < more; i++) {
        if (!is_continuation((*s)[i]))
            return UTF8_INVALID;
        c = c << 6 | ((unsigned char)(*s)[i] & 0x3fu);
    }
    if (c < smallest[more] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        return UTF8_INVALID;
    *s += more;
    return c;
}

size_t utf8_encode(uint32_t c, char out[5])
{
    size_t n = 0;

    if (c < 0x80) {
        out[n++] = (char)c;
    } else if (c < 0x800) {
        out[n++] = (char)(0xc0 | c >> 6);
        out[n++] = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        out[n++] = (char)(0xe0 | c >> 12);
        out[n++] = (char)(0x80 | (c >> 6 & 0x3f));
        out[n++] = (char)(0x80 | (c & 0x3f));
    } else {
        out[n++] = (char)(0xf0 | c >> 18);
        out[n++] = (char)(0x80 | (c >> 12 & 0x3f));
        out[n++] = (char)(0x80 | (c >> 6 & 0x3f));
        out[n++] = (char)(0x80 | (c & 0x3f));
    }
    out[n] = '\0';
    return n;
}

bool utf8_is_printable(uint32_t c)
{
    static const struct { uint32_t first, last; } others[] = {
        {0, 0x1f}, {0x7f, 0x9f},
        {0x61c, 0x61c}, {0x200e, 0x200f}, {0x202a, 0x202e}, {0x2066, 0x2069}, /* direction */
        {0x2028, 0x2029}, /* line and paragraph separator */
        {0xfeff, 0xfeff}, /* byte order mark */
        {0xfdd0, 0xfdef}, /* noncharacters, with the last two of each plane below */
    };

    if (c > 0x10ffff || (c & 0xfffe) == 0xfffe)
        return false;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (c >= others[i].first && c <= others[i].last)
            return false;
    }
    return true;
}

bool utf8_is_clean(const char *text)
{
    while (*text != '\0') {
        if (!utf8_is_printable(utf8_next(&text)))
            return false;
    }
    return true;
}

void utf8_clean(char *text)
{
    const char *next = text;
    char *out = text;

    while (*next != '\0') {
        const char *from = next;

        if (!utf8_is_printable(utf8_next(&next))) {
            *out++ = '?';
            continue;
        }
        memmove(out, from, (size_t)(next - from));
        out += next - from;
    }
    *out = '\0';
}

/* Takes off the beginning of a character whose end was cut off. */
static void drop_partial(char *text)
{
    size_t size = strlen(text), start = size;

    while (start > 0 && size - start < 3 && is_continuation(text[start - 1]))
        start--;
    if (start > 0 && bytes_after(text[start - 1]) > (int)(size - start))
        text[start - 1] = '\0';
}

char *utf8_copy(char *out, size_t size, const char *text)
{
    return utf8_format(out, size, "%s", text);
}

char *utf8_quote(char *out, size_t size, const char *text, const char *marks)
{
    char *end = out;

    while (*text != '\0') {
        const char *from = text;
        bool is_plain = utf8_is_printable(utf8_next(&text)) && *from != '\\' &&
                        strchr(marks, *from) == NULL;
        size_t n = (size_t)(text - from), room = is_plain ? n : 4 * n;

        if ((size_t)(end - out) + room + sizeof("...") > size) {
            strcpy(end, "...");
            return out;
        }
        if (is_plain)
            end = (char *)memcpy(end, from, n) + n;
        for (size_t i = 0; i < n && !is_plain; i++)
            end += sprintf(end, "\\x%02x", (unsigned char)from[i]);
    }
    *end = '\0';
    return out;
}

char *utf8_format(char *out, size_t size, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    utf8_vformat(out, size, format, ap);
    va_end(ap);
    return out;
}

char *utf8_vformat(char *out, size_t size, const char *format, va_list ap)
{
    if (vsnprintf(out, size, format, ap) >= (int)size)
        drop_partial(out);
    utf8_clean(out);
    return out;
}
