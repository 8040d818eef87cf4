/* SPDX-License-Identifier: MIT */
/* The columns of the table that the logins make in the picture. */
#ifndef RELAYCTL_COLUMNS_H
#define RELAYCTL_COLUMNS_H

#include "relayctl/printer.h"
#include "relayctl/status.h"

#define COLUMNS_EDGE 14 /* the edge before each login: where the table begins */
#define COLUMNS_AGE 10  /* at the right end of the line */

/* How wide each column is; 0: no login has that, or there is no room. */
struct columns {
    int id, label, host, tty;
};

/* The columns in which each login, with its age, fits into a line of out. */
struct columns columns_of(const struct status *status, const struct printer *out);

#endif
