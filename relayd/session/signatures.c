/* SPDX-License-Identifier: MIT */
/* Signatures. Only what was said of each is kept, and no byte of it. */
#include "config.h"

#include "relayd/session/signatures.h"

#include "relayd/agent/agent.h"

#include <stdlib.h>

struct signatures *signatures_new(void)
{
    struct signatures *all = calloc(1, sizeof(*all));

    if (all != NULL)
        list_init(&all->owed);
    return all;
}

static void forget(struct signature *one)
{
    list_remove(&one->link);
    free(one);
}

void signatures_free(struct signatures *all)
{
    struct signature *one, *next;

    if (all == NULL)
        return;
    list_for_each_safe(one, next, &all->owed, link)
        forget(one);
    free(all);
}

void signatures_ask(struct signatures *all, const uint8_t *p, size_t n, uint32_t turn)
{
    struct signature *one = malloc(sizeof(*one));
    struct agent_frame frame;

    if (one == NULL || agent_frame_read(&frame, p, n) != 1) {
        free(one);
        return;
    }
    one->turn = turn;
    signing_read(&one->what, p, n, frame.size);
    signing_follow(&one->what, &all->route);
    list_append(&all->owed, &one->link);
}

/* An upstream that speaks unasked is one ahead: what it passed over is not told of. */
static struct signature *first_from(struct signatures *all, uint32_t turn)
{
    struct signature *one, *next;

    list_for_each_safe(one, next, &all->owed, link) {
        if (one->turn >= turn)
            return one;
        forget(one);
    }
    return NULL;
}

bool signatures_answer(struct signatures *all, uint32_t turn, struct signing *what)
{
    struct signature *first = first_from(all, turn);

    if (first == NULL || first->turn != turn)
        return false;
    *what = first->what;
    forget(first);
    return true;
}
