/* SPDX-License-Identifier: MIT */
/* The ledger. A line is made for each signature, which costs little beside the signature, and
 * compared as it would be written: what looks alike to a reader is alike. */
#include "config.h"

#include "relayd/session/ledger.h"

#include "relayd/base/log.h"
#include "relayd/base/utf8.h"
#include "relayd/base/util.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MARKS "(),"

/* How long equal lines are counted: the first time, and while they go on. */
#define FIRST_SECONDS 1.0
#define NEXT_SECONDS 60.0
/* How long all are, where the store is empty. */
#define MIXED_SECONDS 10.0

/* Label and host, as far as they are known; else the path. */
static void put_login(char *out, size_t size, const struct upstream *u)
{
    const char *host = u == NULL ? NULL : u->login.host;
    char name[LEDGER_NAME_MAX / 2], place[LEDGER_NAME_MAX / 2 - 2];

    utf8_quote(name, sizeof(name), u == NULL ? "unregistered" : upstream_title(u), MARKS);
    if (u == NULL || u->login.label == NULL || host == NULL)
        snprintf(out, size, "%s", name);
    else
        snprintf(out, size, "%s, %s", name, utf8_quote(place, sizeof(place), host, MARKS));
}

static void render(struct ledger_line *line, const struct ledger_entry *entry)
{
    char name[LEDGER_NAME_MAX], command[4 * AUDIT_COMMAND_MAX];

    memset(line, 0, sizeof(*line));
    line->is_signed = entry->is_signed;
    if (entry->upstream != NULL)
        utf8_copy(line->upstream, sizeof(line->upstream), upstream_title(entry->upstream));
    snprintf(line->id, sizeof(line->id), "%llu", (unsigned long long)entry->upstream_id);
    snprintf(line->pid, sizeof(line->pid), "%d", (int)entry->client.pid);
    snprintf(line->uid, sizeof(line->uid), "%u", (unsigned)entry->client.uid);
    snprintf(line->command, sizeof(line->command), "%s", entry->command);
    signing_describe(entry->what, line->words);
    snprintf(line->key, sizeof(line->key), "unknown");
    if (entry->what->key.is_known)
        signing_fingerprint(&entry->what->key, line->key);
    put_login(name, sizeof(name), entry->upstream);
    snprintf(line->text, sizeof(line->text), "login %s (%s) %s %s client %s (%s, uid %s): %s",
             line->id, name, entry->what->key.is_certificate ? "certificate" : "key", line->key,
             line->pid, utf8_quote(command, sizeof(command), line->command, MARKS), line->uid,
             line->words);
}

/* more: how many of its kind are counted, and not written; 0: the line is one of its own. */
static void write_line(const struct ledger_line *line, unsigned more, bool is_mixed)
{
    const char *answer = line->is_signed ? "signed" : "refused";
    char repeated[16], count[32] = "";
    const struct log_field fields[] = {
        {"RELAYD_ANSWER", answer},
        {"RELAYD_KEY", line->key},
        {"RELAYD_PURPOSE", line->words},
        {"RELAYD_REPEATED", repeated},
        {"RELAYD_UPSTREAM", line->upstream},
        {"RELAYD_UPSTREAM_ID", line->id},
        {"RELAYD_CLIENT_PID", line->pid},
        {"RELAYD_CLIENT_COMMAND", line->command},
        {"RELAYD_CLIENT_UID", line->uid},
    };

    snprintf(repeated, sizeof(repeated), "%u", more);
    if (more > 0)
        snprintf(count, sizeof(count), " %u more%s", more, is_mixed ? " of many kinds" : "");
    log_fields(LOG_LEVEL_INFO, fields, ARRAY_SIZE(fields), "%s%s: %s", answer, count, line->text);
}

static void take_from_store(struct ledger *ledger, double now)
{
    ledger->store = fmin(LEDGER_BURST, ledger->store + (now - ledger->store_at) / LEDGER_REFILL);
    ledger->store_at = now;
    ledger->store = fmax(ledger->store - 1, 0);
}

static bool has_store(const struct ledger *ledger, double now)
{
    return ledger->store + (now - ledger->store_at) / LEDGER_REFILL >= 1;
}

static bool is_counting(const struct ledger *ledger)
{
    return ledger->counts[false].more > 0 || ledger->counts[true].more > 0;
}

static void tell_counted(struct ledger *ledger, double now)
{
    ev_timer_stop(ledger->loop, &ledger->timer);
    if (!is_counting(ledger))
        return;
    for (size_t i = 0; i < ARRAY_SIZE(ledger->counts); i++) {
        struct ledger_count *count = &ledger->counts[i];

        if (count->more == 0)
            continue;
        write_line(&count->last, count->more, ledger->is_mixed);
        take_from_store(ledger, now);
        count->more = 0;
    }
    ledger->is_mixed = false;
    ledger->since = now;
    ledger->lasts = NEXT_SECONDS;
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
    tell_counted(container_of(timer, struct ledger, timer), monotonic_seconds());
}

static void count(struct ledger *ledger, const struct ledger_line *line, double seconds)
{
    ledger->last = *line;
    ledger->counts[line->is_signed].last = *line;
    ledger->counts[line->is_signed].more++;
    if (ev_is_active(&ledger->timer))
        return;
    ev_timer_set(&ledger->timer, fmax(seconds, 0.01), 0);
    ev_timer_start(ledger->loop, &ledger->timer);
}

static bool is_equal(const struct ledger_line *a, const struct ledger_line *b)
{
    return a->is_signed == b->is_signed && strcmp(a->text, b->text) == 0;
}

void ledger_put(struct ledger *ledger, const struct ledger_entry *entry)
{
    double now = monotonic_seconds();
    double left = ledger->since + ledger->lasts - now;
    struct ledger_line line;

    render(&line, entry);
    if (ledger->is_mixed || (left > 0 && is_equal(&line, &ledger->last))) {
        count(ledger, &line, left);
        return;
    }
    tell_counted(ledger, now);
    if (!has_store(ledger, now)) {
        ledger->is_mixed = true;
        count(ledger, &line, MIXED_SECONDS);
        return;
    }
    write_line(&line, 0, false);
    take_from_store(ledger, now);
    ledger->last = line;
    ledger->since = now;
    ledger->lasts = FIRST_SECONDS;
}

void ledger_init(struct ledger *ledger, struct ev_loop *loop)
{
    *ledger = (struct ledger){.loop = loop, .store = LEDGER_BURST};
    ev_timer_init(&ledger->timer, on_timer, 0, 0);
}

void ledger_fini(struct ledger *ledger)
{
    tell_counted(ledger, monotonic_seconds());
}
