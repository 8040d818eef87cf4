/* SPDX-License-Identifier: MIT */
/* The status in a few words. A prompt asks for it at each line, so the words are few, and of what
 * is wrong they name what a person would do something about: the login that ought to serve. */
#include "config.h"

#include "relayctl/short.h"

#include "relayctl/printer.h"
#include "relayctl/text.h"

#include <string.h>

#define NAME_MAX_ALONE 24
#define NAME_MAX_TWO 12
#define SILENCE_MAX (999 * 86400) /* with two names SHORT_WIDTH has room for no more */

/* zsh expands % in what a prompt's command printed, tmux #, and others quotes and backslashes. */
static void tame(char *text)
{
    for (; *text != '\0'; text++) {
        if (strchr("%#$`\\\"'!", *text) != NULL)
            *text = '?';
    }
}

static void put_name(struct printer *out, const struct proto_msg *login, int max)
{
    const char *name = status_text(login, "label");
    char text[PROTO_FACT_MAX + 1];

    if (name[0] == '\0')
        name = status_text(login, "host");
    if (name[0] != '\0')
        snprintf(text, sizeof(text), "%s", name);
    else
        snprintf(text, sizeof(text), "login %s", status_text(login, "id"));
    tame(text);
    printer_text(out, text, max);
}

/* " silent 3 m": the unit by its first letter. */
static void put_silence(struct printer *out, const struct proto_msg *login)
{
    char span[TEXT_SPAN_MAX], *blank;
    uint64_t seconds;

    printer_text(out, " silent", SHORT_WIDTH);
    if (proto_get(login, "silent_s") == NULL)
        return;
    seconds = proto_get_u64(login, "silent_s", 0);
    text_span(seconds < SILENCE_MAX ? seconds : SILENCE_MAX, span);
    blank = strchr(span, ' ');
    if (blank != NULL && blank[1] != '\0')
        blank[2] = '\0';
    printer_text(out, " ", 1);
    printer_text(out, span, SHORT_WIDTH);
}

/* Whether a, which is silent, would go before b. */
static bool ought_to_serve(const struct proto_msg *a, const struct proto_msg *b)
{
    if (proto_get_flag(a, "preferred") || proto_get_flag(b, "preferred"))
        return proto_get_flag(a, "preferred");
    if (proto_get_flag(a, "fallback") != proto_get_flag(b, "fallback"))
        return proto_get_flag(b, "fallback");
    if (proto_get_u64(a, "age_s", 0) == proto_get_u64(b, "age_s", 0))
        return proto_get_u64(a, "id", 0) > proto_get_u64(b, "id", 0);
    return proto_get_u64(a, "age_s", 0) < proto_get_u64(b, "age_s", 0);
}

/* The first of those that are silent, if it would serve otherwise; else NULL. */
static const struct proto_msg *missed(const struct status *status)
{
    for (size_t i = 1; i < status->n; i++) {
        const struct proto_msg *login = &status->upstreams[i];

        if (status_is_silent(login))
            return ought_to_serve(login, &status->upstreams[0]) ? login : NULL;
    }
    return NULL;
}

static void put_serving(struct printer *out, const struct status *status)
{
    const struct proto_msg *other = missed(status);

    put_name(out, &status->upstreams[0], other == NULL ? NAME_MAX_ALONE : NAME_MAX_TWO);
    if (other == NULL)
        return;
    printer_text(out, " (", 2);
    put_name(out, other, NAME_MAX_TWO);
    put_silence(out, other);
    printer_text(out, ")", 1);
}

void short_status(FILE *file, const struct status *status)
{
    struct printer out;

    printer_init(&out, file);
    if (status_obstacle(status) != NULL)
        printer_text(&out, "socket obstructed", SHORT_WIDTH);
    else if (proto_get_flag(&status->daemon, "paused"))
        printer_text(&out, "paused", SHORT_WIDTH);
    else if (status->n == 0)
        printer_text(&out, "no login", SHORT_WIDTH);
    else if (status_can_serve(status))
        put_serving(&out, status);
    else {
        put_name(&out, &status->upstreams[0], NAME_MAX_ALONE);
        put_silence(&out, &status->upstreams[0]);
    }
    printer_end_line(&out);
}
