/* SPDX-License-Identifier: MIT */
/* The verb env. An interactive shell waits for it, so it ends in time whatever state relayd is
 * in. */
#include "config.h"

#include "relayctl/env.h"

#include "relayctl/login.h"
#include "relayctl/register.h"
#include "relayctl/shell.h"
#include "relayd/base/sock.h"
#include "relayd/base/utf8.h"
#include "relayd/base/util.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Registers the login's own socket. One that is registered already keeps its place and its label,
 * so a new shell of an old login does not put that login in front. */
static int offer(struct registration *reg, struct command *cmd, struct client *client)
{
    struct start_words started = {0};

    if (reg->path == NULL || access(reg->path, F_OK) < 0)
        return 0;
    reg->keeps_place = true;
    reg->is_waiting = false;
    cmd->is_fallback = !login_is_remote();
    return registration_try(reg, cmd, client, &started, NULL);
}

static bool is_working(const char *path)
{
    int fd = sock_open(path, SOCK_STREAM);

    close_fd(fd);
    return fd >= 0 || fd == -EAGAIN;
}

/* Whether relayd serves, or will soon, in spite of that error of offer(): it may be slow, or be
 * starting again. Where it may not run at all, systemd has closed the sockets by then. */
static bool is_served(const struct command *cmd, int error)
{
    switch (error) {
    case 0:
        return true;
    case -ETIMEDOUT:
    case -ECONNRESET:
    case -EBADMSG:
        return is_working(cmd->paths.agent);
    default:
        return false;
    }
}

/* Whether SSH_AUTH_SOCK is the login's own, and not the agent socket already. */
static bool is_current(const struct registration *reg)
{
    const char *current = getenv("SSH_AUTH_SOCK");

    return reg->path != NULL && current != NULL && login_is_same(reg->path, current);
}

static void write_upstream(const struct command *cmd, const struct registration *reg)
{
    char *real = is_current(reg) ? login_real(reg->path) : NULL;

    if (real != NULL && shell_can_read(cmd->shell, real)) {
        shell_set(stdout, cmd->shell, "RELAYD_UPSTREAM", real);
        putchar(' ');
    }
    free(real);
}

/* Renames the label to one that ssh does not send on: on the next host it would name an agent
 * that need not be that laptop's any more. */
static void write_label(const struct command *cmd)
{
    const char *label = login_here().label;

    if (getenv(LOGIN_LABEL) == NULL)
        return;
    if (label != NULL && shell_can_read(cmd->shell, label)) {
        putchar(' ');
        shell_set(stdout, cmd->shell, LOGIN_LABEL_KEPT, label);
    }
    putchar(' ');
    shell_unset(stdout, cmd->shell, LOGIN_LABEL);
}

static void write_env(const struct command *cmd, const struct registration *reg)
{
    write_upstream(cmd, reg);
    shell_set(stdout, cmd->shell, "SSH_AUTH_SOCK", cmd->paths.agent);
    write_label(cmd);
    putchar('\n');
}

/* Where it leads back here the shell may as well use relayd itself, which is for its person to say: an
 * agent on the way may have more. */
static int tell_left_alone(const struct command *cmd, const struct client *client)
{
    bool is_loop = strncmp(client->cause, "leads back", 10) == 0;
    char line[COMMAND_SELF_MAX + 32], cause[sizeof(line) + 256];

    command_env_line(cmd, "", line, sizeof(line));
    utf8_format(cause, sizeof(cause), "%s; SSH_AUTH_SOCK is left as it is%s%s", client->cause,
                is_loop ? "; to use relayd without the way round: " : "", is_loop ? line : "");
    command_tell(cmd, client->object, cause, NULL);
    return EXIT_NO;
}

/* Leaves SSH_AUTH_SOCK alone where its agent works and relayd could not take it. */
static int register_and_write(struct command *cmd, struct registration *reg)
{
    struct client client = CLIENT_INIT;
    int r = cmd->is_register ? offer(reg, cmd, &client) : 0;
    int status = EXIT_DONE;

    if (!is_served(cmd, r) && is_current(reg) && is_working(reg->path))
        status = tell_left_alone(cmd, &client);
    else
        write_env(cmd, reg);
    client_fini(&client);
    return status;
}

int verb_env(struct command *cmd)
{
    struct registration reg;
    int status = command_check_dir(cmd);

    if (cmd->shell == SHELL_UNKNOWN)
        cmd->shell = shell_of_caller();
    if (status != EXIT_DONE)
        return status;
    if (!shell_can_read(cmd->shell, cmd->paths.agent)) {
        command_tell(cmd, cmd->paths.agent, "such a name cannot be told to a shell safely", NULL);
        return EXIT_NO;
    }
    status = registration_find(&reg, cmd);
    if (status == EXIT_DONE)
        status = register_and_write(cmd, &reg);
    registration_fini(&reg);
    return status;
}
