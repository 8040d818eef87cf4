/* SPDX-License-Identifier: MIT */
/* Entries. Those of one place come in their order, which is kept where times are equal. */
#include "config.h"

#include "relayctl/log/entries.h"

#include <stdlib.h>
#include <string.h>

struct kept_entry {
    struct entry entry;
    size_t place;
    char *line;
};

void entries_fini(struct entries *entries)
{
    for (size_t i = 0; i < entries->n; i++)
        free(entries->all[i].line);
    free(entries->all);
    entries->all = NULL;
    entries->n = entries->room = 0;
}

static bool make_room(struct entries *entries)
{
    size_t room = entries->room == 0 ? 64 : 2 * entries->room;
    struct kept_entry *all;

    if (entries->n < entries->room)
        return true;
    all = reallocarray(entries->all, room, sizeof(*all));
    if (all == NULL)
        return false;
    entries->all = all;
    entries->room = room;
    return true;
}

void entries_add(struct entries *entries, const char *line, int64_t at_us)
{
    struct kept_entry *kept;

    if (at_us < entries->since_us || !make_room(entries))
        return;
    kept = &entries->all[entries->n];
    kept->line = strdup(line);
    if (kept->line == NULL)
        return;
    if (!entry_parse(&kept->entry, kept->line) ||
        (entries->login != NULL && !entry_is_of(&kept->entry, entries->login))) {
        free(kept->line);
        return;
    }
    kept->entry.at_us = at_us;
    kept->place = entries->n++;
}

static int compare(const void *a, const void *b)
{
    const struct kept_entry *x = a, *y = b;

    if (x->entry.at_us != y->entry.at_us)
        return x->entry.at_us < y->entry.at_us ? -1 : 1;
    return x->place < y->place ? -1 : 1;
}

void entries_show(struct entries *entries, void (*show)(const struct entry *entry, void *arg),
                  void *arg)
{
    if (entries->n > 0)
        qsort(entries->all, entries->n, sizeof(*entries->all), compare);
    for (size_t i = 0; i < entries->n; i++)
        show(&entries->all[i].entry, arg);
    entries_fini(entries);
}
