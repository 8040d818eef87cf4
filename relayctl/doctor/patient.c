/* SPDX-License-Identifier: MIT */
/* What is known before the first check. Each piece may be missing: there are hosts without a relayd,
 * and accounts without a home. */
#include "config.h"

#include "relayctl/doctor/patient.h"

#include "relayctl/login.h"
#include "relayd/base/util.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_MS 1000 /* for relayd to answer */

static int keep_record(struct proto_msg *record, void *status)
{
    int r = status_add(status, record);

    if (r < 0)
        proto_msg_fini(record);
    return r;
}

/* Asks relayd for its status. Says nothing: a check does. */
static int ask(struct patient *patient)
{
    struct client client = CLIENT_INIT;
    struct call call;
    int r;

    call_init(&call, "status", client_now() + ANSWER_MS);
    call.on_record = keep_record;
    call.on_record_arg = &patient->status;
    r = client_send(&client, &patient->cmd->paths, &call);
    if (r == 0)
        r = client_receive(&client, &call, NULL);
    client_fini(&client);
    return r;
}

/* What mends a relay that was named is said to that one. */
static void add_option(struct patient *patient)
{
    size_t n = strlen(patient->relayctl);

    patient_option(patient, patient->relayctl + n, sizeof(patient->relayctl) - n);
}

void patient_find(struct patient *patient, const struct command *cmd, int64_t deadline)
{
    memset(patient, 0, sizeof(*patient));
    patient->cmd = cmd;
    patient->deadline = deadline;
    patient->has_account = account_find(&patient->account, false, &patient->no_account) == 0;
    strcpy(patient->relayctl, RELAYCTL_NAME);
    if (!patient_has_in_path(RELAYCTL_NAME) && patient->account.program != NULL)
        patient_quote(patient, patient->account.program, patient->relayctl,
                      sizeof(patient->relayctl));
    add_option(patient);
    patient->reached = ask(patient);
}

void patient_fini(struct patient *patient)
{
    account_fini(&patient->account);
    status_fini(&patient->status);
}

int patient_run(const struct patient *patient, const char *const argv[], struct run_output *output,
                int bound_ms)
{
    int left = client_left(patient->deadline);

    return run_program(argv, NULL, 0, RUN_STDOUT, output, left < bound_ms ? left : bound_ms);
}

int patient_run_line(const struct patient *patient, const char *const argv[], char *line,
                     size_t size, int bound_ms)
{
    struct run_output output;
    int status = patient_run(patient, argv, &output, bound_ms);

    snprintf(line, size, "%s", output.text != NULL ? output.text : "");
    line[strcspn(line, "\n")] = '\0';
    run_output_fini(&output);
    return status;
}

static bool is_plain(const char *s)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@%,";

    return s[0] != '\0' && s[strspn(s, plain)] == '\0';
}

/* Puts s between single quotes; a quote in it goes outside of them. */
static void put_quoted(const char *s, char *out, size_t size)
{
    size_t n = 0;

    out[n++] = '\'';
    for (; *s != '\0' && n + 6 < size; s++) {
        if (*s == '\'')
            n += (size_t)sprintf(out + n, "'\\''");
        else
            out[n++] = *s;
    }
    strcpy(out + n, "'");
}

const char *patient_quote(const struct patient *patient, const char *path, char *out, size_t size)
{
    const char *home = patient->account.home;
    size_t n = home != NULL ? strlen(home) : 0;

    if (n > 0 && strncmp(path, home, n) == 0 && path[n] == '/' && is_plain(path + n))
        snprintf(out, size, "~%s", path + n);
    else if (is_plain(path))
        snprintf(out, size, "%s", path);
    else
        put_quoted(path, out, size);
    return out;
}

const char *patient_option(const struct patient *patient, char *out, size_t size)
{
    const struct paths *paths = &patient->cmd->paths;
    char dir[PATIENT_QUOTED_MAX];

    out[0] = '\0';
    if (paths->name[0] != '\0')
        snprintf(out, size, " --name %s", paths->name);
    else if (paths->is_dir_chosen)
        snprintf(out, size, " --dir %s", patient_quote(patient, paths->dir, dir, sizeof(dir)));
    return out;
}

bool patient_has_in_path(const char *name)
{
    const char *dir = getenv("PATH");
    char path[PATHS_MAX + 256];

    while (dir != NULL && *dir != '\0') {
        size_t n = strcspn(dir, ":");

        snprintf(path, sizeof(path), "%.*s/%s", (int)n, dir, name);
        if (n > 0 && n < PATHS_MAX && access(path, X_OK) == 0)
            return true;
        dir += n + (dir[n] == ':');
    }
    return false;
}

bool patient_is_relay(const struct patient *patient, const char *value)
{
    return value[0] == '/' && login_is_same(value, patient->cmd->paths.agent);
}
