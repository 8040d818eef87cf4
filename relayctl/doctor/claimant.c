/* SPDX-License-Identifier: MIT */
/* The names that servers give the sockets of logins, and agents their own. */
#include "config.h"

#include "relayctl/doctor/claimant.h"

#include "relayd/base/util.h"

#include <fnmatch.h>
#include <stddef.h>

const char *claimant_of(const char *socket)
{
    static const struct { const char *pattern, *who; } claimants[] = {
        {"*/openssh_agent", "ssh-agent.socket"},
        {"*/ssh-agent.socket", "ssh-agent.service"},
        {"*/gcr/ssh", "gcr-ssh-agent.socket"},
        {"*/keyring/*ssh", "gnome-keyring"},
        {"*/S.gpg-agent.ssh", "gpg-agent-ssh.socket"},
        {"*vscode-ssh-auth*", "VS Code"},
        {"*/ssh-*/agent.*", "a login"},
        {"*/.ssh/agent/s.*", "a login"},
        {"*/dropbear-*/auth-*", "a login"},
        {"*/auth-agent*/*.sock", "a login"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(claimants); i++) {
        if (fnmatch(claimants[i].pattern, socket, 0) == 0)
            return claimants[i].who;
    }
    return NULL;
}
