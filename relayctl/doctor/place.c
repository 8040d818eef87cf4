/* SPDX-License-Identifier: MIT */
/* The directory that the sockets are in: nobody else may have it, nothing may stand in the sockets'
 * place, and it goes with the last login where the user does not linger. */
#include "config.h"

#include "relayctl/doctor/checks.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINGER_DIR "/var/lib/systemd/linger"

static void check_place_of(const struct patient *patient, const char *path,
                           struct findings *findings)
{
    char quoted[PATIENT_QUOTED_MAX];
    struct finding *finding;
    struct stat st;

    if (lstat(path, &st) < 0 || S_ISSOCK(st.st_mode))
        return;
    finding = finding_add(findings, GRAVITY_STOPS, "obstacle",
                          "%s stands where relayd's socket should be, and is %s", path,
                          S_ISDIR(st.st_mode) ? "a directory" : "no socket");
    patient_quote(patient, path, quoted, sizeof(quoted) - 8);
    finding_cure(finding, "mv %s %s.aside", quoted, quoted);
}

void check_directory(const struct patient *patient, struct findings *findings)
{
    const struct paths *paths = &patient->cmd->paths;
    char quoted[PATIENT_QUOTED_MAX];
    struct finding *finding;
    int r = paths_check_dir(paths, false);

    if (r < 0 && r != -ENOENT) {
        finding = finding_add(findings, GRAVITY_STOPS, "directory", "%s %s: nothing in it is used",
                              paths->dir, paths_problem(r));
        patient_quote(patient, paths->dir, quoted, sizeof(quoted));
        if (r == -PATHS_TOO_OPEN)
            finding_cure(finding, "chmod 700 %s", quoted);
        else
            finding_cure(finding, "mv %s %s.aside", quoted, quoted);
        return;
    }
    check_place_of(patient, paths->agent, findings);
    check_place_of(patient, paths->control, findings);
}

/* logind makes a file for each user who lingers; everybody may look. */
void check_linger(const struct patient *patient, struct findings *findings)
{
    char path[128];

    if (!patient->has_account || patient->account.uid == 0 ||
        !paths_is_user_manager_dir(&patient->cmd->paths) || !paths_has_user_manager() ||
        !account_has_program("loginctl"))
        return;
    snprintf(path, sizeof(path), LINGER_DIR "/%.64s", patient->account.name);
    if (access(path, F_OK) == 0 || errno != ENOENT)
        return;
    finding_cure(finding_add(findings, GRAVITY_RISKS, "linger",
                             "you do not linger here: systemd ends relayd and takes %s away some time "
                             "after your last logout, also from programs that stay",
                             patient->cmd->paths.dir),
                 "loginctl enable-linger");
}
