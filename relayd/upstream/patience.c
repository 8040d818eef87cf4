/* SPDX-License-Identifier: MIT */
/* Patience. A link that is up means a laptop that is there: its agent is busy or
 * asks its person, which takes as long as it takes. A link that is down may heal,
 * but another login need not wait for that. */
#include "config.h"

#include "relayd/upstream/patience.h"

#include <math.h>

#define UP_FACTOR 5
#define STRETCHED_MAX 3.0
#define GIVE_UP_SAFE 60.0
#define GIVE_UP_UNSAFE 600.0

double patience_base(double base, double rtt)
{
    return fmax(base, fmin(4 * rtt, STRETCHED_MAX));
}

bool patience_is_over(const struct patience *p)
{
    double base = patience_base(p->base, p->rtt);

    switch (p->link) {
    case LINK_DOWN:
        return true;
    case LINK_UNKNOWN:
        return !p->is_prompting && p->waited >= base;
    case LINK_UP:
        return !p->is_prompting && p->waited >= UP_FACTOR * base;
    }
    return true;
}

bool patience_gives_up(const struct patience *p)
{
    switch (p->link) {
    case LINK_DOWN:
        return p->down_for >= p->dead_after;
    case LINK_UNKNOWN:
        return p->waited >= PATIENCE_UNKNOWN;
    case LINK_UP:
        return p->waited >= PATIENCE_UP;
    }
    return true;
}

bool patience_gives_up_owed(const struct patience *p)
{
    switch (p->link) {
    case LINK_DOWN:
        return p->down_for >= p->dead_after;
    case LINK_UNKNOWN:
    case LINK_UP:
        return p->waited >= (p->is_unsafe ? GIVE_UP_UNSAFE : GIVE_UP_SAFE);
    }
    return true;
}
