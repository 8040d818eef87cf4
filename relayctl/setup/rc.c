/* SPDX-License-Identifier: MIT */
/* ~/.ssh/rc, which sshd runs with sh at each login, before the shell or the command. Our block stands
 * first: the rest may end early, or not parse at all, and where it links SSH_AUTH_SOCK to a fixed
 * place, it shall link the relay's socket. Nothing of the person's is edited for that. */
#include "config.h"

#include "relayctl/setup/steps.h"

#include "relayctl/account/rc.h"
#include "relayctl/account/script.h"
#include "relayctl/account/syntax.h"
#include "relayctl/setup/texts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define PURPOSE "each login is offered to the relay"

/* Whether it is a file that setup made. Then each block in it has the X11 cookie's part, and says so,
 * for any of them may be taken out: only the first that runs finds a cookie. */
static bool is_made(const struct document *document)
{
    return document->exists && block_any_has_word(document->text, document->size, "made");
}

/* And of its directory, which goes with the last of them. */
static bool is_made_with_dir(const struct document *document)
{
    return is_made(document) && block_any_has_word(document->text, document->size, "dirs=1");
}

/* What the opening line says: that setup made the file, and that it enables the unit. NULL without
 * memory. */
static char *words_for(const struct setup *setup, const struct document *document)
{
    bool is_enabling = setup_is_named(setup) && units_are_enabled_by(setup);
    char *words;

    return asprintf(&words, "%s%s%s%s", is_made(document) ? "made" : "",
                    is_made_with_dir(document) ? " dirs=1" : "",
                    is_made(document) && is_enabling ? " " : "", is_enabling ? UNITS_ENABLED : "") < 0
        ? NULL : words;
}

static int plan_with(struct setup *setup, const char *path, const struct document *document)
{
    bool has_xauth = !document->exists || is_made(document), is_named = setup_is_named(setup);
    char *body = is_named ? text_rc_named(setup, has_xauth) : text_rc(setup, has_xauth);
    char *words = words_for(setup, document), name[RC_BLOCK_MAX];
    int r = -ENOMEM;

    if (body != NULL && words != NULL)
        r = setup_plan_block(setup, PURPOSE, path, rc_block(setup->cmd->paths.name, name), BLOCK_FIRST, body,
                             words[0] != '\0' ? words : NULL, "sh", setup->is_system ? 0644 : 0600);
    free(words);
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
        r = plan_with(setup, path, document);
    change = r == 0 ? setup_change_of(setup, path) : NULL;
    if (change != NULL) {
        change->is_needed = true;
        if (!setup_is_named(setup)) {
            settle(change, &script);
            change_set_paste(change, text_rc_short(setup));
        }
        if (!setup->is_undo && !setup_is_named(setup))
            r = remark(setup, change, document, &script);
    }
    setup_close(document);
    free(path);
    return r;
}
