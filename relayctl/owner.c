/* SPDX-License-Identifier: MIT */
/* Accounts. Root may read everything, but is another user to relayd's directory, and a relay that
 * root started in it would shut its owner out. So root is told how to ask as that user. */
#include "config.h"

#include "relayctl/owner.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether its directory is where relayctl looks of itself, as that user. */
static bool is_usual(const struct paths *paths, uid_t uid)
{
    const char *dash = paths->name[0] == '\0' ? "" : "-";
    char run[PATHS_MAX], tmp[PATHS_MAX];

    snprintf(run, sizeof(run), PATHS_RUN_USER "/%lu/relayd%s%s", (unsigned long)uid, dash,
             paths->name);
    snprintf(tmp, sizeof(tmp), "/tmp/relayd-%lu%s%s", (unsigned long)uid, dash, paths->name);
    return strcmp(paths->dir, run) == 0 || strcmp(paths->dir, tmp) == 0;
}

const char *owner_hint_other(const struct paths *paths, char out[OWNER_HINT_MAX])
{
    char option[PATHS_OPTION_MAX] = "";
    const struct passwd *owner;
    struct stat st;

    if (geteuid() != 0 || stat(paths->dir, &st) < 0 || st.st_uid == 0)
        return NULL;
    owner = getpwuid(st.st_uid);
    if (owner == NULL)
        return NULL;
    if (!is_usual(paths, st.st_uid))
        snprintf(option, sizeof(option), "\u00a0--dir\u00a0%s", paths->dir);
    else if (paths->name[0] != '\0')
        snprintf(option, sizeof(option), "\u00a0--name\u00a0%s", paths->name);
    snprintf(out, OWNER_HINT_MAX, "ask as that user: sudo\u00a0-u\u00a0%s\u00a0" RELAYCTL_NAME "%s",
             owner->pw_name, option);
    return out;
}

const char *owner_hint_root(const struct paths *paths, char out[OWNER_HINT_MAX])
{
    const char *caller = getenv("SUDO_USER");

    if (geteuid() != 0 || !is_usual(paths, 0))
        return NULL;
    if (caller != NULL && caller[0] != '\0' && strcmp(caller, "root") != 0)
        snprintf(out, OWNER_HINT_MAX, "here it is root's: for %.64s's, leave sudo away", caller);
    else
        snprintf(out, OWNER_HINT_MAX,
                 "here it is root's: for a user's, sudo\u00a0-u\u00a0NAME\u00a0" RELAYCTL_NAME);
    return out;
}
