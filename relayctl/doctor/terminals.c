/* SPDX-License-Identifier: MIT */
/* tmux, screen and mosh. tmux gives new panes what its sessions have, and copies that from whoever
 * attaches. screen and mosh give them what they were started with, which a shell's line puts right;
 * so that matters only where the shell has none. What a shell that runs has now nobody can see. */
#include "config.h"

#include "relayctl/doctor/checks.h"

#include "relayctl/doctor/shells.h"
#include "relayctl/process.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define TMUX_MS 500
#define SERVERS_MAX 8
#define SESSIONS_MAX 32 /* of one server */
#define VARIABLE "SSH_AUTH_SOCK="

struct server {
    const char *socket;
    char option[PATIENT_QUOTED_MAX + 8]; /* "-L default" */
    char shown[PATIENT_QUOTED_MAX]; /* "the tmux server default" */
};

/* The value in one line of `tmux show-environment`; NULL: the session has no say. "" : hidden. */
static const char *value_in(const char *line)
{
    if (strncmp(line, VARIABLE, strlen(VARIABLE)) == 0)
        return line + strlen(VARIABLE);
    return strcmp(line, "-SSH_AUTH_SOCK") == 0 ? "" : NULL;
}

static void check_global(const struct patient *patient, const struct server *server,
                         struct findings *findings)
{
    const char *const argv[] = {"tmux", "-S", server->socket, "show-environment", "-g",
                                "SSH_AUTH_SOCK", NULL};
    char line[PATH_MAX];
    const char *value;

    if (patient_run_line(patient, argv, line, sizeof(line), TMUX_MS) == RUN_TOO_LONG)
        return;
    value = value_in(line);
    if (value != NULL && patient_is_relay(patient, value))
        return;
    finding_cure(finding_add(findings, GRAVITY_HINDERS, "tmux",
                             "%s gives new panes %s%s, not relayd's socket", server->shown,
                             value != NULL && value[0] != '\0' ? "SSH_AUTH_SOCK=" : "no SSH_AUTH_SOCK",
                             value != NULL ? value : ""),
                 "tmux %s set-environment -g SSH_AUTH_SOCK \"$(%s path)\"", server->option,
                 patient->relayctl);
}

static void check_session(const struct patient *patient, const struct server *server,
                          const char *session, const char *name, struct findings *findings)
{
    const char *const argv[] = {"tmux", "-S", server->socket, "show-environment", "-t", session,
                                "SSH_AUTH_SOCK", NULL};
    char line[PATH_MAX];
    const char *value;

    if (patient_run_line(patient, argv, line, sizeof(line), TMUX_MS) == RUN_TOO_LONG)
        return;
    value = value_in(line);
    if (value == NULL || patient_is_relay(patient, value))
        return;
    finding_cure(finding_add(findings, GRAVITY_HINDERS, "tmux-session",
                             "session %s of %s gives new panes %s%s, not relayd's socket", name,
                             server->shown, value[0] != '\0' ? VARIABLE : "no SSH_AUTH_SOCK", value),
                 "tmux %s set-environment -t '%s' -u SSH_AUTH_SOCK", server->option, session);
}

/* Ids are "$3"; a name may hold anything. */
static void check_sessions(const struct patient *patient, const struct server *server,
                           struct findings *findings)
{
    const char *const argv[] = {"tmux", "-S", server->socket, "list-sessions", "-F",
                                "#{session_id} #{session_name}", NULL};
    struct run_output output;
    char *rest, *line;
    int n = 0;

    if (patient_run(patient, argv, &output, TMUX_MS) == 0) {
        for (line = strtok_r(output.text, "\n", &rest); line != NULL && n < SESSIONS_MAX; n++) {
            char *name = strchr(line, ' ');

            if (name != NULL && line[0] == '$') {
                *name++ = '\0';
                check_session(patient, server, line, name, findings);
            }
            line = strtok_r(NULL, "\n", &rest);
        }
    }
    run_output_fini(&output);
}

/* The place of the variable among what is copied differs by version: it is read. */
static void check_copying(const struct patient *patient, const struct server *server,
                          struct findings *findings)
{
    const char *const argv[] = {"tmux", "-S", server->socket, "show-options", "-g",
                                "update-environment", NULL};
    struct run_output output;
    char *rest, *line;

    if (patient_run(patient, argv, &output, TMUX_MS) == 0) {
        for (line = strtok_r(output.text, "\n", &rest); line != NULL;
             line = strtok_r(NULL, "\n", &rest)) {
            int index, end = 0;

            if (sscanf(line, "update-environment[%d] SSH_AUTH_SOCK%n", &index, &end) == 1 &&
                end > 0 && line[end] == '\0')
                finding_cure(finding_add(findings, GRAVITY_RISKS, "tmux-copies",
                                         "%s copies SSH_AUTH_SOCK from whoever attaches into the "
                                         "session", server->shown),
                             "tmux %s set-option -gu 'update-environment[%d]'; %s setup",
                             server->option, index, patient->relayctl);
        }
    }
    run_output_fini(&output);
}

/* is_usual: tmux -L finds it by its name alone. */
static void check_server(const struct patient *patient, const char *socket, bool is_usual,
                         struct findings *findings)
{
    const char *const argv[] = {"tmux", "-S", socket, "list-sessions", NULL};
    struct server server = {.socket = socket};
    const char *slash = strrchr(socket, '/');
    char quoted[PATIENT_QUOTED_MAX];
    int status = patient_run(patient, argv, NULL, TMUX_MS);

    snprintf(server.shown, sizeof(server.shown), "the tmux server %s",
             slash != NULL ? slash + 1 : socket);
    patient_quote(patient, is_usual ? slash + 1 : socket, quoted, sizeof(quoted));
    snprintf(server.option, sizeof(server.option), "%s %s", is_usual ? "-L" : "-S", quoted);
    if (status == RUN_TOO_LONG)
        finding_cure(finding_add(findings, GRAVITY_RISKS, "tmux-hangs", "%s does not answer",
                                 server.shown),
                     "tmux %s list-sessions", server.option);
    if (status != 0)
        return;
    check_copying(patient, &server, findings);
    check_global(patient, &server, findings);
    check_sessions(patient, &server, findings);
}

/* The server of this pane may be elsewhere: TMUX is "SOCKET,PID,SESSION". */
static void check_own_server(const struct patient *patient, const char *dir,
                             struct findings *findings)
{
    const char *value = getenv("TMUX");
    char socket[PATH_MAX];
    size_t n = strlen(dir);

    if (value == NULL || value[0] != '/')
        return;
    snprintf(socket, sizeof(socket), "%.*s", (int)strcspn(value, ","), value);
    if (strncmp(socket, dir, n) != 0 || socket[n] != '/')
        check_server(patient, socket, false, findings);
}

void check_tmux(const struct patient *patient, struct findings *findings)
{
    const char *base = getenv("TMUX_TMPDIR");
    char dir[PATH_MAX], socket[PATH_MAX + 256];
    struct dirent *entry;
    struct stat st;
    DIR *entries;
    int n = 0;

    if (!account_has_program("tmux"))
        return;
    snprintf(dir, sizeof(dir), "%s/tmux-%lu", base != NULL && base[0] == '/' ? base : "/tmp",
             (unsigned long)patient->account.uid);
    check_own_server(patient, dir, findings);
    entries = lstat(dir, &st) == 0 && st.st_uid == patient->account.uid ? opendir(dir) : NULL;
    while (entries != NULL && n < SERVERS_MAX && (entry = readdir(entries)) != NULL) {
        snprintf(socket, sizeof(socket), "%s/%s", dir, entry->d_name);
        if (lstat(socket, &st) == 0 && S_ISSOCK(st.st_mode) && ++n > 0)
            check_server(patient, socket, true, findings);
    }
    if (entries != NULL)
        closedir(entries);
}

/* What screen and mosh hand on, a shell's line puts right. */
static void check_terminal(const struct patient *patient, const struct process *process,
                           const char *value, struct findings *findings)
{
    bool is_mosh = strcmp(process->name, "mosh-server") == 0;

    if (is_mosh || strcasecmp(process->name, "screen") == 0)
        shell_files_cure(patient, finding_add(findings, GRAVITY_HINDERS, is_mosh ? "mosh" : "screen",
                                              "%s (pid %d) gives its shells SSH_AUTH_SOCK=%s, and no file "
                                              "of the shell puts that right", process->name,
                                              (int)process->pid, value));
}

/* A server that ssh started as a command keeps what that login had. The editor starts another. */
static bool check_editor(const struct patient *patient, const struct process *process,
                         const char *value, struct findings *findings)
{
    if (strcmp(process->name, "node") != 0 || !process_has(process, "VSCODE_"))
        return false;
    finding_cure(finding_add(findings, GRAVITY_HINDERS, "vscode",
                             "VS Code's server (pid %d) has SSH_AUTH_SOCK=%s from when it was started",
                             (int)process->pid, value),
                 "%s setup --every-shell; kill %d", patient->relayctl, (int)process->pid);
    return true;
}

/* All that one editor started have the same: it is told once. */
static void check_all(const struct patient *patient, bool uses_relay,
                      const struct processes *processes, struct findings *findings)
{
    bool has_editor = false;

    for (size_t i = 0; i < processes->n; i++) {
        const struct process *process = &processes->list[i];
        const char *value = process_variable(process, "SSH_AUTH_SOCK");

        if (value == NULL || patient_is_relay(patient, value))
            continue;
        if (!uses_relay)
            check_terminal(patient, process, value, findings);
        if (!has_editor)
            has_editor = check_editor(patient, process, value, findings);
    }
}

void check_processes(const struct patient *patient, struct findings *findings)
{
    struct processes processes = {0};
    struct shell_files files;
    bool uses_relay;

    if (!patient->has_account)
        return;
    shell_files_read(&files, patient);
    uses_relay = shell_files_use_relay(&files);
    shell_files_fini(&files);
    processes_read(&processes);
    check_all(patient, uses_relay, &processes, findings);
    processes_fini(&processes);
}
