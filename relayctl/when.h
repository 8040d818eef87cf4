/* SPDX-License-Identifier: MIT */
/* What --since takes. */
#ifndef RELAYCTL_WHEN_H
#define RELAYCTL_WHEN_H

#include <time.h>

#define WHEN_FORMS "such as 2h, today, 2026-11-27, '2026-11-27 10:00'"

/* A time by words: a DURATION before now, "today", "yesterday", or a day, a time of today, or both,
 * of the local clock. Sets *when; returns 0 or -EINVAL. */
int when_parse(const char *text, time_t now, time_t *when);

#endif
