/* SPDX-License-Identifier: MIT */
/* Showing an entry. On a terminal the key stands below, for no line has room for all of it. */
#include "config.h"

#include "relayctl/log/show.h"

#include "relayctl/json.h"
#include "relayd/base/util.h"

#include <inttypes.h>
#include <limits.h>
#include <time.h>

#define WHEN_COLUMNS 21

static struct tm time_of(const struct entry *entry)
{
    return local_time((time_t)(entry->at_us / 1000000));
}

/* What comes before the words: nothing for one that was signed. */
static void put_verdict(char *out, size_t size, const struct entry *entry)
{
    const char *verb = entry->is_signed ? "" : "refused: ";

    if (entry->more == 0)
        snprintf(out, size, "%s", verb);
    else
        snprintf(out, size, "%s%" PRIu64 " more%s: ", verb, entry->more,
                 entry->is_mixed ? " of many kinds, the last" : "");
}

static void show_on_terminal(struct printer *out, const struct entry *entry, const char *verdict)
{
    char text[1024];

    printer_style(out, entry->is_signed ? STYLE_PLAIN : STYLE_BAD);
    snprintf(text, sizeof(text), "%s (%" PRIu64 ")  %s  %s%s", entry->command, entry->pid,
             entry->login, verdict, entry->words);
    printer_flow(out, text, WHEN_COLUMNS);
    printer_style(out, STYLE_FAINT);
    snprintf(text, sizeof(text), "%s %s", entry->is_certificate ? "certificate" : "key", entry->key);
    printer_flow(out, text, WHEN_COLUMNS);
}

void show_entry(struct printer *out, const struct entry *entry)
{
    struct tm tm = time_of(entry);
    char when[32], verdict[80], text[1200];

    strftime(when, sizeof(when), "%F %T", &tm);
    put_verdict(verdict, sizeof(verdict), entry);
    printer_style(out, STYLE_FAINT);
    printer_text(out, when, INT_MAX);
    if (out->is_terminal) {
        show_on_terminal(out, entry, verdict);
    } else {
        snprintf(text, sizeof(text), "  %s (%" PRIu64 ")  %s  %s  %s%s", entry->command, entry->pid,
                 entry->key, entry->login, verdict, entry->words);
        printer_text(out, text, INT_MAX);
        printer_end_line(out);
    }
    printer_style(out, STYLE_PLAIN);
}

static void put_text(FILE *file, const char *name, const char *value)
{
    fprintf(file, ", \"%s\": ", name);
    if (value == NULL)
        fputs("null", file);
    else
        json_string(file, value);
}

void show_json(FILE *file, const struct entry *entry)
{
    struct tm tm = time_of(entry);
    char when[40];

    strftime(when, sizeof(when), "%FT%T%z", &tm);
    fprintf(file, "{\"time\": \"%s\"", when);
    put_text(file, "answer", entry->is_signed ? "signed" : "refused");
    fprintf(file, ", \"more\": %" PRIu64 ", \"mixed\": %s, \"id\": %" PRIu64, entry->more,
            entry->is_mixed ? "true" : "false", entry->id);
    put_text(file, "login", entry->login);
    put_text(file, "host", entry->host);
    put_text(file, "key", entry->key);
    fprintf(file, ", \"certificate\": %s, \"pid\": %" PRIu64 ", \"uid\": %" PRIu64,
            entry->is_certificate ? "true" : "false", entry->pid, entry->uid);
    put_text(file, "command", entry->command);
    put_text(file, "purpose", entry->words);
    fputs("}\n", file);
}
