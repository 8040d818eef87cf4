/* SPDX-License-Identifier: MIT */
/* The summary. It names who would be asked first, as a person knows that login. */
#include "config.h"

#include "relayd/control/summary.h"

#include "relayd/base/utf8.h"

#include <stdio.h>

static void explain_serving(const struct registry *registry, char *out, size_t size)
{
    const struct upstream *u = registry_first(registry);
    char name[UPSTREAM_NAME_MAX];

    out[0] = '\0';
    if (registry->is_paused)
        snprintf(out, size, ", paused");
    else if (u != NULL && u->state == UPSTREAM_SILENT)
        snprintf(out, size, ", none answers");
    else if (u != NULL)
        utf8_format(out, size, ", serving %s", upstream_person(u, name, sizeof(name)));
}

const char *summary_of(const struct registry *registry, unsigned clients, char *out, size_t size)
{
    char serving[UPSTREAM_NAME_MAX + 16];

    explain_serving(registry, serving, sizeof(serving));
    return utf8_format(out, size, "%u login%s%s, %u client%s", registry->n,
                       registry->n == 1 ? "" : "s", serving, clients, clients == 1 ? "" : "s");
}
