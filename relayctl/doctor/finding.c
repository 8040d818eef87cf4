/* SPDX-License-Identifier: MIT */
/* Findings. Much of what they quote is text from elsewhere (names of files, an environment, a log), so
 * all of it is made printable here, once. */
#include "config.h"

#include "relayctl/doctor/finding.h"

#include "relayd/base/utf8.h"

#include <stdlib.h>
#include <string.h>

static struct finding *grow(struct findings *findings)
{
    struct finding *grown = realloc(findings->list, (findings->n + 1) * sizeof(*grown));

    if (grown == NULL)
        return &findings->spare;
    findings->list = grown;
    return &findings->list[findings->n++];
}

struct finding *finding_add(struct findings *findings, enum gravity gravity, const char *name,
                            const char *format, ...)
{
    struct finding *finding = grow(findings);
    va_list ap;

    memset(finding, 0, sizeof(*finding));
    finding->name = name;
    finding->gravity = gravity;
    finding->order = findings->n;
    va_start(ap, format);
    utf8_vformat(finding->text, sizeof(finding->text), format, ap);
    va_end(ap);
    return finding;
}

void finding_cure(struct finding *finding, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    utf8_vformat(finding->cure, sizeof(finding->cure), format, ap);
    va_end(ap);
}

static int compare(const void *a, const void *b)
{
    const struct finding *left = a, *right = b;

    if (left->gravity != right->gravity)
        return left->gravity < right->gravity ? -1 : 1;
    return left->order < right->order ? -1 : left->order > right->order;
}

void findings_sort(struct findings *findings)
{
    if (findings->n > 1)
        qsort(findings->list, findings->n, sizeof(*findings->list), compare);
}

void findings_fini(struct findings *findings)
{
    free(findings->list);
    findings->list = NULL;
    findings->n = 0;
}

const char *gravity_name(enum gravity gravity)
{
    switch (gravity) {
    case GRAVITY_STOPS: return "stops";
    case GRAVITY_HINDERS: return "hinders";
    case GRAVITY_RISKS: return "risks";
    }
    return "";
}
