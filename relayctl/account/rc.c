/* SPDX-License-Identifier: MIT */
/* rc. Its lines are read, and not what becomes of them: whether sh comes as far is doctor's to ask. */
#include "config.h"

#include "relayctl/account/rc.h"

#include "relayctl/account/block.h"
#include "relayctl/account/script.h"
#include "relayctl/account/text_file.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *rc_block(const char *name, char out[RC_BLOCK_MAX])
{
    snprintf(out, RC_BLOCK_MAX, "%s%s", name[0] != '\0' ? "named-" : "first", name);
    return out;
}

/* Lines of somebody's own name a relay that is not the usual one by its option. */
static bool has_line(const struct text_file *rc, const struct paths *paths)
{
    char option[PATHS_OPTION_MAX];

    return script_read(rc->text, rc->size).relay > 0 &&
           strstr(rc->text, paths_option(paths, option)) != NULL;
}

static bool has_block(const struct text_file *rc, const struct paths *paths)
{
    char name[RC_BLOCK_MAX];
    struct block block = block_find(rc->text, rc->size, rc_block(paths->name, name));

    return block.state == BLOCK_WHOLE &&
           (!paths->is_dir_chosen || strstr(rc->text, paths->dir) != NULL);
}

bool rc_registers(const struct paths *paths, const char *home)
{
    char path[PATH_MAX];
    struct text_file rc;
    bool registers;

    snprintf(path, sizeof(path), "%s/.ssh/rc", home);
    rc = text_file_read(path);
    if (rc.text == NULL)
        rc = text_file_read(RC_OF_HOST);
    registers = rc.text != NULL && (has_block(&rc, paths) || has_line(&rc, paths));
    free(rc.text);
    return registers;
}
