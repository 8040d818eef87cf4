/* SPDX-License-Identifier: MIT */
/*
 * One step of setup: what is looked for, what is written, how it is taken back, what is said. A step
 * first looks and plans; nothing is changed until the person has agreed to all of them.
 */
#ifndef RELAYCTL_SETUP_STEP_H
#define RELAYCTL_SETUP_STEP_H

#include "relayctl/account/account.h"
#include "relayctl/account/block.h"
#include "relayctl/account/document.h"
#include "relayctl/command.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum step_state {
    STEP_THERE,      /* there already: nothing to do */
    STEP_DUE,        /* to be done */
    STEP_LEFT_ALONE, /* why says why; paste has what the person does instead */
    STEP_DONE,       /* from here on set by whoever carries it out */
    STEP_FAILED,     /* why says why */
};

/* One thing to change. A step may plan several: two shells, three tmux servers. */
struct change {
    struct change *next;
    enum step_state state;
    const char *purpose; /* "each login is offered to the relay" */
    char *what;          /* "~/.ssh/rc", "tmux server default", "relayd.socket"; owned */
    char *note;          /* what happens to it: "13 lines at its end"; or NULL; owned */
    char *remark;        /* a sentence for the person, told below; or NULL; owned */
    char why[200];       /* with STEP_LEFT_ALONE and STEP_FAILED */
    char *paste;         /* lines for the person to paste or do instead, or NULL; owned */
    bool is_needed;      /* without it the relay does not work, or is not taken back: it counts in the
                          * exit status */

    /* A change of a file: setup itself shows the diff, writes, removes. */
    struct document *document; /* or NULL: no file; owned */
    char *after;               /* NULL with is_gone; owned */
    size_t after_size;
    mode_t mode;    /* of a file that is made */
    bool was_made;  /* a block that is taken out says that setup made the file */
    bool is_gone;   /* the file goes */
    int dirs_gone;  /* and so many directories above it, where they are empty */

    /* Any other change. Returns 0, or -errno with why set. */
    int (*carry_out)(struct change *change);
    const struct change *noted_in; /* another, whose file says for undo that this was done; or NULL */
    void *arg;     /* from malloc(); owned */
    char *command; /* what carry_out() does, as a line for people and --dry-run; owned */
};

struct setup {
    struct account account;
    struct command *cmd; /* not owned */
    const char *socket;  /* the agent socket's path, as `path` prints it; not owned */
    bool is_undo, is_every_shell, is_system;
    bool is_follow;      /* asked for, or done before */
    struct change *changes; /* in the order in which they are planned, told and carried out */
};

/* Whether it is for a relayd with a name, beside the first. */
static inline bool setup_is_named(const struct setup *setup)
{
    return setup->cmd->paths.name[0] != '\0';
}

struct step {
    const char *name;
    bool is_for_system; /* --system takes it too */
    bool is_for_named;  /* so does --name; else it belongs to the first relayd */
    /* Looks, and adds changes to setup; with is_undo what takes them back. Returns 0 or -errno
     * (memory): whatever else is wrong is left alone, and why is told. */
    int (*plan)(struct setup *setup);
};

/* Adds an empty change, STEP_DUE. purpose must live on. NULL when out of memory. */
struct change *setup_add(struct setup *setup, const char *purpose, const char *what);
void change_free(struct change *change);

/* Reads a file of the account's. NULL when out of memory; what else is wrong is in its why_not. The
 * caller must setup_close() it. */
struct document *setup_open(const struct setup *setup, const char *path);
void setup_close(struct document *document);

/* Plans the block of that name in the file at path: put in, replaced, taken out with is_undo, there
 * already, or left alone, with the block's own lines to paste. Blocks of one file become one change.
 * shell names the checker of syntax.h, or NULL. A file that is not there is made (in undo nothing is
 * planned). words (may be NULL) are kept in the block's opening line. Returns 0 or -ENOMEM. */
int setup_plan_block(struct setup *setup, const char *purpose, const char *path,
                     const char *block_name, enum block_place place, const char *body,
                     const char *words, const char *shell, mode_t mode);

/* The change of the file at path that has been planned, or NULL. */
struct change *setup_change_of(const struct setup *setup, const char *path);

/* Adds a sentence to a change, printf-like; change may be NULL. Returns 0 or -ENOMEM. */
__attribute__((format(printf, 2, 3)))
int change_remark(struct change *change, const char *format, ...);

/* Where the change is left alone, these lines stand for the block's. Takes over paste, which is from
 * malloc(); change and paste may be NULL. */
void change_set_paste(struct change *change, char *paste);

#endif
