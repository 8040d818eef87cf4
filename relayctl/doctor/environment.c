/* SPDX-License-Identifier: MIT */
/* The shell that asks: its SSH_AUTH_SOCK, and what its login brought. */
#include "config.h"

#include "relayctl/doctor/checks.h"

#include "relayctl/doctor/claimant.h"
#include "relayctl/login.h"

#include <stdlib.h>
#include <string.h>

static const char *env_of(const char *name)
{
    const char *value = getenv(name);

    return value != NULL ? value : "";
}

static void cure_shell(const struct patient *patient, struct finding *finding)
{
    switch (shell_of_caller()) {
    case SHELL_FISH:
        finding_cure(finding, "%s env | source", patient->relayctl);
        break;
    case SHELL_CSH:
        finding_cure(finding, "eval `%s env`", patient->relayctl);
        break;
    case SHELL_UNKNOWN:
    case SHELL_SH:
        finding_cure(finding, "eval \"$(%s env)\"", patient->relayctl);
        break;
    }
}

static void check_shell(const struct patient *patient, const char *value,
                        struct findings *findings)
{
    const char *whose = claimant_of(value);
    struct finding *finding;

    if (value[0] == '\0')
        finding = finding_add(findings, GRAVITY_HINDERS, "shell",
                              "this shell has no SSH_AUTH_SOCK, so it does not use relayd");
    else
        finding = finding_add(findings, GRAVITY_HINDERS, "shell",
                              "this shell does not use relayd: its SSH_AUTH_SOCK is %s%s%s%s", value,
                              whose != NULL ? " (" : "", whose != NULL ? whose : "",
                              whose != NULL ? "'s)" : "");
    cure_shell(patient, finding);
}

/* A login without an agent has nothing to register. Within tmux the variables are another login's. */
static void check_forwarding(struct findings *findings)
{
    if (!login_is_remote() || getenv("TMUX") != NULL)
        return;
    finding_cure(finding_add(findings, GRAVITY_HINDERS, "no-agent",
                             "this login brings no agent; where it comes from, log in with"),
                 "ssh -A");
}

void check_environment(const struct patient *patient, struct findings *findings)
{
    const char *value = env_of("SSH_AUTH_SOCK");

    if (value[0] == '\0' && env_of("RELAYD_UPSTREAM")[0] == '\0')
        check_forwarding(findings);
    if (!patient_is_relay(patient, value))
        check_shell(patient, value, findings);
}
