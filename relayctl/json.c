/* SPDX-License-Identifier: MIT */
/* The status for programs. Two tables say which fields there are, in what order and of
 * what kind: scripts depend on them, and a table is easily held beside the manual. */
#include "config.h"

#include "relayctl/json.h"

#include "relayctl/text.h"
#include "relayd/base/util.h"

#include <string.h>

enum json_kind {
    JSON_TEXT,
    JSON_NUMBER,
    JSON_NUMBER_OR_NULL,
    JSON_BOOL,
};

struct json_field {
    const char *name;
    enum json_kind kind;
};

static const struct json_field daemon_fields[] = {
    {"version", JSON_TEXT},  {"pid", JSON_NUMBER},    {"socket", JSON_TEXT},
    {"paused", JSON_BOOL},   {"sessions", JSON_NUMBER}, {"served", JSON_NUMBER},
    {"refused", JSON_NUMBER}, {"following", JSON_BOOL},
};

static const struct json_field upstream_fields[] = {
    {"id", JSON_NUMBER},       {"path", JSON_TEXT},      {"label", JSON_TEXT},
    {"host", JSON_TEXT},       {"tty", JSON_TEXT},       {"pid", JSON_NUMBER},
    {"state", JSON_TEXT},      {"link", JSON_TEXT},      {"rtt_ms", JSON_NUMBER_OR_NULL},
    {"age_s", JSON_NUMBER},    {"sessions", JSON_NUMBER}, {"served", JSON_NUMBER},
    {"fallback", JSON_BOOL},   {"preferred", JSON_BOOL}, {"keys", JSON_NUMBER_OR_NULL},
    {"used_s", JSON_NUMBER_OR_NULL}, {"followed_s", JSON_NUMBER_OR_NULL}, {"reason", JSON_TEXT},
};

static void put_char(FILE *file, uint32_t c)
{
    char bytes[5];

    if (c == '"' || c == '\\') {
        fprintf(file, "\\%c", (int)c);
    } else if (c < 0x10000 && !utf8_is_printable(c)) {
        fprintf(file, "\\u%04x", (unsigned int)c);
    } else {
        utf8_encode(c == UTF8_INVALID ? 0xfffd : c, bytes);
        fputs(bytes, file);
    }
}

void json_string(FILE *file, const char *s)
{
    putc('"', file);
    while (*s != '\0')
        put_char(file, utf8_next(&s));
    putc('"', file);
}

/* JSON has no leading zeros, no bare point and no "nan". */
static bool is_number(const char *s)
{
    size_t whole = strspn(s, "0123456789");
    size_t fraction;

    if (whole == 0 || (s[0] == '0' && whole > 1))
        return false;
    if (s[whole] == '\0')
        return true;
    fraction = strspn(s + whole + 1, "0123456789");
    return s[whole] == '.' && fraction > 0 && s[whole + 1 + fraction] == '\0';
}

static void put_value(FILE *file, const struct proto_msg *record, const struct json_field *field)
{
    const char *value = status_text(record, field->name);

    switch (field->kind) {
    case JSON_TEXT:
        json_string(file, value);
        break;
    case JSON_NUMBER:
        fputs(is_number(value) ? value : "0", file);
        break;
    case JSON_NUMBER_OR_NULL:
        fputs(is_number(value) ? value : "null", file);
        break;
    case JSON_BOOL:
        fputs(proto_get_flag(record, field->name) ? "true" : "false", file);
        break;
    }
}

static void put_fields(FILE *file, const struct proto_msg *record,
                       const struct json_field *fields, size_t n, const char *indent)
{
    for (size_t i = 0; i < n; i++) {
        fprintf(file, "%s%s\"%s\": ", i == 0 ? "" : ",\n", indent, fields[i].name);
        put_value(file, record, &fields[i]);
    }
}

static void put_notice(FILE *file, const char *text, const char *cure, bool is_first)
{
    fputs(is_first ? "\n    {\n      \"text\": " : ",\n    {\n      \"text\": ", file);
    json_string(file, text);
    fputs(",\n      \"cure\": ", file);
    json_string(file, cure);
    fputs("\n    }", file);
}

/* The picture has the obstacle at its head. */
static void put_notices(FILE *file, const struct status *status, const struct notices *notices)
{
    const char *obstacle = status_obstacle(status);

    fputs("  \"notices\": [", file);
    if (obstacle != NULL)
        put_notice(file, obstacle, "", true);
    for (size_t i = 0; i < notices->n; i++)
        put_notice(file, notices->notice[i].text, notices->notice[i].cure,
                   i == 0 && obstacle == NULL);
    fputs(notices->n == 0 && obstacle == NULL ? "]\n}\n" : "\n  ]\n}\n", file);
}

void json_status(FILE *file, const struct status *status, const struct notices *notices)
{
    fputs("{\n", file);
    put_fields(file, &status->daemon, daemon_fields, ARRAY_SIZE(daemon_fields), "  ");
    fputs(",\n  \"upstreams\": [", file);
    for (size_t i = 0; i < status->n; i++) {
        fputs(i == 0 ? "\n    {\n" : ",\n    {\n", file);
        put_fields(file, &status->upstreams[i], upstream_fields, ARRAY_SIZE(upstream_fields),
                   "      ");
        fputs("\n    }", file);
    }
    fputs(status->n == 0 ? "],\n" : "\n  ],\n", file);
    put_notices(file, status, notices);
}
