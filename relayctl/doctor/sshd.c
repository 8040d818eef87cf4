/* SPDX-License-Identifier: MIT */
/* The host's side of a login: whether sshd forwards an agent, makes its socket, and runs ~/.ssh/rc. */
#include "config.h"

#include "relayctl/doctor/checks.h"

#include "relayctl/doctor/server.h"
#include "relayctl/doctor/shells.h"
#include "relayctl/doctor/sockets.h"
#include "relayctl/login.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONFIG "/etc/ssh/sshd_config"
#define CONFIG_MORE "/etc/ssh/sshd_config.d/*.conf"
#define ANCESTORS_MAX 16
#define JOURNAL_MS 1000
#define LOG_TAIL (256 * 1024)

static bool has_more_config(void)
{
    glob_t found = {0};
    bool has = glob(CONFIG_MORE, 0, NULL, &found) == 0;

    globfree(&found);
    return has;
}

static void check_forwarding(const struct server *server, struct findings *findings)
{
    const char *word = NULL;

    if (server_says(server, SERVER_ALLOW_AGENT_FORWARDING, "no"))
        word = "AllowAgentForwarding";
    else if (server_says(server, SERVER_DISABLE_FORWARDING, "yes"))
        word = "DisableForwarding";
    if (word == NULL)
        return;
    finding_cure(finding_add(findings, GRAVITY_STOPS, "sshd-no-forwarding",
                             "sshd forwards no agent to this host: %s in its configuration; once that "
                             "is out, sshd must read it again", word),
                 "sudo sed -i 's/^\\s*%s/# &/I' " CONFIG "%s", word,
                 has_more_config() ? " " CONFIG_MORE : "");
}

/* Adds a finding unless the shell registers the login by itself, at each start. */
static void find_no_rc(const struct patient *patient, struct findings *findings, const char *why)
{
    struct shell_files files;
    enum gravity gravity;
    bool registers;

    shell_files_read(&files, patient);
    registers = shell_files_register_always(&files);
    gravity = shell_files_use_relay(&files) ? GRAVITY_HINDERS : GRAVITY_STOPS;
    shell_files_fini(&files);
    if (registers)
        return;
    shell_files_cure_always(patient, finding_add(findings, gravity, "no-rc",
                                                 "~/.ssh/rc is not run at your logins: %s", why));
}

/* The processes that this one descends from, as far as they are a login's server. */
struct ancestors {
    long pid[ANCESTORS_MAX]; /* of sshd's processes */
    size_t n;
    char other[32]; /* the name of one that knows no rc; "": none */
};

static bool read_parent(long pid, long *parent, char *name, size_t size)
{
    char path[64], text[512] = "", *open, *close;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
    file = fopen(path, "re");
    if (file == NULL)
        return false;
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    open = strchr(text, '(');
    close = strrchr(text, ')');
    if (open == NULL || close == NULL || sscanf(close + 1, " %*c %ld", parent) != 1)
        return false;
    *close = '\0';
    snprintf(name, size, "%s", open + 1);
    return true;
}

static void find_ancestors(struct ancestors *ancestors)
{
    static const char *const others[] = {"dropbear", "tailscaled", "teleport"};
    long pid = getppid(), parent;
    char name[32];

    memset(ancestors, 0, sizeof(*ancestors));
    for (int i = 0; i < 64 && pid > 1 && read_parent(pid, &parent, name, sizeof(name)); i++) {
        if (strncmp(name, "sshd", 4) == 0 && ancestors->n < ANCESTORS_MAX)
            ancestors->pid[ancestors->n++] = pid;
        for (size_t j = 0; j < sizeof(others) / sizeof(others[0]); j++) {
            if (strcmp(name, others[j]) == 0)
                strcpy(ancestors->other, name);
        }
        pid = parent;
    }
}

static void check_running_rc(const struct patient *patient, const struct server *server,
                             struct findings *findings)
{
    struct ancestors ancestors;
    char why[400];

    find_ancestors(&ancestors);
    if (ancestors.other[0] != '\0')
        snprintf(why, sizeof(why), "this one came through %s, which does not know it", ancestors.other);
    else if (server_says(server, SERVER_PERMIT_USER_RC, "no"))
        snprintf(why, sizeof(why), "sshd's configuration says PermitUserRC no");
    else if (server->value[SERVER_FORCE_COMMAND][0] != '\0' &&
             !server_says(server, SERVER_FORCE_COMMAND, "none"))
        snprintf(why, sizeof(why), "sshd's configuration says ForceCommand %s",
                 server->value[SERVER_FORCE_COMMAND]);
    else
        return;
    find_no_rc(patient, findings, why);
}

/* Whether sshd says in this line that it made no socket. */
static bool is_refusal(const char *line)
{
    static const char *const signs[] = {"mkdir_path", "mkdtemp", "unix_listener", "agent socket",
                                        "agent listener", "avc:  denied"};

    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        if (strstr(line, signs[i]) != NULL)
            return true;
    }
    return false;
}

/* The last refusal in text, of a line that has one of the marks (NULL: of any); NULL: none. */
static const char *last_refusal(char *text, const struct ancestors *marks)
{
    const char *found = NULL;
    char *rest, *line = text != NULL ? strtok_r(text, "\n", &rest) : NULL;
    char mark[32];

    for (; line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        bool is_ours = marks == NULL;

        for (size_t i = 0; marks != NULL && i < marks->n; i++) {
            snprintf(mark, sizeof(mark), "[%ld]: ", marks->pid[i]);
            is_ours = is_ours || strstr(line, mark) != NULL;
        }
        if (is_ours && is_refusal(line))
            found = marks == NULL ? line : strstr(line, "]: ") + 3;
    }
    return found;
}

static void find_refusal(const char *words, struct findings *findings)
{
    struct finding *finding = finding_add(findings, GRAVITY_STOPS, "sshd-refused",
                                          "sshd could not make the agent socket of this login, as its "
                                          "log tells: %s", words);

    if (access("/sys/fs/selinux/enforce", F_OK) == 0)
        finding_cure(finding, "restorecon -RFv ~/.ssh");
    else
        finding_cure(finding, "chmod u+rwx ~ ~/.ssh");
}

static bool look_in_journal(const struct patient *patient, const struct ancestors *ancestors,
                            struct findings *findings)
{
    const char *argv[8 + ANCESTORS_MAX] = {"journalctl", "-q", "-b", "-o", "cat", "-n", "200"};
    char match[ANCESTORS_MAX][32];
    struct run_output output;
    const char *words;

    for (size_t i = 0; i < ancestors->n; i++) {
        snprintf(match[i], sizeof(match[i]), "_PID=%ld", ancestors->pid[i]);
        argv[7 + i] = match[i];
    }
    argv[7 + ancestors->n] = NULL;
    patient_run(patient, argv, &output, JOURNAL_MS);
    words = last_refusal(output.text, NULL);
    if (words != NULL)
        find_refusal(words, findings);
    run_output_fini(&output);
    return words != NULL;
}

static void look_in_log(const char *path, const struct ancestors *ancestors,
                        struct findings *findings)
{
    FILE *file = fopen(path, "re");
    char *text = malloc(LOG_TAIL + 1);
    const char *words = NULL;

    if (file != NULL && text != NULL) {
        fseek(file, -LOG_TAIL, SEEK_END); /* a shorter one is read from its start */
        text[fread(text, 1, LOG_TAIL, file)] = '\0';
        words = last_refusal(text, ancestors);
    }
    if (words != NULL)
        find_refusal(words, findings);
    free(text);
    if (file != NULL)
        fclose(file);
}

/* Only of this very login, by the pids of its sshd: what others met is not ours to mend. */
static void check_log(const struct patient *patient, struct findings *findings)
{
    const char *value = getenv("SSH_AUTH_SOCK");
    struct ancestors ancestors;

    if (!login_is_remote() || (value != NULL && value[0] != '\0'))
        return;
    find_ancestors(&ancestors);
    if (ancestors.n == 0 || look_in_journal(patient, &ancestors, findings))
        return;
    look_in_log("/var/log/auth.log", &ancestors, findings);
    look_in_log("/var/log/secure", &ancestors, findings);
}

void check_sshd(const struct patient *patient, struct findings *findings)
{
    struct server server;

    if (!patient->has_account)
        return;
    server_read(&server, patient);
    check_forwarding(&server, findings);
    sockets_check(patient, &server, findings);
    check_running_rc(patient, &server, findings);
    check_log(patient, findings);
}
