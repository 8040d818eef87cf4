/* SPDX-License-Identifier: MIT */
/* sshd's configuration for this account. The first value of a keyword counts, and one in a Match block
 * that applies before one outside. */
#include "config.h"

#include "relayctl/doctor/server.h"

#include "relayctl/account/text_file.h"
#include "relayctl/login.h"
#include "relayd/base/util.h"

#include <fnmatch.h>
#include <glob.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SSHD "/usr/sbin/sshd"
#define CONFIG "/etc/ssh/sshd_config"
#define SSHD_MS 1000
#define DEPTH_MAX 4 /* of files that include others */
#define GROUPS_MAX 256

static const char *const words[SERVER_WORDS] = {
    [SERVER_PERMIT_USER_RC] = "permituserrc",
    [SERVER_ALLOW_AGENT_FORWARDING] = "allowagentforwarding",
    [SERVER_DISABLE_FORWARDING] = "disableforwarding",
    [SERVER_FORCE_COMMAND] = "forcecommand",
    [SERVER_AGENT_SOCKET_PATH] = "agentsocketpath",
};

struct reading {
    const struct patient *patient;
    struct server global, matched;
};

enum matching { MATCH_NONE, MATCH_YES, MATCH_NO };

static void keep(struct server *server, const char *word, const char *value)
{
    for (size_t i = 0; i < SERVER_WORDS; i++) {
        if (strcasecmp(word, words[i]) == 0 && server->value[i][0] == '\0')
            snprintf(server->value[i], sizeof(server->value[i]), "%s", value);
    }
}

/* Splits a line into its keyword and the rest; false for a comment and an empty line. */
static bool split(char *line, char **word, char **rest)
{
    char *end;

    *word = line + strspn(line, " \t");
    if (**word == '\0' || **word == '#')
        return false;
    end = *word + strcspn(*word, " \t=");
    *rest = end + strspn(end, " \t=");
    *end = '\0';
    end = *rest + strlen(*rest);
    while (end > *rest && strchr(" \t\r", end[-1]) != NULL)
        *--end = '\0';
    return true;
}

/* Whether name matches a list of patterns with commas between; one behind '!' excludes it. */
static bool is_in_list(const char *list, const char *name)
{
    char pattern[256];
    bool is = false;

    while (*list != '\0') {
        size_t n = strcspn(list, ",");
        bool is_not = *list == '!';

        snprintf(pattern, sizeof(pattern), "%.*s", (int)n - is_not, list + is_not);
        if (fnmatch(pattern, name, 0) == 0) {
            if (is_not)
                return false;
            is = true;
        }
        list += n + (list[n] == ',');
    }
    return is;
}

static bool has_group_in(const struct account *account, const char *list)
{
    gid_t groups[GROUPS_MAX];
    struct passwd *entry = getpwnam(account->name);
    int n = GROUPS_MAX;

    if (entry == NULL || getgrouplist(account->name, entry->pw_gid, groups, &n) < 0)
        return false;
    for (int i = 0; i < n; i++) {
        struct group *group = getgrgid(groups[i]);

        if (group != NULL && is_in_list(list, group->gr_name))
            return true;
    }
    return false;
}

/* Whether a Match line applies. One that asks for more than is known here does not. */
static enum matching match(const struct account *account, char *criteria)
{
    char *rest, *name = strtok_r(criteria, " \t=", &rest);

    for (; name != NULL; name = strtok_r(NULL, " \t=", &rest)) {
        const char *list = strcasecmp(name, "all") == 0 ? "" : strtok_r(NULL, " \t=", &rest);

        if (strcasecmp(name, "all") == 0)
            continue;
        if (list != NULL && strcasecmp(name, "user") == 0 && is_in_list(list, account->name))
            continue;
        if (list != NULL && strcasecmp(name, "group") == 0 && has_group_in(account, list))
            continue;
        return MATCH_NO;
    }
    return MATCH_YES;
}

static void read_config(struct reading *reading, const char *path, enum matching matching, int depth);

/* NOLINTNEXTLINE(misc-no-recursion): to a depth of DEPTH_MAX. */
static void include(struct reading *reading, char *patterns, enum matching matching, int depth)
{
    char *rest, *pattern = strtok_r(patterns, " \t\"", &rest), path[PATH_MAX];

    for (; pattern != NULL && depth < DEPTH_MAX; pattern = strtok_r(NULL, " \t\"", &rest)) {
        glob_t found = {0};

        snprintf(path, sizeof(path), "%s%s", pattern[0] == '/' ? "" : "/etc/ssh/", pattern);
        if (glob(path, 0, NULL, &found) == 0) {
            for (size_t i = 0; i < found.gl_pathc; i++)
                read_config(reading, found.gl_pathv[i], matching, depth + 1);
        }
        globfree(&found);
    }
}

/* NOLINTNEXTLINE(misc-no-recursion): as above. */
static void read_config(struct reading *reading, const char *path, enum matching matching, int depth)
{
    struct text_file file = text_file_read(path);
    char *rest, *line = file.text != NULL ? strtok_r(file.text, "\n", &rest) : NULL;
    char *word, *value;

    for (; line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        if (!split(line, &word, &value))
            continue;
        if (strcasecmp(word, "match") == 0)
            matching = match(&reading->patient->account, value);
        else if (strcasecmp(word, "include") == 0)
            include(reading, value, matching, depth);
        else if (matching != MATCH_NO)
            keep(matching == MATCH_YES ? &reading->matched : &reading->global, word, value);
    }
    free(file.text);
}

/* What sshd -T and sshd -G are told of the login: "user=pat,addr=192.0.2.1,host=192.0.2.1". */
static void format_login(const struct patient *patient, char *out, size_t size)
{
    const char *connection = getenv("SSH_CONNECTION");
    char address[64] = "127.0.0.1";

    if (connection != NULL && login_is_remote())
        snprintf(address, sizeof(address), "%.*s", (int)strcspn(connection, " "), connection);
    snprintf(out, size, "user=%s,addr=%s,host=%s", patient->account.name, address, address);
}

static bool ask_sshd(struct server *server, const struct patient *patient, const char *how)
{
    char login[256];
    const char *const argv[] = {SSHD, how, "-C", login, NULL};
    struct run_output output;
    char *rest, *line, *word, *value;
    bool is;

    format_login(patient, login, sizeof(login));
    is = patient_run(patient, argv, &output, SSHD_MS) == 0;
    line = is ? strtok_r(output.text, "\n", &rest) : NULL;
    for (; line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        if (split(line, &word, &value))
            keep(server, word, value);
    }
    run_output_fini(&output);
    return is;
}

void server_read(struct server *server, const struct patient *patient)
{
    struct reading reading = {.patient = patient};

    memset(server, 0, sizeof(*server));
    if (ask_sshd(server, patient, "-G") || ask_sshd(server, patient, "-T"))
        return;
    read_config(&reading, CONFIG, MATCH_NONE, 0);
    *server = reading.matched;
    for (size_t i = 0; i < SERVER_WORDS; i++)
        keep(server, words[i], reading.global.value[i]);
}

bool server_says(const struct server *server, enum server_word word, const char *value)
{
    return strcasecmp(server->value[word], value) == 0;
}

int server_version(const struct patient *patient)
{
    static const char *const argv[] = {SSHD, "-V", NULL};
    int left = client_left(patient->deadline), major = 0, minor = 0;
    struct run_output output;
    const char *at;

    run_program(argv, NULL, 0, RUN_BOTH, &output, left < SSHD_MS ? left : SSHD_MS);
    at = output.text != NULL ? strstr(output.text, "OpenSSH_") : NULL;
    if (at != NULL)
        sscanf(at, "OpenSSH_%3d.%2d", &major, &minor);
    run_output_fini(&output);
    return major * 100 + minor;
}
