/* SPDX-License-Identifier: MIT */
/* A shell's file, skimmed. script.h leaves out setup's own blocks; here they count, as do lines that
 * somebody pasted. */
#include "config.h"

#include "relayctl/doctor/habits.h"

#include "relayctl/account/block.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int line_at(const struct text_file *file, size_t at)
{
    int line = 1;

    for (size_t i = 0; i < at && i < file->size; i++)
        line += file->text[i] == '\n';
    return line;
}

/* Where line begins. */
static size_t start_of(const struct text_file *file, int line)
{
    size_t at = 0;

    while (line > 1 && at < file->size)
        line -= file->text[at++] == '\n';
    return at;
}

static void note_relay(struct habits *habits, size_t at, size_t end)
{
    int line = line_at(&habits->file, at);

    if (habits->relay == 0 || line < habits->relay)
        habits->relay = line;
    if (end > habits->relay_end) {
        habits->relay_at = at;
        habits->relay_end = end;
    }
}

static void note_block(struct habits *habits, const char *name)
{
    struct block block = block_find(habits->file.text, habits->file.size, name);
    struct script before;

    if (block.state != BLOCK_WHOLE)
        return;
    note_relay(habits, block.start, block.end);
    before = script_read(habits->file.text, block.start);
    if (strcmp(name, "first") == 0)
        habits->has_first = before.exits == 0 && before.sets == 0 && before.links == 0;
}

static void note_line(struct habits *habits)
{
    size_t at = start_of(&habits->file, habits->script.relay);
    size_t end = at;

    while (end < habits->file.size && habits->file.text[end++] != '\n')
        ;
    note_relay(habits, at, end);
}

void habits_read(struct habits *habits, const struct patient *patient, const char *path)
{
    memset(habits, 0, sizeof(*habits));
    snprintf(habits->path, sizeof(habits->path), "%s", path);
    patient_quote(patient, path, habits->shown, sizeof(habits->shown));
    habits->file = text_file_read(path);
    if (habits->file.text == NULL)
        return;
    habits->script = script_read(habits->file.text, habits->file.size);
    note_block(habits, "first");
    note_block(habits, "last");
    if (habits->script.relay > 0)
        note_line(habits);
}

void habits_fini(struct habits *habits)
{
    free(habits->file.text);
    habits->file.text = NULL;
}

const char *habits_line(const struct habits *habits, int line)
{
    return habits->file.text + start_of(&habits->file, line);
}

/* Whether SSH_AUTH_SOCK is the agent socket where the symlink is made, by lines of the person's own. */
static bool is_led_before(const struct habits *habits)
{
    const struct script *script = &habits->script;
    const char *line = habits_line(habits, habits->relay);

    if (habits->relay == 0 || habits->relay > script->links)
        return false;
    return (script->sets >= habits->relay && script->sets < script->links) ||
           memmem(line, strcspn(line, "\n"), " env", 4) != NULL;
}

struct finding *habits_find_links(const struct habits *habits, struct findings *findings)
{
    if (habits->script.links == 0 || habits->has_first || is_led_before(habits))
        return NULL;
    return finding_add(findings, GRAVITY_HINDERS, "relinks",
                       "line %d of %s points a symlink at each login's own socket, and away from relayd",
                       habits->script.links, habits->shown);
}
