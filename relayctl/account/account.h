/* SPDX-License-Identifier: MIT */
/*
 * Whose account this is, and where its files are: from passwd, not from the environment's mood.
 * With is_system it is the host's own arrangements in /etc, for everybody.
 */
#ifndef RELAYCTL_ACCOUNT_H
#define RELAYCTL_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define ACCOUNT_ZSH_MS 2000

struct account {
    uid_t uid;
    bool is_system;
    char *name;        /* the login name */
    char *home;        /* from passwd, without a slash at the end; NULL with is_system */
    char *shell;       /* the login shell's path, from passwd */
    char *config_home; /* $XDG_CONFIG_HOME where it is absolute, else HOME/.config; NULL with is_system */
    char *zdotdir;     /* where zsh has its files, else HOME; NULL with is_system */
    char *program;     /* this relayctl's own absolute path, as one that survives an upgrade: a name in
                        * PATH where that leads to this very program */
};

/* Fills account for the user who runs this. Returns 0, or -errno with *cause set to a sentence for
 * people: a home that is missing, is not ours, or is not what $HOME says (sudo); an account without
 * an entry in passwd; is_system without root. The caller must account_fini() in any case. zsh is
 * asked for ZDOTDIR, which a .zshenv may set, only where it is installed and used, and for at most
 * ACCOUNT_ZSH_MS. Where it names none, the environment's is taken if it is below the home: an
 * editor's terminal has one of its own, elsewhere. */
int account_find(struct account *account, bool is_system, const char **cause);
void account_fini(struct account *account);

/* HOME/NAME, with is_system /etc/NAME; on the heap; NULL when out of memory. */
char *account_path(const struct account *account, const char *name);

/* Of this account's own places that which path is below: the home, where zsh has its files, the
 * config_home, which may both be elsewhere; else "/". Lives as long as account. */
const char *account_root(const struct account *account, const char *path);

/* path as people write it: ~/.ssh/rc. Printable, cut to size. Returns out. */
const char *account_shown(const struct account *account, const char *path, char *out, size_t size);

/* Whether the login shell is `shell`: "bash", "zsh", "fish", or "sh" for all others of its kind
 * (dash, ksh, ash). */
bool account_logs_in_with(const struct account *account, const char *shell);

/* Whether such a program is in PATH, or in /usr/local/bin, /usr/bin or /bin. */
bool account_has_program(const char *name);

/* Whether the host's own file forbids relayd to everybody: it has the line "deny" (relayd(1)). */
bool account_is_denied(void);

#endif
