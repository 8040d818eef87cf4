/* SPDX-License-Identifier: MIT */
/* Text made safe for one terminal. What is printable (utf8.h) may still not be in its charset,
 * or have no known width. */
#include "config.h"

#include "relayctl/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <wchar.h>

uint32_t text_safe(uint32_t c, bool has_utf8)
{
    if (c >= 0x20 && c < 0x7f)
        return c;
    if (c == TEXT_NO_BREAK)
        return ' ';
    return has_utf8 && utf8_is_printable(c) && wcwidth((wchar_t)c) >= 0 ? c : '?';
}

int text_width(uint32_t c)
{
    return c < 0x7f ? 1 : wcwidth((wchar_t)c);
}

int text_columns(const char *s, bool has_utf8)
{
    int columns = 0;

    while (*s != '\0')
        columns += text_width(text_safe(utf8_next(&s), has_utf8));
    return columns;
}

const char *text_whole(char *out, size_t size, const char *s)
{
    char *end = out;

    for (; *s != '\0' && (size_t)(end - out) + 3 <= size; s++) {
        if (*s == ' ')
            *end++ = '\xc2', *end++ = '\xa0';
        else
            *end++ = *s;
    }
    *end = '\0';
    return out;
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
