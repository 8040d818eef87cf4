/* SPDX-License-Identifier: MIT */
/* The columns. Each is as wide as its widest cell, up to a limit; a label, which its owner chose,
 * has none but the line. Where that is too wide, the columns are narrowed in the order of fit(). */
#include "config.h"

#include "relayctl/columns.h"

#include "relayctl/text.h"

#define ID_MAX 10
#define HOST_MAX 24
#define TTY_MAX 8
#define HOST_LEAST 15 /* an IPv4 address */
#define LABEL_ENOUGH 16
#define LABEL_LEAST 8

static int at_most(int value, int max)
{
    return value < max ? value : max;
}

static void widen(int *column, const struct printer *out, const char *text, int max)
{
    int columns = at_most(text_columns(text, out->has_utf8), max);

    if (columns > *column)
        *column = columns;
}

/* Narrows a column by up to *over, but to no less than least, and takes that off *over. */
static void narrow(int *column, int least, int *over)
{
    int taken = at_most(*over, *column > least ? *column - least : 0);

    if (*over <= 0)
        return;
    *column -= taken;
    *over -= taken;
}

static void fit(struct columns *columns, int width)
{
    int room = width - COLUMNS_AGE - COLUMNS_EDGE - 3; /* 3: state and '#' */
    int over = columns->id + columns->label + columns->host + columns->tty + 4 * 2 - room;

    narrow(&columns->label, LABEL_ENOUGH, &over);
    narrow(&columns->host, HOST_LEAST, &over);
    narrow(&columns->tty, 0, &over);
    narrow(&columns->label, LABEL_LEAST, &over);
    narrow(&columns->host, 0, &over);
    narrow(&columns->label, 0, &over);
}

struct columns columns_of(const struct status *status, const struct printer *out)
{
    struct columns columns = {0};

    for (size_t i = 0; i < status->n; i++) {
        const struct proto_msg *login = &status->upstreams[i];

        widen(&columns.id, out, status_text(login, "id"), ID_MAX);
        widen(&columns.label, out, status_text(login, "label"), out->width);
        widen(&columns.host, out, status_text(login, "host"), HOST_MAX);
        widen(&columns.tty, out, status_tty(login), TTY_MAX);
    }
    fit(&columns, out->width);
    return columns;
}
