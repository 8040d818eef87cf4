/* SPDX-License-Identifier: MIT */
/* Where sshd makes its agent sockets. "user:DIR" is a directory of the user's, below the home unless it
 * is absolute, in which each login has a socket; in "shared:/DIR" each login has a directory. sshd makes
 * them as the user. Where it cannot, the login has no agent, and only sshd's log says why. */
#include "config.h"

#include "relayctl/doctor/sockets.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define IN_HOME 1001       /* OpenSSH 10.1: always below the home */
#define READS_PARENTS 1006 /* 10.6 opens each directory above its sockets */
#define USUAL "user:.ssh/agent"
#define NAME_MIN (sizeof("/s.0123456789.sshd.0123456789") - 1) /* 10.6 adds a number */

struct place {
    const char *words;   /* as AgentSocketPath has it */
    bool is_shared;
    char dir[PATH_MAX];
};

/* Appends, as far as there is room. */
static void append(char *out, const char *text)
{
    size_t n = strlen(out);

    snprintf(out + n, PATH_MAX - n, "%s", text);
}

/* The tokens of sshd_config(5), for this account. */
static void expand(const struct patient *patient, const char *words, char out[PATH_MAX])
{
    const struct account *account = &patient->account;
    char text[32];

    out[0] = '\0';
    if (strncmp(words, "~/", 2) == 0)
        words += 2;
    if (words[0] != '/' && strncmp(words, "%h", 2) != 0) {
        append(out, account->home);
        append(out, "/");
    }
    for (; *words != '\0'; words++) {
        bool is_token = words[0] == '%' && words[1] != '\0';

        words += is_token;
        snprintf(text, sizeof(text), "%c", *words);
        if (is_token && *words == 'U')
            snprintf(text, sizeof(text), "%lu", (unsigned long)account->uid);
        append(out, is_token && *words == 'h' ? account->home
                    : is_token && *words == 'u' ? account->name : text);
    }
}

/* Returns whether it is known. */
static bool find_place(const struct patient *patient, const struct server *server, int version,
                       struct place *place)
{
    const char *words = server->value[SERVER_AGENT_SOCKET_PATH];

    place->words = words[0] != '\0' ? words : USUAL;
    place->is_shared = strncmp(place->words, "shared:", 7) == 0;
    if (!place->is_shared && strncmp(place->words, "user:", 5) != 0)
        return false;
    expand(patient, strchr(place->words, ':') + 1, place->dir);
    return words[0] != '\0' || version >= IN_HOME;
}

/* Cuts path at its last component; false at the root. */
static bool go_up(char *path)
{
    char *slash = strrchr(path, '/');

    if (slash == NULL || path[1] == '\0')
        return false;
    slash[slash == path] = '\0';
    return true;
}

/* A directory above that may be passed, and not read. */
static void check_parents(const struct patient *patient, const struct place *place,
                          struct findings *findings)
{
    char path[PATH_MAX], quoted[PATIENT_QUOTED_MAX];

    snprintf(path, sizeof(path), "%s", place->dir);
    while (access(path, R_OK) == 0 || errno != EACCES) {
        if (!go_up(path))
            return;
    }
    finding_cure(finding_add(findings, GRAVITY_STOPS, "unreadable-parent",
                             "%s cannot be read by you: sshd makes no agent socket below it, where "
                             "its AgentSocketPath is %s", path, place->words),
                 "sudo chmod o+r %s", patient_quote(patient, path, quoted, sizeof(quoted)));
}

static void check_length(const struct place *place, struct findings *findings)
{
    if (strlen(place->dir) + NAME_MIN > SOCK_PATH_MAX)
        finding_add(findings, GRAVITY_STOPS, "agent-socket-path",
                    "sshd makes no agent socket for you: with AgentSocketPath %s its path would be over "
                    "%d bytes; shared:/tmp is short enough", place->words, SOCK_PATH_MAX);
}

static void check_shared(const struct patient *patient, const struct place *place,
                         struct findings *findings)
{
    char quoted[PATIENT_QUOTED_MAX];
    bool is_there = access(place->dir, F_OK) == 0 || errno != ENOENT;
    struct finding *finding;

    if (access(place->dir, W_OK | X_OK) == 0)
        return;
    finding = finding_add(findings, GRAVITY_STOPS, "agent-socket-path",
                          "sshd makes no agent socket for you: its AgentSocketPath is %s, %s",
                          place->words, is_there ? "where you may not write" : "which is not there");
    patient_quote(patient, place->dir, quoted, sizeof(quoted));
    if (is_there)
        finding_cure(finding, "sudo chmod 1777 %s", quoted);
    else
        finding_cure(finding, "sudo mkdir -m 1777 %s", quoted);
}

/* relayd itself refuses the usual one. */
static void check_relay(const struct patient *patient, const struct place *place,
                        struct findings *findings)
{
    if (strcmp(patient->cmd->paths.dir, place->dir) != 0)
        return;
    finding_add(findings, GRAVITY_RISKS, "agent-socket-path",
                "%s is where sshd makes its own sockets (AgentSocketPath %s), and where those that are "
                "busy may be cleared away: give relayd another directory", place->dir, place->words);
}

void sockets_check(const struct patient *patient, const struct server *server,
                   struct findings *findings)
{
    int version = server_version(patient);
    struct place place;

    if (!find_place(patient, server, version, &place))
        return;
    if (place.is_shared) {
        check_shared(patient, &place, findings);
        return;
    }
    check_length(&place, findings);
    if (version >= READS_PARENTS)
        check_parents(patient, &place, findings);
    check_relay(patient, &place, findings);
}
