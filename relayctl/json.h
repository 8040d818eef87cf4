/* SPDX-License-Identifier: MIT */
/* The status as one JSON object. */
#ifndef RELAYCTL_JSON_H
#define RELAYCTL_JSON_H

#include "relayctl/notices.h"
#include "relayctl/status.h"

#include <stdio.h>

/* Writes valid JSON in UTF-8, whatever the records hold: bytes that are not UTF-8 become U+FFFD,
 * and what should be a number and is not becomes 0, or null where that is allowed. */
void json_status(FILE *file, const struct status *status, const struct notices *notices);

/* Writes s with its quotes; what is no UTF-8 becomes U+FFFD. */
void json_string(FILE *file, const char *s);

#endif
