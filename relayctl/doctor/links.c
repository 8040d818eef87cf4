/* SPDX-License-Identifier: MIT */
/* Symlinks to an agent, in the home and in ~/.ssh, as people have them for old panes: they should lead
 * to the relay. */
#include "config.h"

#include "relayctl/doctor/checks.h"

#include "relayctl/doctor/claimant.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENTRIES_MAX 5000 /* of a directory that are looked at */

static bool is_for_agent(const char *path, const char *name, const char *target)
{
    struct stat st;
    bool is_called_so = fnmatch("*auth*sock*", name, 0) == 0 || fnmatch("*agent*", name, 0) == 0;

    if (claimant_of(target) != NULL)
        return true;
    if (!is_called_so)
        return false;
    return stat(path, &st) == 0 ? S_ISSOCK(st.st_mode) : errno == ELOOP || errno == ENOENT;
}

/* "ln -sf $SSH_AUTH_SOCK ~/.ssh/NAME" without quotes, in a login without an agent, makes ./NAME. */
static bool is_stray(const struct patient *patient, const char *path, const char *name,
                     const char *target)
{
    char in_home[PATH_MAX], in_ssh[PATH_MAX];

    snprintf(in_home, sizeof(in_home), "%s/%s", patient->account.home, name);
    snprintf(in_ssh, sizeof(in_ssh), "%s/.ssh/%s", patient->account.home, name);
    return strcmp(path, in_home) == 0 && strcmp(target, in_ssh) == 0;
}

static const char *fate(const char *path)
{
    struct stat st;

    if (stat(path, &st) == 0)
        return "";
    return errno == ELOOP ? ", which leads round in a circle" : ", where nothing is";
}

static void check_link(const struct patient *patient, const char *path, const char *name,
                       const char *target, struct findings *findings)
{
    char quoted[PATIENT_QUOTED_MAX];

    patient_quote(patient, path, quoted, sizeof(quoted));
    if (is_stray(patient, path, name, target))
        finding_cure(finding_add(findings, GRAVITY_RISKS, "stray-symlink",
                                 "%s was left by a line that links SSH_AUTH_SOCK, run in a login "
                                 "without an agent", quoted),
                     "rm %s", quoted);
    else if (is_for_agent(path, name, target) && !patient_is_relay(patient, path))
        finding_cure(finding_add(findings, GRAVITY_HINDERS, "symlink",
                                 "%s does not lead to relayd but to %s%s", quoted, target, fate(path)),
                     "ln -sfn \"$(%s path)\" %s", patient->relayctl, quoted);
}

static void check_links_in(const struct patient *patient, const char *dir,
                           struct findings *findings)
{
    DIR *entries = opendir(dir);
    char path[PATH_MAX], target[PATH_MAX];
    struct dirent *entry;

    for (int i = 0; entries != NULL && i < ENTRIES_MAX && (entry = readdir(entries)) != NULL; i++) {
        ssize_t n;

        if (entry->d_type != DT_LNK && entry->d_type != DT_UNKNOWN)
            continue;
        if (snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name) >= (int)sizeof(path))
            continue;
        n = readlink(path, target, sizeof(target) - 1);
        if (n <= 0)
            continue;
        target[n] = '\0';
        check_link(patient, path, entry->d_name, target, findings);
    }
    if (entries != NULL)
        closedir(entries);
}

void check_symlinks(const struct patient *patient, struct findings *findings)
{
    char *ssh = patient->has_account ? account_path(&patient->account, ".ssh") : NULL;

    if (ssh == NULL)
        return;
    check_links_in(patient, patient->account.home, findings);
    check_links_in(patient, ssh, findings);
    free(ssh);
}
