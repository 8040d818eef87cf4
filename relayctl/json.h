/* The status as one JSON object. */
#ifndef RELAYCTL_JSON_H
#define RELAYCTL_JSON_H

#include "relayctl/status.h"

#include <stdio.h>

/* Whatever the records hold, the result is valid JSON in UTF-8: bytes that are no
 * UTF-8 become U+FFFD, what is no number becomes 0, or null where null is allowed. */
void json_status(FILE *file, const struct status *status);

#endif
