/* Text made safe. A label or a command's name may hold anything: escape sequences
 * that drive the terminal, or marks that reverse the words beside them, so that one
 * login looks like another. The decoder is our own because mbrtowc(3) depends on a
 * locale: rc and cron have none, and JSON is UTF-8 in each. */
#include "config.h"

#include "relayctl/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <wchar.h>

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

uint32_t text_next(const char **s)
{
    static const uint32_t smallest[] = {0, 0x80, 0x800, 0x10000};
    const unsigned char first = (unsigned char)*(*s)++;
    uint32_t c;
    int more;

    if (first < 0x80)
        return first;
    if (first >= 0xc2 && first < 0xe0)
        more = 1;
    else if (first >= 0xe0 && first < 0xf0)
        more = 2;
    else if (first >= 0xf0 && first < 0xf5)
        more = 3;
    else
        return TEXT_INVALID;

    c = first & (0x3fu >> more);
    for (int i = 0; i < more; i++) {
        if (!is_continuation((*s)[i]))
            return TEXT_INVALID;
        c = c << 6 | ((unsigned char)(*s)[i] & 0x3fu);
    }
    if (c < smallest[more] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        return TEXT_INVALID;
    *s += more;
    return c;
}

/* Marks that change the order in which a terminal shows what follows. */
static bool is_direction_mark(uint32_t c)
{
    return c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069);
}

uint32_t text_safe(uint32_t c, bool has_utf8)
{
    if (c >= 0x20 && c < 0x7f)
        return c;
    if (c < 0xa0 || c == TEXT_INVALID || !has_utf8 || is_direction_mark(c))
        return '?';
    return wcwidth((wchar_t)c) < 0 ? '?' : c;
}

int text_width(uint32_t c)
{
    return c < 0x7f ? 1 : wcwidth((wchar_t)c);
}

int text_columns(const char *s, bool has_utf8)
{
    int columns = 0;

    while (*s != '\0')
        columns += text_width(text_safe(text_next(&s), has_utf8));
    return columns;
}

size_t text_encode(uint32_t c, char out[5])
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

void text_span(uint64_t seconds, char out[TEXT_SPAN_MAX])
{
    const char *unit = "s";
    uint64_t n = seconds;

    if (seconds >= 48 * 3600)
        n = seconds / 86400, unit = "d";
    else if (seconds >= 3600)
        n = seconds / 3600, unit = "h";
    else if (seconds >= 60)
        n = seconds / 60, unit = "min";
    snprintf(out, TEXT_SPAN_MAX, "%" PRIu64 " %s", n, unit);
}
