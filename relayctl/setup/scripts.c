/* SPDX-License-Identifier: MIT */
/* What tmux is told. tmux, called by a script, speaks to the server that $TMUX names, so that one
 * script serves its configuration and servers that run. Each line ends where the next can follow
 * without a newline. What differs by version is read, not assumed: the list of variables, the hooks
 * that there are, and which places among a hook's commands are taken. */
#include "config.h"

#include "relayctl/setup/scripts.h"

#include "relayctl/setup/relay.h"
#include "relayctl/setup/texts.h"

#include <stdio.h>
#include <stdlib.h>

/* --- $socket is no longer copied over */

/* What is taken away is noted in options of the server and its sessions, which live as long as what is to be
 * given back: the lines of show-environment in @relayd_had and @relayd_session_had, and in @relayd_copied that
 * the name was copied. What is the relay's already is noted only where nothing else is. tmux -u prints a path
 * as it is in every locale. */
#define EACH_SESSION "for session in $(tmux list-sessions -F \"#{session_id}\" 2>/dev/null); do"

static const char *const socket_does[] = {
    "[ -n \"$socket\" ] && names=$(tmux show-options -gv update-environment) || exit 0;",
    "set -f;",
    "ours=\"SSH_AUTH_SOCK=$socket\";",
    "had=$(tmux -u show-environment -g SSH_AUTH_SOCK 2>/dev/null) || had=none;",
    "[ \"$had\" = \"$ours\" ] && [ -n \"$(tmux show-options -gqv @relayd_had)\" ] ||",
    "tmux set-option -g @relayd_had \"$had\";",
    "kept=;",
    "for name in $names; do",
    "[ \"$name\" = SSH_AUTH_SOCK ] && tmux set-option -g @relayd_copied yes || kept=\"$kept $name\";",
    "done;",
    "tmux set-option -g update-environment \"${kept# }\";",
    "tmux set-environment -g SSH_AUTH_SOCK \"$socket\";",
    EACH_SESSION,
    "had=$(tmux -u show-environment -t \"$session\" SSH_AUTH_SOCK 2>/dev/null) || continue;",
    "[ \"$had\" = \"$ours\" ] || tmux set-option -t \"$session\" @relayd_session_had \"$had\";",
    "tmux set-environment -t \"$session\" -u SSH_AUTH_SOCK;",
    "done",
    NULL,
};

/* give_back HAD WHERE...: fails where that is nothing to give: the relay's socket, or one that is gone while
 * another login is there. */
#define GIVE_BACK \
    "give_back() {\n" \
    "had=$1 value=${1#*=};\n" \
    "shift;\n" \
    "case $had in\n" \
    "\"$ours\" | '') return 1 ;;\n" \
    "SSH_AUTH_SOCK=*) [ -z \"$newest\" ] || [ -e \"$value\" ] || [ -L \"$value\" ] || return 1;\n" \
    "tmux set-environment \"$@\" SSH_AUTH_SOCK \"$value\" ;;\n" \
    "-*) tmux set-environment \"$@\" -r SSH_AUTH_SOCK ;;\n" \
    "*) tmux set-environment \"$@\" -u SSH_AUTH_SOCK ;;\n" \
    "esac\n" \
    "}"

/* What the person has changed since stays. A server that has no note was told by another's lines, and does
 * from then on what tmux does by itself. */
static const char *const socket_undoes[] = {
    "set -f;",
    "ours=\"SSH_AUTH_SOCK=$socket\";",
    GIVE_BACK,
    "noted=$(tmux -u show-options -gqv @relayd_had);",
    "if [ -z \"$noted\" ] || [ -n \"$(tmux show-options -gqv @relayd_copied)\" ]; then",
    "kept=;",
    "for name in $(tmux show-options -gv update-environment); do",
    "[ \"$name\" = SSH_AUTH_SOCK ] || kept=\"$kept $name\";",
    "done;",
    "tmux set-option -g update-environment \"${kept# } SSH_AUTH_SOCK\";",
    "fi;",
    "if [ \"$(tmux -u show-environment -g SSH_AUTH_SOCK 2>/dev/null)\" != \"$ours\" ]; then :;",
    "elif give_back \"$noted\" -g; then :;",
    "elif [ -n \"$newest\" ]; then tmux set-environment -g SSH_AUTH_SOCK \"$newest\";",
    "else tmux set-environment -gu SSH_AUTH_SOCK; fi;",
    "tmux set-option -gqu @relayd_had; tmux set-option -gqu @relayd_copied;",
    EACH_SESSION,
    "tmux show-environment -t \"$session\" SSH_AUTH_SOCK >/dev/null 2>&1 ||",
    "give_back \"$(tmux -u show-options -t \"$session\" -qv @relayd_session_had)\" -t \"$session\" || :;",
    "tmux set-option -t \"$session\" -qu @relayd_session_had;",
    "done",
    NULL,
};

#define SOCKET_ASKS \
    "[ \"$(tmux -u show-environment -g SSH_AUTH_SOCK 2>/dev/null)\" = \"SSH_AUTH_SOCK=$socket\" ] || exit 1;", \
    "tmux show-options -gv update-environment | grep -qx SSH_AUTH_SOCK && exit 1;", \
    EACH_SESSION, \
    "! tmux show-environment -t \"$session\" SSH_AUTH_SOCK >/dev/null 2>&1 || exit 1;", \
    "done"

static const char *const socket_asks[] = {SOCKET_ASKS, NULL};

static const char *const socket_asks_undo[] = {
    "[ -z \"$(tmux show-options -gqv @relayd_had)\" ] || exit 0;",
    SOCKET_ASKS,
    NULL,
};

const struct arrangement scripts_socket = {
    .block = "tmux",
    .purpose = "each new pane of tmux uses the relay",
    .for_server = "its new panes use the relay",
    .undone = "it no longer names the relay's socket",
    .comment = "# New panes use the relay: tmux does not copy SSH_AUTH_SOCK from who attaches.\n",
    .does = socket_does,
    .undoes = socket_undoes,
    .asks = socket_asks,
    .asks_undo = socket_asks_undo,
};

/* --- hooks run $follow, which is kept in an option, so that nothing in it is read twice */

#define OPTION "@relayd_follow"
#define EACH_HOOK \
    "for hook in client-active client-attached client-session-changed client-detached client-focus-in; do"

/* A hook's commands have numbers; ours gets one that nobody has. */
static const char *const follow_does[] = {
    "tmux set-option -g " OPTION " \"$follow\";",
    EACH_HOOK,
    "hooks=$(tmux show-hooks -g \"$hook\" 2>/dev/null) || continue;",
    "case $hooks in *" OPTION "*) continue ;; esac;",
    "n=77;",
    "while case $hooks in *\"[$n]\"*) ;; *) false ;; esac; do n=$((n + 1)); done;",
    "tmux set-hook -g \"${hook}[$n]\" \"run-shell -b \\\"#{" OPTION "}\\\"\";",
    "done",
    NULL,
};

static const char *const follow_undoes[] = {
    EACH_HOOK,
    "tmux show-hooks -g \"$hook\" 2>/dev/null | sed -n \"s/^\\([a-z-]*\\[[0-9]*\\]\\) .*" OPTION
    ".*/\\1/p\" |",
    "while read -r ours; do tmux set-hook -gu \"$ours\"; done;",
    "done;",
    "tmux set-option -gqu " OPTION,
    NULL,
};

static const char *const follow_asks[] = {
    "[ \"$(tmux show-options -gqv " OPTION ")\" = \"$follow\" ] || exit 1;",
    EACH_HOOK,
    "hooks=$(tmux show-hooks -g \"$hook\" 2>/dev/null) || continue;",
    "case $hooks in *" OPTION "*) ;; *) exit 1 ;; esac;",
    "done",
    NULL,
};

static const char *const follow_asks_undo[] = {
    "[ -n \"$(tmux show-options -gqv " OPTION ")\" ]",
    NULL,
};

const struct arrangement scripts_follow = {
    .block = "follow",
    .purpose = "tmux tells relayd who types",
    .for_server = "it tells relayd who types",
    .undone = "it tells relayd no more who types",
    .comment = "# The agent follows the keyboard: tmux tells relayd when another client is used.\n",
    .does = follow_does,
    .undoes = follow_undoes,
    .asks = follow_asks,
    .asks_undo = follow_asks_undo,
};

/* --- how they are written */

/* The loop that finds relayctl, in one line: what is done with the first that is there stands before its
 * name and behind it. */
static char *search(const struct setup *setup, const char *before, const char *behind)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);

    if (file == NULL)
        return NULL;
    fputs("for relayd_ctl in", file);
    text_put_places(file, setup, SHELL_SH);
    fprintf(file, "; do %s\"$relayd_ctl\"", before);
    text_put_dir(file, setup, SHELL_SH);
    fputs(behind, file);
    return text_finish(file, &text);
}

/* What a hook runs. It says nothing, for tmux would show it to whoever types. */
static char *follow_command(const struct setup *setup)
{
    return search(setup, "", " -q follow --tmux >/dev/null 2>&1; [ $? -ge 126 ] || break; done; :");
}

static int put_follow(FILE *file, const struct setup *setup)
{
    char *command = follow_command(setup);

    if (command == NULL)
        return -1;
    fputs("follow=", file);
    shell_put(file, SHELL_SH, command);
    free(command);
    return 0;
}

static int put_sockets(FILE *file, const struct setup *setup)
{
    struct status status = {0};

    relay_status(setup, &status);
    fputs("socket=", file);
    shell_put(file, SHELL_SH, setup->socket);
    fputs(" newest=", file);
    shell_put(file, SHELL_SH, relay_newest(&status));
    status_fini(&status);
    return 0;
}

static char *script(const struct setup *setup, const struct arrangement *arrangement,
                    const char *const lines[])
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    int r;

    if (file == NULL)
        return NULL;
    r = arrangement == &scripts_follow ? put_follow(file, setup) : put_sockets(file, setup);
    for (; *lines != NULL; lines++)
        fprintf(file, "\n%s", *lines);
    text = text_finish(file, &text);
    if (r == 0)
        return text;
    free(text);
    return NULL;
}

char *scripts_change(const struct setup *setup, const struct arrangement *arrangement)
{
    return script(setup, arrangement, setup->is_undo ? arrangement->undoes : arrangement->does);
}

char *scripts_question(const struct setup *setup, const struct arrangement *arrangement)
{
    return script(setup, arrangement, setup->is_undo ? arrangement->asks_undo : arrangement->asks);
}

/* What the lines of the configuration begin with, in one line. */
static char *beginning(const struct setup *setup, const struct arrangement *arrangement)
{
    char *text = NULL;
    size_t size;
    FILE *file;

    if (arrangement == &scripts_socket)
        return search(setup, "socket=$(", " path 2>/dev/null) && break; done;");
    file = open_memstream(&text, &size);
    if (file == NULL)
        return NULL;
    if (put_follow(file, setup) < 0) {
        fclose(file);
        free(text);
        return NULL;
    }
    putc(';', file);
    return text_finish(file, &text);
}

/* Puts text into single quotes of tmux, which expands formats in what run-shell is given. */
static void put_quoted(FILE *file, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            fputs("'\\''", file);
        else if (*text == '#')
            fputs("##", file);
        else
            putc(*text, file);
    }
}

char *scripts_config(const struct setup *setup, const struct arrangement *arrangement)
{
    char *text = NULL, *begins = beginning(setup, arrangement);
    size_t size;
    FILE *file = begins != NULL ? open_memstream(&text, &size) : NULL;

    if (file != NULL) {
        fprintf(file, "%srun-shell '", arrangement->comment);
        put_quoted(file, begins);
        for (const char *const *line = arrangement->does; *line != NULL; line++) {
            fputs(" \\\n  ", file);
            put_quoted(file, *line);
        }
        fputs("'\n", file);
    }
    free(begins);
    return file != NULL ? text_finish(file, &text) : NULL;
}

char *scripts_shown(const struct setup *setup, const struct arrangement *arrangement,
                    const char *socket)
{
    char *line;
    int n;

    if (arrangement == &scripts_follow)
        n = asprintf(&line, "tmux -S %s set-hook -g%s 'client-active[77]'%s # and four other hooks",
                     socket, setup->is_undo ? "u" : "",
                     setup->is_undo ? "" : " 'run-shell -b \"" RELAYCTL_NAME " -q follow --tmux\"'");
    else
        n = asprintf(&line, "tmux -S %s set-environment -g%s SSH_AUTH_SOCK %s", socket,
                     setup->is_undo ? "u" : "", setup->is_undo ? "# or to what it was" : setup->socket);
    return n < 0 ? NULL : line;
}
