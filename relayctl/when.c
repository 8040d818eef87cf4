/* SPDX-License-Identifier: MIT */
/* When. */
#include "config.h"

#include "relayctl/when.h"

#include "relayd/base/util.h"

#include <errno.h>
#include <string.h>

static time_t midnight(time_t now, int days_before)
{
    struct tm tm = local_time(now);

    tm.tm_mday -= days_before;
    tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
    tm.tm_isdst = -1;
    return mktime(&tm);
}

/* What the form does not have is that of the beginning of today. */
static int parse_form(const char *text, const char *form, time_t now, time_t *when)
{
    struct tm tm = local_time(midnight(now, 0));
    const char *end = strptime(text, form, &tm);

    if (end == NULL || *end != '\0')
        return -EINVAL;
    tm.tm_isdst = -1;
    *when = mktime(&tm);
    return 0;
}

int when_parse(const char *text, time_t now, time_t *when)
{
    static const char *const forms[] = {
        "%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S",
        "%H:%M", "%H:%M:%S",
    };
    double seconds;

    if (parse_duration(text, &seconds) == 0) {
        *when = now - (time_t)seconds;
        return 0;
    }
    if (strcmp(text, "today") == 0 || strcmp(text, "yesterday") == 0) {
        *when = midnight(now, text[0] == 'y');
        return 0;
    }
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        if (parse_form(text, forms[i], now, when) == 0)
            return 0;
    }
    return -EINVAL;
}
