/* What is known of an upstream, in words. Only here is it decided what may be claimed:
 * a link that was not asked is not mentioned, and a login that was asked and is mute
 * is not called alive. */
#include "config.h"

#include "relayd/upstream/registry.h"

#include <stdio.h>
#include <time.h>

const char *upstream_state_name(enum upstream_state state)
{
    switch (state) {
    case UPSTREAM_UNTRIED: break;
    case UPSTREAM_ALIVE: return "alive";
    case UPSTREAM_SILENT: return "silent";
    }
    return "untried";
}

const char *upstream_name(const struct upstream *u, char *out, size_t size)
{
    const char *who = u->label != NULL ? u->label : u->host != NULL ? u->host : u->path;

    snprintf(out, size, "upstream %llu (%s)", (unsigned long long)u->id, who);
    return out;
}

const char *upstream_person(const struct upstream *u, char *out, size_t size)
{
    if (u->label != NULL && u->host != NULL)
        snprintf(out, size, "%s (%s)", u->label, u->host);
    else
        snprintf(out, size, "%s", u->label != NULL ? u->label : u->host != NULL ? u->host : u->path);
    return out;
}

static void explain_alive(const struct upstream *u, double now, char *out, size_t size)
{
    char rtt[32] = "";

    if (u->rtt >= 0)
        snprintf(rtt, sizeof(rtt), ", %.*f ms", u->rtt < 0.01 ? 1 : 0, u->rtt * 1000);
    if (u->prompts > 0 && now - u->prompt_since >= 1)
        snprintf(out, size, "no answer for %.0f s%s", now - u->prompt_since,
                 u->link_state == LINK_UP     ? ", connection up: a prompt on the laptop?"
                 : u->link_state == LINK_DOWN ? ", and its connection acknowledges nothing"
                                              : ": a prompt on the laptop?");
    else if (u->asking > 0 && now - u->asking_since >= 1)
        snprintf(out, size, "asked %.0f s ago, no answer yet%s", now - u->asking_since,
                 u->link_state == LINK_UP     ? ", connection up"
                 : u->link_state == LINK_DOWN ? ", its connection acknowledges nothing"
                                              : "");
    else
        snprintf(out, size, "alive%s%s", rtt, u->has_no_ping ? ", no ping" : "");
}

static void explain_silence(const struct upstream *u, double now, char *out, size_t size)
{
    time_t since = (time_t)u->silent_since;
    struct tm tm;
    char when[48];

    localtime_r(&since, &tm);
    if (now - u->silent_since < 86400)
        strftime(when, sizeof(when), "silent since %H:%M", &tm);
    else
        strftime(when, sizeof(when), "silent since %F %H:%M", &tm);
    switch (u->cause) {
    case CAUSE_NONE:
        snprintf(out, size, "%s", when);
        break;
    case CAUSE_NO_ANSWER:
        snprintf(out, size, "%s: no answer for %.*f s%s", when, u->waited < 1 ? 1 : 0, u->waited,
                 u->link_state == LINK_UP ? ", connection up" : "");
        break;
    case CAUSE_LINK_DOWN:
        if (u->link_state == LINK_DOWN)
            snprintf(out, size, "%s: nothing acknowledged for %.0f s", when, now - u->quiet_since);
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
        snprintf(out, size, "leads back to this relay");
        break;
    }
}

const char *upstream_explain(const struct upstream *u, double now, char *out, size_t size)
{
    switch (u->state) {
    case UPSTREAM_UNTRIED:
        snprintf(out, size, "%s", u->cause == CAUSE_NONE ? "not heard from yet"
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

static void explain_serving(const struct registry *registry, char *out, size_t size)
{
    struct upstream *order[REGISTRY_MAX];
    unsigned n = registry_order(registry, order);
    char name[128];

    out[0] = '\0';
    if (registry->is_paused)
        snprintf(out, size, ", paused");
    else if (n > 0 && order[0]->state == UPSTREAM_SILENT)
        snprintf(out, size, ", none answers");
    else if (n > 0)
        snprintf(out, size, ", serving %s", upstream_person(order[0], name, sizeof(name)));
}

const char *registry_summary(const struct registry *registry, unsigned clients, char *out,
                             size_t size)
{
    char serving[160];

    explain_serving(registry, serving, sizeof(serving));
    snprintf(out, size, "%u login%s%s, %u client%s", registry->n, registry->n == 1 ? "" : "s",
             serving, clients, clients == 1 ? "" : "s");
    return out;
}
