/* SPDX-License-Identifier: MIT */
/* An upstream. What is said of it stands here too, beside the states, so that no more is
 * claimed than is known: a link that was not asked about is not mentioned, and a login that
 * owes an answer is not called alive. */
#include "config.h"

#include "relayd/upstream/upstream.h"

#include "relayd/base/utf8.h"
#include "relayd/base/util.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How far one longer round trip moves the measured one. One slow answer among quick ones must
 * not count for long. */
#define RISE 0.125

struct upstream *upstream_new(const char *path)
{
    struct upstream *u = calloc(1, sizeof(*u));

    if (u == NULL)
        return NULL;
    u->pin.fd = -1;
    u->process.fd = -1;
    u->rtt = -1;
    u->keys = -1;
    u->silence.lasts_next = UPSTREAM_SILENCE_MIN;
    list_init(&u->blocked);
    list_init(&u->unproven);
    list_init(&u->sessions);
    u->path = strdup(path);
    if (u->path == NULL) {
        free(u);
        return NULL;
    }
    return u;
}

void upstream_free(struct upstream *u)
{
    if (u == NULL)
        return;
    for (int use = 0; use < UPSTREAM_USES; use++)
        assert(u->load[use].n == 0);
    assert(list_is_empty(&u->blocked) && list_is_empty(&u->unproven) &&
           list_is_empty(&u->sessions) && u->watch == NULL);
    close_fd(u->pin.fd);
    process_close(&u->process);
    free(u->path);
    free(u->login.label);
    free(u->login.host);
    free(u->login.connection);
    free(u->login.tty);
    free(u);
}

uint64_t upstream_next_nonce(struct upstream *u)
{
    return u->id << 32 | u->pings++;
}

void upstream_set_path(struct upstream *u, const char *path)
{
    char *copy = strcmp(u->path, path) == 0 ? NULL : strdup(path);

    if (copy == NULL)
        return;
    free(u->path);
    u->path = copy;
}

/* Puts a copy of value into *place, up to the first of the characters of `until`. Does nothing
 * for NULL or an empty value. */
static int replace(char **place, const char *value, const char *until)
{
    char *copy;

    if (value == NULL || value[0] == '\0')
        return 0;
    copy = strndup(value, strcspn(value, until));
    if (copy == NULL)
        return -ENOMEM;
    utf8_clean(copy);
    free(*place);
    *place = copy;
    return 0;
}

/* What the kernel said of the connection before is not true of this one. */
static void set_link(struct upstream_tcp *tcp, const char *connection)
{
    struct link_tuple before = tcp->tuple;

    link_parse(&tcp->tuple, connection);
    if (memcmp(&before, &tcp->tuple, sizeof(before)) != 0)
        *tcp = (struct upstream_tcp){.tuple = tcp->tuple};
    tcp->asked_at = 0;
}

int upstream_set_facts(struct upstream *u, const char *label, const char *connection,
                       const char *tty)
{
    struct upstream_login *login = &u->login;

    if (replace(&login->label, label, "") < 0 || replace(&login->connection, connection, "") < 0 ||
        replace(&login->tty, tty, "") < 0 || replace(&login->host, connection, " ") < 0)
        return -ENOMEM;
    if (connection != NULL && connection[0] != '\0')
        set_link(&u->tcp, connection);
    return 0;
}

void upstream_begin(struct upstream *u, enum upstream_use use, double since)
{
    struct upstream_load *load = &u->load[use];

    if (load->n == 0 || since < load->since)
        load->since = since;
    load->n++;
}

void upstream_end(struct upstream *u, enum upstream_use use, double now)
{
    struct upstream_load *load = &u->load[use];

    assert(load->n > 0);
    load->n--;
    load->ended_at = now;
}

void upstream_note_answer(struct upstream *u, double now)
{
    u->load[UPSTREAM_PROMPT].since = now;
}

void upstream_note_used(struct upstream *u, double now)
{
    u->is_used = true;
    u->used_at = now;
}

void upstream_note_rtt(struct upstream *u, double seconds, bool may_rise)
{
    if (u->rtt < 0 || seconds < u->rtt)
        u->rtt = seconds;
    else if (may_rise)
        u->rtt += (seconds - u->rtt) * RISE;
}

void upstream_prove(struct upstream *u, double now)
{
    u->proven_at = now;
    list_clear(&u->unproven);
}

bool upstream_is_due(const struct upstream *u, double now)
{
    return u->state == UPSTREAM_SILENT && now >= u->silence.forgive_at &&
           upstream_uses(u, UPSTREAM_PROMPT) == 0 &&
           (u->tcp.state == LINK_UNKNOWN || u->silence.cause == CAUSE_LOOP ||
            u->silence.is_chatty);
}

const char *upstream_state_name(enum upstream_state state)
{
    switch (state) {
    case UPSTREAM_UNTRIED: break;
    case UPSTREAM_ALIVE: return "alive";
    case UPSTREAM_SILENT: return "silent";
    }
    return "untried";
}

const char *upstream_title(const struct upstream *u)
{
    const struct upstream_login *login = &u->login;

    return login->label != NULL ? login->label : login->host != NULL ? login->host : u->path;
}

const char *upstream_name(const struct upstream *u, char *out, size_t size)
{
    return utf8_format(out, size, "login %llu (%s)", (unsigned long long)u->id,
                       upstream_title(u));
}

const char *upstream_person(const struct upstream *u, char *out, size_t size)
{
    if (u->login.label != NULL && u->login.host != NULL)
        utf8_format(out, size, "%s (%s)", u->login.label, u->login.host);
    else
        utf8_copy(out, size, upstream_title(u));
    return out;
}

/* The one of three texts that fits the state of its connection. */
static const char *explain_tcp(const struct upstream *u, const char *up, const char *down,
                               const char *unknown)
{
    switch (u->tcp.state) {
    case LINK_UP: return up;
    case LINK_DOWN: return down;
    case LINK_UNKNOWN: break;
    }
    return unknown;
}

static void explain_alive(const struct upstream *u, double now, char *out, size_t size)
{
    double prompting = now - u->load[UPSTREAM_PROMPT].since;
    double asking = now - u->load[UPSTREAM_QUESTION].since;
    char rtt[32] = "";

    if (u->rtt >= 0)
        snprintf(rtt, sizeof(rtt), ", %.*f ms", u->rtt < 0.01 ? 1 : 0, u->rtt * 1000);
    if (upstream_uses(u, UPSTREAM_PROMPT) > 0 && prompting >= 1)
        snprintf(out, size, "no answer for %.0f s%s", prompting,
                 explain_tcp(u, ", connection up: a prompt on the laptop?",
                             ", and its connection acknowledges nothing",
                             ": a prompt on the laptop?"));
    else if (upstream_uses(u, UPSTREAM_QUESTION) > 0 && asking >= 1)
        snprintf(out, size, "asked %.0f s ago, no answer yet%s", asking,
                 explain_tcp(u, ", connection up", ", its connection acknowledges nothing", ""));
    else
        snprintf(out, size, "alive%s%s%s", rtt, u->has_no_ping ? ", no ping" : "",
                 u->keys == 0 ? ", no keys" : "");
}

static void explain_silence(const struct upstream *u, double now, char *out, size_t size)
{
    const struct upstream_silence *silence = &u->silence;
    struct tm tm = local_time(silence->at);
    char when[48];

    strftime(when, sizeof(when),
             now - silence->since < 86400 ? "silent since %H:%M" : "silent since %F %H:%M", &tm);
    switch (silence->cause) {
    case CAUSE_NONE:
        snprintf(out, size, "%s", when);
        break;
    case CAUSE_NO_ANSWER:
        snprintf(out, size, "%s: no answer for %.*f s%s", when, silence->waited < 1 ? 1 : 0,
                 silence->waited, u->tcp.state == LINK_UP ? ", connection up" : "");
        break;
    case CAUSE_LINK_DOWN:
        if (u->tcp.state == LINK_DOWN)
            snprintf(out, size, "%s: nothing acknowledged for %.0f s", when,
                     now - u->tcp.quiet_since);
        else
            snprintf(out, size, "%s: nothing was acknowledged", when);
        break;
    case CAUSE_CLOSED:
        snprintf(out, size, "%s: forwards no working agent at the moment", when);
        break;
    case CAUSE_NONSENSE:
        snprintf(out, size, "%s: its answer was not the agent protocol", when);
        break;
    case CAUSE_LOOP:
        snprintf(out, size, "leads back to this relayd");
        break;
    }
}

const char *upstream_explain(const struct upstream *u, double now, char *out, size_t size)
{
    switch (u->state) {
    case UPSTREAM_UNTRIED:
        snprintf(out, size, "%s",
                 u->silence.cause == CAUSE_NONE ? "not heard from yet"
                                                : "was silent, will be tried again");
        break;
    case UPSTREAM_ALIVE:
        explain_alive(u, now, out, size);
        break;
    case UPSTREAM_SILENT:
        explain_silence(u, now, out, size);
        break;
    }
    return out;
}
