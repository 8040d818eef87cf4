/* SPDX-License-Identifier: MIT */
/* A home that several hosts have: a symlink in it that leads to the relay of one leads nowhere on
 * another that has none. Where rc points it anew at each login, each host gets its own. */
#include "config.h"

#include "relayctl/doctor/checks.h"

#include "relayctl/doctor/habits.h"
#include "relayd/base/util.h"

#include <dirent.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_network(const struct mntent *mount)
{
    static const char *const types[] = {"nfs", "nfs4", "cifs", "smb3", "afs", "ceph", "lustre",
                                        "gpfs", "beegfs", "9p", "fuse.sshfs", "fuse.glusterfs"};

    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        if (strcmp(mount->mnt_type, types[i]) == 0)
            return true;
    }
    return strstr(mount->mnt_fsname, ":/") != NULL || strncmp(mount->mnt_fsname, "//", 2) == 0;
}

/* Whether path is below a mount that other hosts may have; what is mounted goes to source. */
static bool is_shared(const char *path, char *source, size_t size)
{
    FILE *mounts = setmntent("/proc/self/mounts", "re");
    const struct mntent *mount;
    size_t longest = 0;
    bool is = false;

    while (mounts != NULL && (mount = getmntent(mounts)) != NULL) {
        size_t n = strlen(mount->mnt_dir);

        n -= n == 1; /* the root */
        if (n < longest || strncmp(path, mount->mnt_dir, n) != 0 || (path[n] != '/' && path[n] != '\0'))
            continue;
        longest = n;
        is = is_network(mount);
        snprintf(source, size, "%s", mount->mnt_fsname);
    }
    if (mounts != NULL)
        endmntent(mounts);
    return is;
}

/* A symlink in dir that leads to the relay; false: none. */
static bool find_link(const struct patient *patient, const char *dir, char path[PATH_MAX])
{
    DIR *entries = opendir(dir);
    const struct dirent *entry;
    char target[8];
    bool is = false;

    while (entries != NULL && !is && (entry = readdir(entries)) != NULL) {
        snprintf(path, PATH_MAX, "%.3000s/%s", dir, entry->d_name);
        is = readlink(path, target, sizeof(target)) > 0 && patient_is_relay(patient, path);
    }
    if (entries != NULL)
        closedir(entries);
    return is;
}

static bool is_pointed_by_rc(const struct patient *patient, const char *path)
{
    struct habits rc;
    bool is;

    habits_read(&rc, patient, path);
    is = rc.has_first && rc.script.links > 0;
    habits_fini(&rc);
    return is;
}

void check_sharing(const struct patient *patient, struct findings *findings)
{
    char source[256], link[PATH_MAX], quoted[PATIENT_QUOTED_MAX];
    char *ssh, *rc;

    if (!patient->has_account || !is_shared(patient->account.home, source, sizeof(source)))
        return;
    ssh = account_path(&patient->account, ".ssh");
    rc = account_path(&patient->account, ".ssh/rc");
    if (ssh != NULL && rc != NULL && find_link(patient, ssh, link) && !is_pointed_by_rc(patient, rc)) {
        patient_quote(patient, link, quoted, sizeof(quoted));
        finding_cure(finding_add(findings, GRAVITY_RISKS, "shared-home",
                                 "your home is %s, which other hosts may have: on one without relayd "
                                 "%s leads nowhere", source, quoted),
                     "echo '[ -z \"$SSH_AUTH_SOCK\" ] || ln -sfn \"$SSH_AUTH_SOCK\" %s' >>~/.ssh/rc; "
                     "%s setup", quoted, patient->relayctl);
    }
    free(ssh);
    free(rc);
}
