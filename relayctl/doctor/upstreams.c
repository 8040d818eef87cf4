/* SPDX-License-Identifier: MIT */
/* The logins that relayd has, as it tells of them. Nobody is asked anew: a question may cost the
 * person at the laptop a prompt. */
#include "config.h"

#include "relayctl/doctor/checks.h"

#include "relayctl/account/rc.h"

#include <string.h>

#define NEVER_S 10 /* so long relayd waits for a new login's first answer */

/* "#2 (laptop)", or its host, or its socket. */
static const char *login_name(const struct proto_msg *login, char *out, size_t size)
{
    const char *who = status_text(login, "label");

    if (who[0] == '\0')
        who = status_text(login, "host");
    if (who[0] == '\0')
        who = status_text(login, "path");
    snprintf(out, size, "#%s (%s)", status_text(login, "id"), who);
    return out;
}

static bool has_answered_never(const struct proto_msg *login)
{
    return strcmp(status_text(login, "state"), "untried") == 0 &&
           strcmp(status_text(login, "reason"), "not heard from yet") == 0 &&
           proto_get_u64(login, "age_s", 0) >= NEVER_S;
}

static bool has_no_keys(const struct proto_msg *login)
{
    return proto_get(login, "keys") != NULL && proto_get_u64(login, "keys", 1) == 0;
}

static bool has_working_login(const struct status *status)
{
    for (size_t i = 0; i < status->n; i++) {
        if (!status_is_silent(&status->upstreams[i]) && !has_answered_never(&status->upstreams[i]))
            return true;
    }
    return false;
}

static void check_one(const struct patient *patient, const struct proto_msg *login,
                      struct findings *findings)
{
    enum gravity gravity = has_working_login(&patient->status) ? GRAVITY_HINDERS : GRAVITY_STOPS;
    const char *id = status_text(login, "id");
    char name[200];

    login_name(login, name, sizeof(name));
    if (status_is_silent(login))
        finding_cure(finding_add(findings, gravity, "silent-login",
                                 "login %s does not answer: %s. It serves again when it answers; to forget it", name, status_text(login, "reason")),
                     "%s unregister %s", patient->relayctl, id);
    else if (has_answered_never(login))
        finding_cure(finding_add(findings, gravity, "silent-login",
                                 "login %s has never answered since it came", name),
                     "%s unregister %s", patient->relayctl, id);
    else if (has_no_keys(login))
        finding_cure(finding_add(findings, GRAVITY_HINDERS, "no-keys",
                                 "login %s brings an agent without keys; there, add one", name),
                     "ssh-add");
}

/* What rc does of itself nobody is told to type. */
static void find_nobody(const struct patient *patient, struct findings *findings)
{
    if (patient->has_account && rc_registers(&patient->cmd->paths, patient->account.home))
        finding_cure(finding_add(findings, GRAVITY_STOPS, "no-login",
                                 "no login is registered; where you come from, log in with"),
                     "ssh -A");
    else
        finding_cure(finding_add(findings, GRAVITY_STOPS, "no-login",
                                 "no login is registered: log in with ssh -A, and there"),
                     "%s register", patient->relayctl);
}

void check_upstreams(const struct patient *patient, struct findings *findings)
{
    if (patient->reached < 0)
        return;
    if (patient->status.n == 0)
        find_nobody(patient, findings);
    for (size_t i = 0; i < patient->status.n; i++)
        check_one(patient, &patient->status.upstreams[i], findings);
}
