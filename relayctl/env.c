/* The verb env. An interactive shell waits for it, so it is quick whatever state relayd
 * is in. */
#include "config.h"

#include "relayctl/env.h"

#include "relayctl/login.h"
#include "relayctl/register.h"
#include "relayctl/shell.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The shell line is out already, and the shell waits: whatever happens here is not
 * worth a word, let alone a failure. A pane's own socket may be long gone. */
static void register_silently(struct command *cmd)
{
    struct registration reg;
    struct proto_msg reply;

    cmd->is_quiet = true;
    cmd->is_no_wait = true;
    if (registration_find(&reg, cmd) == EXIT_DONE && reg.path != NULL &&
        access(reg.path, F_OK) == 0) {
        reg.keeps_place = true;
        if (registration_run(&reg, cmd, &reply) == EXIT_DONE)
            proto_msg_fini(&reply);
    }
    registration_fini(&reg);
}

static void write_env(const struct command *cmd)
{
    const char *current = getenv("SSH_AUTH_SOCK");
    char *own = login_socket(&cmd->paths);

    /* One that came from RELAYD_UPSTREAM is kept there already. */
    if (own != NULL && current != NULL && login_is_same(own, current) &&
        shell_can_read(cmd->shell, own)) {
        shell_set(stdout, cmd->shell, "RELAYD_UPSTREAM", own);
        putchar(' ');
    }
    shell_set(stdout, cmd->shell, "SSH_AUTH_SOCK", cmd->paths.agent);
    /* ssh takes it to the next host, with an agent that need not be that laptop's any more. */
    if (getenv(LOGIN_LABEL) != NULL) {
        putchar(' ');
        shell_unset(stdout, cmd->shell, LOGIN_LABEL);
    }
    putchar('\n');
    fflush(stdout);
    free(own);
}

int verb_env(struct command *cmd)
{
    int status = command_check_dir(cmd);

    if (status != EXIT_DONE)
        return status;
    if (!shell_can_read(cmd->shell, cmd->paths.agent)) {
        command_tell(cmd, cmd->paths.agent, "such a name cannot be told to a shell safely", NULL);
        return EXIT_NO;
    }
    write_env(cmd);
    if (cmd->is_register)
        register_silently(cmd);
    return EXIT_DONE;
}
