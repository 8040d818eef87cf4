/* SPDX-License-Identifier: MIT */
/* What setup writes into the files of shells. It is run at every login and by every shell, most of
 * which the person never looks at, on hosts where relayctl may be gone, of another machine, or not
 * yet mounted: so each text tries places until one can be run (126 and 127 say that it cannot), and
 * is silent whatever happens. It names relayctl where it is now, then where it usually is, for sshd's
 * PATH is not the user's, and a home may be shared by hosts. */
#include "config.h"

#include "relayctl/setup/texts.h"

#include "relayctl/shell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const usual_places[] = {"/usr/local/bin/" RELAYCTL_NAME,
                                           "/usr/bin/" RELAYCTL_NAME, NULL};

/* ` --name NAME`, or ` --dir DIR` where the relay is not at its usual place: neither sshd nor a new shell knows it. */
void text_put_dir(FILE *file, const struct setup *setup, enum shell shell)
{
    const struct command *cmd = setup->cmd;
    const char *dir = cmd->choice.dir != NULL ? cmd->choice.dir : getenv("RELAYD_DIR");

    if (cmd->paths.name[0] != '\0') {
        fprintf(file, " --name %s", cmd->paths.name);
        return;
    }
    if (setup->is_system || dir == NULL || dir[0] == '\0')
        return;
    fputs(" --dir ", file);
    shell_put(file, shell, cmd->paths.dir);
}

/* The places of relayctl, this one first. */
void text_put_places(FILE *file, const struct setup *setup, enum shell shell)
{
    const char *program = setup->account.program;

    putc(' ', file);
    shell_put(file, shell, program);
    fputs(" " RELAYCTL_NAME, file);
    if (shell == SHELL_FISH)
        fputs(" ~/.local/bin/" RELAYCTL_NAME, file);
    else
        fputs(" \"${HOME-}/.local/bin/" RELAYCTL_NAME "\"", file);
    for (const char *const *place = usual_places; *place != NULL; place++) {
        if (strcmp(*place, program) != 0)
            fprintf(file, " %s", *place);
    }
}

/* Ends a text that was written to file. */
char *text_finish(FILE *file, char **text)
{
    bool is_whole = !ferror(file);

    if (fclose(file) == 0 && is_whole)
        return *text;
    free(*text);
    return NULL;
}

static void put_xauth(FILE *file)
{
    fputs("# sshd leaves the X11 cookie to this file. It comes on stdin, where X11 is forwarded.\n"
          "if [ -n \"${DISPLAY-}\" ] && [ ! -t 0 ] && read -r relayd_protocol relayd_cookie; then\n"
          "    case $DISPLAY in\n"
          "    localhost:*) relayd_display=unix:${DISPLAY#localhost:} ;;\n"
          "    *) relayd_display=$DISPLAY ;;\n"
          "    esac\n"
          "    {\n"
          "        printf 'add %s %s %s\\n' \"$relayd_display\" \"$relayd_protocol\" \"$relayd_cookie\" |\n"
          "            xauth -q -\n"
          "    } >/dev/null 2>&1 || :\n"
          "fi\n"
          "unset relayd_protocol relayd_cookie relayd_display\n", file);
}

/* A login that the relay refuses keeps its own agent, here too. */
char *text_rc(const struct setup *setup, bool has_xauth)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);

    if (file == NULL)
        return NULL;
    fputs("# sshd runs this at each login, which is offered to the relay here. The lines below then\n"
          "# find the relay's socket in SSH_AUTH_SOCK, where there is one.\n"
          "if [ -n \"${SSH_AUTH_SOCK-}\" ]; then\n"
          "    for relayd_ctl in", file);
    text_put_places(file, setup, SHELL_SH);
    fputs("; do\n        if \"$relayd_ctl\"", file);
    text_put_dir(file, setup, SHELL_SH);
    fputs(" register --quiet --no-wait </dev/null >/dev/null 2>&1; then\n"
          "            relayd_socket=$(\"$relayd_ctl\"", file);
    text_put_dir(file, setup, SHELL_SH);
    fputs(" path </dev/null 2>/dev/null) || relayd_socket=\n"
          "            if [ -S \"$relayd_socket\" ]; then\n"
          "                RELAYD_UPSTREAM=$SSH_AUTH_SOCK\n"
          "                SSH_AUTH_SOCK=$relayd_socket\n"
          "                export SSH_AUTH_SOCK RELAYD_UPSTREAM\n"
          "            fi\n"
          "        else\n"
          "            case $? in 126 | 127) continue ;; esac\n"
          "        fi\n"
          "        break\n"
          "    done\n"
          "    unset relayd_ctl relayd_socket\n"
          "fi\n", file);
    if (has_xauth)
        put_xauth(file);
    return text_finish(file, &text);
}

char *text_rc_named(const struct setup *setup, bool has_xauth)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);

    if (file == NULL)
        return NULL;
    fprintf(file, "# sshd runs this at each login, which is offered to the relay %s here.\n"
            "if [ -n \"${SSH_AUTH_SOCK-}\" ]; then\n"
            "    for relayd_ctl in", setup->cmd->paths.name);
    text_put_places(file, setup, SHELL_SH);
    fputs("; do\n        if \"$relayd_ctl\"", file);
    text_put_dir(file, setup, SHELL_SH);
    fputs(" register --quiet --no-wait </dev/null >/dev/null 2>&1; then\n"
          "            break\n"
          "        else\n"
          "            case $? in 126 | 127) continue ;; esac\n"
          "        fi\n"
          "        break\n"
          "    done\n"
          "    unset relayd_ctl\n"
          "fi\n", file);
    if (has_xauth)
        put_xauth(file);
    return text_finish(file, &text);
}

char *text_rc_short(const struct setup *setup)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);

    if (file == NULL)
        return NULL;
    fputs("# At its start: the lines below then find the relay's socket in SSH_AUTH_SOCK.\n", file);
    shell_put(file, SHELL_SH, setup->account.program);
    text_put_dir(file, setup, SHELL_SH);
    fputs(" register -q --no-wait \\\n    </dev/null >/dev/null 2>&1 &&\n    export SSH_AUTH_SOCK=\"$(", file);
    shell_put(file, SHELL_SH, setup->account.program);
    text_put_dir(file, setup, SHELL_SH);
    fputs(" path)\"\n", file);
    return text_finish(file, &text);
}

static const char *condition(enum text_when when)
{
    switch (when) {
    case TEXT_INTERACTIVE:
        return "# An interactive shell uses the relay.\n"
               "case $- in\n"
               "*i*)\n";
    case TEXT_ALWAYS:
        return "# A shell uses the relay, also one that is not interactive; quickly done where it does.\n"
               "case ${SSH_AUTH_SOCK-} in\n"
               "'' | */relayd/agent.sock | */relayd-*/agent.sock) ;;\n"
               "*)\n";
    case TEXT_SSH:
        return "# An interactive shell of an ssh login uses the relay.\n"
               "case ${SSH_CONNECTION:+$-} in\n"
               "*i*)\n";
    case TEXT_LOGIN:
        break;
    }
    return "# A shell of an ssh login uses the relay; quickly done where it does.\n"
           "case ${SSH_CONNECTION:+${SSH_AUTH_SOCK-}} in\n"
           "'' | */relayd/agent.sock | */relayd-*/agent.sock) ;;\n"
           "*)\n";
}

/* Whether a program is there is asked before: a shell that does not find one may ask the
 * distribution's packages, which takes long. */
char *text_shell(const struct setup *setup, enum text_when when)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);

    if (file == NULL)
        return NULL;
    fprintf(file, "%s    for relayd_ctl in", condition(when));
    text_put_places(file, setup, SHELL_SH);
    fputs("; do\n"
          "        command -v \"$relayd_ctl\" >/dev/null 2>&1 || continue\n"
          "        if relayd_env=$(\"$relayd_ctl\"", file);
    text_put_dir(file, setup, SHELL_SH);
    fputs(" env -s --register </dev/null 2>/dev/null); then\n"
          "            eval \"$relayd_env\"\n"
          "        else\n", file);
    if (when == TEXT_INTERACTIVE || when == TEXT_SSH) {
        fputs("            case $? in\n"
              "            126 | 127) continue ;;\n"
              "            *) \"$relayd_ctl\"", file);
        text_put_dir(file, setup, SHELL_SH);
        fputs(" env -s --register </dev/null >/dev/null || : ;; # says why\n"
              "            esac\n", file);
    } else {
        fputs("            case $? in 126 | 127) continue ;; esac\n", file);
    }
    fputs("        fi\n"
          "        break\n"
          "    done\n"
          "    unset relayd_ctl relayd_env\n"
          "    ;;\n"
          "esac\n", file);
    return text_finish(file, &text);
}

static void put_fish_condition(FILE *file, enum text_when when)
{
    static const char *const needs[] = {
        [TEXT_ALWAYS] = "set -q SSH_AUTH_SOCK",
        [TEXT_LOGIN] = "set -q SSH_CONNECTION; and set -q SSH_AUTH_SOCK",
    };

    if (when == TEXT_INTERACTIVE || when == TEXT_SSH) {
        fprintf(file, "# An interactive fish uses the relay.\n"
                "if status is-interactive%s\n", when == TEXT_SSH ? "; and set -q SSH_CONNECTION" : "");
        return;
    }
    fprintf(file,
            "# fish uses the relay, also where it is not interactive.\n"
            "if status is-interactive\n"
            "    or begin\n"
            "        %s\n"
            "        and not string match -q '*/relayd/agent.sock' -- $SSH_AUTH_SOCK\n"
            "        and not string match -q '*/relayd-*/agent.sock' -- $SSH_AUTH_SOCK\n"
            "    end\n", needs[when]);
}

/* fish complains of a program of another machine wherever its stderr goes; sh is silent. */
char *text_fish(const struct setup *setup, enum text_when when)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);

    if (file == NULL)
        return NULL;
    put_fish_condition(file, when);
    fputs("    for relayd_ctl in", file);
    text_put_places(file, setup, SHELL_FISH);
    fputs("\n"
          "        command -v $relayd_ctl >/dev/null 2>&1; or continue\n"
          "        set relayd_env (sh -c '\"$0\" \"$@\"' $relayd_ctl", file);
    text_put_dir(file, setup, SHELL_FISH);
    fputs(" env --fish --register </dev/null 2>/dev/null)\n"
          "        if contains $status 126 127\n"
          "            continue\n"
          "        end\n"
          "        printf '%s\\n' $relayd_env | source\n"
          "        break\n"
          "    end\n"
          "    set -e relayd_ctl\n"
          "    set -e relayd_env\n"
          "end\n", file);
    return text_finish(file, &text);
}

/* Where relayctl is gone, or is not of this host, the line does nothing. */
static void put_guarded(FILE *file, const struct setup *setup, enum shell shell, const char *before,
                        const char *between, const char *after)
{
    fputs(before, file);
    shell_put(file, shell, setup->account.program);
    fputs(between, file);
    shell_put(file, shell, setup->account.program);
    text_put_dir(file, setup, shell);
    fputs(after, file);
}

char *text_shell_short(const struct setup *setup, bool is_first)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);

    if (file == NULL)
        return NULL;
    if (is_first)
        fputs("# At its start. Where a login brings an agent, shells that are not interactive use the relay too.\n"
              "case ${SSH_AUTH_SOCK-}$- in /* | *i*)\n", file);
    else
        fputs("case $- in *i*)\n", file);
    put_guarded(file, setup, SHELL_SH, "    if command -v ", " >/dev/null; then eval \"$(",
                " env -s --register)\"; fi ;;\nesac\n");
    return text_finish(file, &text);
}

static char *write_guarded(const struct setup *setup, enum shell shell, const char *before,
                           const char *between, const char *after)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);

    if (file == NULL)
        return NULL;
    put_guarded(file, setup, shell, before, between, after);
    return text_finish(file, &text);
}

char *text_fish_short(const struct setup *setup)
{
    return write_guarded(setup, SHELL_FISH, "status is-interactive; and command -q ", "\nand ",
                         " env --fish --register | source\n");
}

char *text_csh_short(const struct setup *setup)
{
    return write_guarded(setup, SHELL_CSH, "if ($?prompt && -x ", ") eval `", " env -c --register`\n");
}
