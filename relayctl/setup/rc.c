/* SPDX-License-Identifier: MIT */
/* ~/.ssh/rc, which sshd runs with sh at each login, before the shell or the command. Our block stands
 * first: the rest may end early, or not parse at all, and where it links SSH_AUTH_SOCK to a fixed
 * place, it shall link the relay's socket. Nothing of the person's is edited for that. */
#include "config.h"

#include "relayctl/setup/steps.h"

#include "relayctl/account/script.h"
#include "relayctl/account/syntax.h"
#include "relayctl/setup/texts.h"

#include <errno.h>
#include <stdlib.h>

#define BLOCK "first"
#define PURPOSE "each login is offered to the relay"

/* Whether the block has the X11 cookie's part: a file that setup makes, or made. */
static bool needs_xauth(const struct document *document)
{
    struct block block = block_find(document->text, document->size, BLOCK);

    return !document->exists || (block.state == BLOCK_WHOLE && block_has_word(&block, "made"));
}

static int plan_with(struct setup *setup, const char *path, bool has_xauth)
{
    char *body = text_rc(setup, has_xauth);
    int r = -ENOMEM;

    if (body != NULL)
        r = setup_plan_block(setup, PURPOSE, path, BLOCK, BLOCK_FIRST, body, NULL, "sh",
                             setup->is_system ? 0644 : 0600);
    free(body);
    return r;
}

/* A file that is left alone, runs relayctl by the person's own lines and links nothing has what it
 * takes. */
static void settle(struct change *change, const struct script *script)
{
    if (change->state == STEP_LEFT_ALONE && change->document->why_not[0] != '\0' &&
        script->relay > 0 && script->links == 0)
        change->state = STEP_THERE;
}

/* Tells what the person's own lines keep from working. */
static int remark(const struct setup *setup, struct change *change, const struct document *document,
                  const struct script *script)
{
    char complaint[120];

    if (setup->is_system && change->state != STEP_THERE)
        return change_remark(change, "sshd does not run it for accounts with a ~/.ssh/rc of their own: "
                             "these run " RELAYCTL_NAME " setup.");
    if (script->wants_tmp > 0)
        return change_remark(change, "line %d wants a socket in /tmp: the relay's is elsewhere. "
                             "Have it take $SSH_AUTH_SOCK as it is.", script->wants_tmp);
    if (!syntax_is_good("sh", document->text, document->size, complaint, sizeof(complaint)))
        return change_remark(change, "sh stops in the lines that are there: %s", complaint);
    return 0;
}

int rc_plan(struct setup *setup)
{
    char *path = account_path(&setup->account, setup->is_system ? "ssh/sshrc" : ".ssh/rc");
    struct document *document = path != NULL ? setup_open(setup, path) : NULL;
    struct script script = {0};
    struct change *change;
    int r = -ENOMEM;

    if (document != NULL)
        script = script_read(document->text, document->size);
    if (document != NULL)
        r = plan_with(setup, path, needs_xauth(document));
    change = r == 0 ? setup_change_of(setup, path) : NULL;
    if (change != NULL) {
        change->is_needed = true;
        settle(change, &script);
        change_set_paste(change, text_rc_short(setup));
        if (!setup->is_undo)
            r = remark(setup, change, document, &script);
    }
    setup_close(document);
    free(path);
    return r;
}
