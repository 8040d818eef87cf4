/* SPDX-License-Identifier: MIT */
/* relayd itself: whether it answers, whether it is allowed here, and whether the program that runs is
 * the one that is installed. It tells itself what became of its program's file: its /proc/PID/exe is
 * closed to us. */
#include "config.h"

#include "relayctl/doctor/checks.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SYSTEMCTL_MS 1000
#define CHECK_MS 1000

/* Where relayd is: beside this program, or where both were installed. false where it is nowhere. */
static bool find_relayd(const struct patient *patient, char out[PATH_MAX])
{
    const char *program = patient->account.program;
    const char *slash = program != NULL ? strrchr(program, '/') : NULL;

    if (slash != NULL) {
        snprintf(out, PATH_MAX, "%.*s/%s", (int)(slash - program), program, RELAYD_NAME);
        if (access(out, X_OK) == 0)
            return true;
    }
    snprintf(out, PATH_MAX, "%s", RELAYD_PATH);
    return access(out, X_OK) == 0;
}

static bool has_unit(const struct patient *patient)
{
    char unit[PATHS_UNIT_MAX];
    const char *const argv[] = {"systemctl", "--user", "cat",
                                paths_unit(&patient->cmd->paths, "socket", unit), NULL};

    return paths_is_user_manager_dir(&patient->cmd->paths) && paths_has_user_manager() &&
           patient_run(patient, argv, NULL, SYSTEMCTL_MS) == 0;
}

/* The line that starts relayd. */
static void cure_by_start(const struct patient *patient, struct finding *finding)
{
    const struct command *cmd = patient->cmd;
    char path[PATH_MAX], quoted[PATIENT_QUOTED_MAX], option[PATIENT_QUOTED_MAX + 8];
    char unit[PATHS_UNIT_MAX];

    if (has_unit(patient)) {
        finding_cure(finding, "systemctl --user enable --now %s",
                     paths_unit(&cmd->paths, "socket", unit));
    } else if (find_relayd(patient, path)) {
        finding_cure(finding, "%s --daemon%s", patient_quote(patient, path, quoted, sizeof(quoted)),
                     patient_option(patient, option, sizeof(option)));
    } else {
        finding_cure(finding, "contrib/install");
    }
}

/* The first line of what relayd says of its options; 0 where they are good, or it says nothing of use:
 * one of an older version does not know the question. */
static int ask_options(const struct patient *patient, char *line, size_t size)
{
    const char *name = patient->cmd->paths.name;
    char path[PATH_MAX];
    const char *argv[] = {path, "--check", name[0] != '\0' ? "--name" : NULL, name, NULL};
    int left = client_left(patient->deadline);
    struct run_output output;
    int status;

    if (!find_relayd(patient, path))
        return 0;
    status = run_program(argv, NULL, 0, RUN_BOTH, &output, left < CHECK_MS ? left : CHECK_MS);
    snprintf(line, size, "%s", output.text != NULL ? output.text : "");
    line[strcspn(line, "\n")] = '\0';
    run_output_fini(&output);
    return status == EXIT_NO && line[0] != '\0' ? -EINVAL : 0;
}

/* "relayd: /home/pat/.config/relayd.conf:1: read-onyl: unknown option" */
static bool find_options(const struct patient *patient, struct findings *findings)
{
    bool is_running = patient->reached == 0;
    char line[400], quoted[PATIENT_QUOTED_MAX], *path = line, *end;
    struct finding *finding;
    int number, n = 0;

    if (account_is_denied() || ask_options(patient, line, sizeof(line)) == 0)
        return false;
    if (strncmp(line, RELAYD_NAME ": ", strlen(RELAYD_NAME ": ")) == 0)
        path += strlen(RELAYD_NAME ": ");
    finding = finding_add(findings, is_running ? GRAVITY_RISKS : GRAVITY_STOPS, "options",
                          "relayd does not start%s, for its options are wrong: %s",
                          is_running ? " again" : "", path);
    end = strchr(path, ':');
    if (path[0] == '/' && end != NULL && sscanf(end, ":%d: %n", &number, &n) == 1 && n > 0) {
        *end = '\0';
        finding_cure(finding, "correct line %d of %s", number,
                     patient_quote(patient, path, quoted, sizeof(quoted)));
    } else {
        finding_cure(finding, "correct that, and look again: %s doctor", patient->relayctl);
    }
    return true;
}

static void find_silence(const struct patient *patient, struct findings *findings)
{
    const struct paths *paths = &patient->cmd->paths;
    struct finding *finding;

    switch (-patient->reached) {
    case ECONNREFUSED:
    case ECONNRESET: /* systemd starts one, which ends at once */
        if (find_options(patient, findings))
            return;
        finding = finding_add(findings, GRAVITY_STOPS, "no-relayd", "no relayd answers in %s",
                              paths->dir);
        cure_by_start(patient, finding);
        return;
    case ETIMEDOUT:
        finding = finding_add(findings, GRAVITY_STOPS, "hung-relayd",
                              "the relayd in %s is there but does not answer", paths->dir);
        finding_cure(finding, "pkill -KILL -u \"$(id -u)\" -x " RELAYD_NAME);
        return;
    case EPERM:
    case ENOTSOCK:
        return; /* check_directory() tells */
    default:
        finding = finding_add(findings, GRAVITY_STOPS, "no-status",
                              "the relayd in %s does not say how it is: %s", paths->dir,
                              strerror(-patient->reached));
        finding_cure(finding, "%s status", patient->relayctl);
    }
}

void check_daemon(const struct patient *patient, struct findings *findings)
{
    if (account_is_denied())
        finding_cure(finding_add(findings, GRAVITY_STOPS, "denied", "%s denies relayd on this host",
                                 RELAYD_CONF),
                     patient->account.uid == 0 ? "sed -i 's/^\\s*deny/# &/' %s"
                                               : "ask whoever runs this host: only they may change %s",
                     RELAYD_CONF);
    else if (patient->reached < 0)
        find_silence(patient, findings);
    else if (proto_get_flag(&patient->status.daemon, "paused"))
        finding_cure(finding_add(findings, GRAVITY_STOPS, "paused",
                                 "relayd is paused: every client is turned away"),
                     "%s resume", patient->relayctl);
}

/* The line that has relayd run the program that is installed. */
static void cure_by_restart(const struct patient *patient, const char *program,
                            struct finding *finding)
{
    char quoted[PATIENT_QUOTED_MAX], option[PATIENT_QUOTED_MAX + 8], unit[PATHS_UNIT_MAX];
    const struct paths *paths = &patient->cmd->paths;

    if (proto_get_flag(&patient->status.daemon, "activated"))
        finding_cure(finding, "systemctl --user restart %s", paths_unit(paths, "service", unit));
    else
        finding_cure(finding, "%s stop; %s --daemon%s", patient->relayctl,
                     patient_quote(patient, program, quoted, sizeof(quoted)),
                     patient_option(patient, option, sizeof(option)));
}

void check_program(const struct patient *patient, struct findings *findings)
{
    const char *version = status_text(&patient->status.daemon, "version");
    const char *fate = status_text(&patient->status.daemon, "program");
    const char *pid = status_text(&patient->status.daemon, "pid");
    char path[PATH_MAX];

    if (patient->reached < 0)
        return;
    find_options(patient, findings);
    if (!find_relayd(patient, path))
        finding_cure(finding_add(findings, GRAVITY_RISKS, "no-program",
                                 "relayd's program is gone from %s: once it has ended, nothing starts "
                                 "it again", path),
                     "contrib/install");
    else if (fate[0] != '\0' || strcmp(version, PACKAGE_VERSION) != 0)
        cure_by_restart(patient, path,
                        finding_add(findings, GRAVITY_RISKS, "old-relayd",
                                    "relayd (pid %s, %s) runs another program than the one that is "
                                    "installed now (%s)", pid, version, PACKAGE_VERSION));
}
