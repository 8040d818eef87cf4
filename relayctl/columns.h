/* The columns of the table that the logins make in the picture. */
#ifndef RELAYCTL_COLUMNS_H
#define RELAYCTL_COLUMNS_H

#include "relayctl/printer.h"
#include "relayctl/status.h"

#define COLUMNS_EDGE 14 /* the edge before each login: where the table begins */
#define COLUMNS_AGE 10  /* at the right end of the line */

/* How wide each is; 0: nobody has such a thing, or there is no room for it. */
struct columns {
    int id, label, host, tty;
};

/* Those in which all logins fit into a line of out, their age included. */
struct columns columns_of(const struct status *status, const struct printer *out);

#endif
